"""What the pipeline function changes beside the tasks that it returns, where a task would see it.

An id covers parameters and code, not what a module holds in memory, nor the environment: a change
that a task would see is refused. Runs no task.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from labkart import project
from labkart.errors import LabkartError
from labkart.experiments import module_state
from labkart.experiments.module_state import Name
from labkart.fingerprint import fingerprint, imports
from labkart.language import translate
from labkart.tasks.task import Task

# Variables about hardware and threads, which are in no id anyway.
_HARDWARE = ("CUDA", "CUBLAS", "NVIDIA", "HIP_", "OMP_", "MKL_", "OPENBLAS_", "NUMEXPR_", "KMP_")
_HARDWARE += ("VECLIB_", "TF_CPP_", "TOKENIZERS_", "PYTORCH_", "JAX_PLATFORM", "XLA_")


@dataclass
class Effects:
    """What blocks of the student's code changed.

    Attributes:
        parts: the first changed part of each name of a module, as `["rate"]`.
        variables: the earlier values of the environment variables that they set or removed.
        reloads: how often code had been loaded again; then the changes are undone.
    """

    parts: dict[Name, str] = field(default_factory=dict)
    variables: dict[str, str | None] = field(default_factory=dict)
    reloads: int = field(default_factory=imports.reload_count)

    def check(self, tasks: Iterable[Task[Any]]) -> None:
        """Refuse what one of these tasks would see.

        Raises:
            LabkartError: says what is changed, and what to do.
        """
        entry = project.current().entry
        for kind, task in {type(task): task for task in tasks}.items():
            family = task.get_task_family()
            if changes := [*self._parts_in(kind), *self._variables_in(kind)]:
                raise LabkartError(
                    translate(
                        "{entry} changes {change}, which {task} uses, and no id covers it."
                        " Let it be a parameter: make({task}, ..., name=value).",
                        entry=entry,
                        change=changes[0],
                        task=family,
                    )
                )

    def _parts_in(self, task: type) -> Iterator[str]:
        """The changed parts that a task class reaches."""
        for name, part in self.parts.items():
            if _reaches(task, name):
                yield translate("{name} of {module}", name=f"{name.name}{part}", module=name.module)

    def _variables_in(self, task: type) -> Iterator[str]:
        """The changed variables that a task class names."""
        changed = {name for name, text in self.variables.items() if os.environ.get(name) != text}
        if changed:
            texts = {literal.text for literal in fingerprint.literals(task)}
            for name in sorted(changed & texts):
                yield translate("the variable {name}", name=name)


@contextmanager
def watched() -> Iterator[Effects]:
    """Note what the block changes in the project's modules and in the environment.

    A change by an earlier block of this process is still there, and counts.
    """
    if _seen.reloads != imports.reload_count():
        vars(_seen).update(vars(Effects()))
    environment, state = dict(os.environ), module_state.read()
    yield _seen
    _seen.parts |= module_state.differences(state, module_state.read())
    for name in {name for name, _ in environment.items() ^ os.environ.items()}:
        if not name.startswith(_HARDWARE):
            _seen.variables.setdefault(name, environment.get(name))


# The process has one set of modules and one environment, and so one list of changes.
_seen = Effects()


def _reaches(task: type, name: Name) -> bool:
    """Whether a task class uses a name of a module, by what its id is made of."""
    for file, parts in fingerprint.fingerprint_of(task).code.items():
        if name.file.endswith(f"/{file}"):
            names = {top.partition(".")[0] for part in parts for top in part.split(", ")}
            return name.name in names or "" in names
    return False
