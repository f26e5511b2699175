"""gokart's infrastructure parameters, as plain attributes of a task class.

Else luigi looks up twenty defaults for every instance. Identity by code, seeding, locking and
logging are ours.
"""

from typing import Any

import gokart

from labkart import project
from labkart.records import locks


def set_infrastructure(task: type[gokart.TaskOnKart[Any]]) -> None:
    """Set gokart's defaults on a class, and in place of some of them what Labkart needs."""
    for name, parameter in gokart.TaskOnKart.get_params():
        setattr(task, name, parameter.task_value("TaskOnKart", name))
    settings = {
        "workspace_directory": property(lambda _: str(project.current().outputs / "cache")),
        "local_temporary_directory": property(lambda _: str(locks.scratch())),
        "serialized_task_definition_check": True,
        "should_dump_supplementary_log_files": False,
        "complete_check_at_run": False,
        "priority": 0,
    }
    for name, value in settings.items():
        setattr(task, name, value)
