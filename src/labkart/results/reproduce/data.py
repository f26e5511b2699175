"""The data that an experiment read: whether it still is as it was, and bringing it to a checkout. Changes no file."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labkart import digests, project
from labkart.records.record import ExperimentRecord


@dataclass(frozen=True)
class DataSource:
    """A file or a folder that tasks read.

    Attributes:
        path: from the project's root, or absolute.
        task: the first task that read it.
        needed: whether the run cannot have made it itself: it was declared, or is in `data/raw`.
        declared: whether a task declared it, so that no task has written to it.
    """

    path: str
    sha256: str
    task: str
    declared: bool

    @property
    def needed(self) -> bool:
        return self.declared or self.path.startswith("data/raw/")

    def wrong(self) -> str:
        """What is not as it was in the student's own folder; empty where all is well."""
        here = project.current().root / self.path
        try:
            if digests.content_digest(here) == self.sha256:
                return ""
            wrong = "changed"
        except OSError:
            wrong = "is gone"
        return f"{self.path} {wrong} since {self.task} read it (sha256 {self.sha256[:12]}). Put that version there."

    def bring(self, checkout: Path) -> None:
        """Let a checkout have it, if it does not from git."""
        here, there = project.current().root / self.path, checkout / self.path
        if self.is_in(checkout):
            return
        for name, file in digests.files(here):
            target = there / name if here.is_dir() else there
            if target.is_file() and digests.fresh_content_digest(
                target
            ) == digests.fresh_content_digest(file):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            if self.declared:
                target.symlink_to(file.resolve())
            else:  # the run may write to it
                shutil.copy2(file, target)

    def is_in(self, checkout: Path) -> bool:
        """Whether it is there as it was; what lies outside of the project always is where it is."""
        try:
            return (
                Path(self.path).is_absolute()
                or digests.fresh_content_digest(checkout / self.path) == self.sha256
            )
        except OSError:
            return False


def data_sources(record: ExperimentRecord) -> list[DataSource]:
    """All that its tasks read, each once, in the order of the pipeline."""
    found: dict[str, DataSource] = {}
    for each in _read(record):
        known = found.get(each.path)
        if known is None or (each.declared and not known.declared):
            found[each.path] = each
    return list(found.values())


def _read(record: ExperimentRecord) -> Iterator[DataSource]:
    for use in record.tasks:
        for each in use.result.get("data", {}).values():
            yield DataSource(each["path"], each["sha256"], use.label, True)
        for each in use.result.get("undeclared", ()):
            yield DataSource(each["path"], each["sha256"], use.label, False)
