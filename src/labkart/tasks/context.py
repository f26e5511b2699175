"""What the tasks of this process belong to: the one place of the room whose state changes.

A student's code calls `make(...)` and `self.report(...)` without handing over a configuration or an
experiment, and luigi forks workers that inherit whatever the process has. So a process has exactly
one context, and this module owns it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from labkart.records.record import ExperimentRecord
from labkart.tasks.config_source import ConfigSource

# Gets a value that a task reports and its step, and says whether to stop the task.
ShouldPrune = Callable[[float, int], bool]


@dataclass
class TaskContext:
    """What the tasks that are made or start now belong to, in this process or in one that it forks.

    Attributes:
        source: of the configuration that was composed or planned last.
        experiment: the record of the experiment that the tasks run for.
        should_prune: decides for the trial of a search that prunes.
    """

    source: ConfigSource = field(default_factory=ConfigSource)
    experiment: ExperimentRecord | None = None
    should_prune: ShouldPrune | None = None


context = TaskContext()
