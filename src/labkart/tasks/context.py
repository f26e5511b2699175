"""What the tasks of this process belong to: the one place of the room whose state changes.

A student's code calls `make(...)` and `self.report(...)` without handing over a configuration or a
trial, and luigi forks workers that inherit whatever the process has. So a process has exactly
one context, and this module owns it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkart.tasks.config_source import ConfigSource
from labkart.tasks.monitor import Monitor

# Gets the number of a trial, a value that a task of it reports and its step, and says why to stop
# the task; else it is empty.
PruningReason = Callable[[Any, float, int], str]


@dataclass
class TaskContext:
    """What the tasks that are made or start now belong to, in this process or in one that it forks.

    Attributes:
        source: of the configuration that was composed or planned last.
        pruning_reason: decides for the trials of a search that prunes.
        trial: of such a search, the number of the one that runs.
        monitor: takes what tasks print; None if nobody does.
        channel: by which this process hands it over, or the one that forked it.
        allocation: what the task has of what is scarce on this machine, as its record says.
        check_needs: refuses tasks that ask for more than there is.
        call_ranks: lets the other processes of a cluster's job join a task, by its key.
        is_debugging: whether a person wants tasks here, and a debugger where one fails.
    """

    source: ConfigSource = field(default_factory=ConfigSource)
    pruning_reason: PruningReason | None = None
    trial: int | None = None
    monitor: Monitor | None = None
    channel: Any = None
    allocation: dict[str, Any] = field(default_factory=dict)
    check_needs: Callable[[Sequence[Any]], object] = len  # nobody knows what there is
    call_ranks: Callable[[str], object] = len  # there are none
    is_debugging: bool = False


context = TaskContext()
