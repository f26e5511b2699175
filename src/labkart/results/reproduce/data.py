"""The data that an experiment read: whether it is unchanged, and a copy of it for a checkout.

Changes no file of the student.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labkart import digests, project
from labkart.language import bilingual
from labkart.records.record import ExperimentRecord
from labkart.tasks import lfs


@dataclass(frozen=True)
class DataSource:
    """A file or a folder that tasks read.

    Attributes:
        path: from the project's root, or absolute.
        sha256: of its content then.
        task: the first task that read it.
        declared: whether a task declared it, so that no task has written to it.
    """

    path: str
    sha256: str
    task: str
    declared: bool

    @property
    def needed(self) -> bool:
        """Whether the run cannot have made it itself: it is declared, or in `data/raw`."""
        return self.declared or self.path.startswith("data/raw/")

    def problem(self) -> str:
        """How it changed in the student's own folder; empty if it did not."""
        facts = {"path": self.path, "task": self.task, "sha256": self.sha256[:12]}
        try:
            if digests.content_digest(project.current().root / self.path) == self.sha256:
                return ""
        except OSError:
            return bilingual(
                "{path} is gone since {task} read it (sha256 {sha256}). Put that version there.",
                **facts,
            )
        if pointer := lfs.describe_pointer(project.current().root / self.path, self.path):
            return pointer
        return bilingual(
            "{path} changed since {task} read it (sha256 {sha256}). Put that version there.",
            **facts,
        )

    def copy_to(self, checkout: Path) -> None:
        """Give a checkout the files that it does not have from git."""
        source, target = project.current().root / self.path, checkout / self.path
        if self.is_in(checkout):
            return
        for name, file in digests.files(source):
            copy = target / name if source.is_dir() else target
            if not _has_content_of(copy, file):
                self._copy(file, copy)
        for name in digests.empty_folders(source):  # git has none
            (target / name).mkdir(parents=True, exist_ok=True)

    def _copy(self, file: Path, copy: Path) -> None:
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.unlink(missing_ok=True)
        if self.declared:
            copy.symlink_to(file.resolve())
        else:  # the run may write to it
            shutil.copy2(file, copy)

    def is_in(self, checkout: Path) -> bool:
        """Whether a checkout has it unchanged; a file outside of the project is always there."""
        try:
            return (
                Path(self.path).is_absolute()
                or digests.fresh_content_digest(checkout / self.path) == self.sha256
            )
        except OSError:
            return False


def data_sources(record: ExperimentRecord) -> list[DataSource]:
    """All files and folders that the tasks read, once each, in the order of the pipeline."""
    sources: dict[str, DataSource] = {}
    for source in _read_sources(record):
        previous = sources.get(source.path)
        if previous is None or (source.declared and not previous.declared):
            sources[source.path] = source
    return list(sources.values())


def restore(record: ExperimentRecord, checkout: Path) -> list[str]:
    """Give the checkout the data, and new files that were too large for the diff.

    Returns:
        What is not as recorded, in words.
    """
    notes = []
    for source in data_sources(record):
        if source.is_in(checkout):
            continue
        problem = source.problem()
        if problem:  # perhaps the run makes it itself
            notes.append(problem)
        else:
            source.copy_to(checkout)
    for name in record.code.get("left_out") or ():
        file, copy = project.current().root / name, checkout / name
        if copy.exists():
            continue
        if file.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(file)
            notes.append(
                bilingual("{name} was too large for the record: taken as it is now", name=name)
            )
        else:
            notes.append(bilingual("{name} was too large for the record: it is gone", name=name))
    return notes


def _read_sources(record: ExperimentRecord) -> Iterator[DataSource]:
    for task in record.tasks:
        for state in task.result.get("data", {}).values():
            yield DataSource(state["path"], state["sha256"], task.label, True)
        for state in task.result.get("undeclared", ()):
            yield DataSource(state["path"], state["sha256"], task.label, False)


def _has_content_of(copy: Path, file: Path) -> bool:
    digest = digests.fresh_content_digest
    return copy.is_file() and digest(copy) == digest(file)
