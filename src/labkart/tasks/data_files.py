"""Parameters that declare what a task reads beside its upstream tasks: `DataFile` and `DataFolder`.

Knows the content of what is declared, not what a task really opens (see `file_access`).
"""

import os
from pathlib import Path

import luigi

from labkart import digests, opened_files, project
from labkart.errors import LabkartError
from labkart.language import local, translate
from labkart.tasks import lfs


class DataFile(luigi.Parameter[Path]):
    """A file that a task reads: `table: DataFile = DataFile()`, then `pd.read_csv(self.table)`.

    Its value is a path, in `conf/` relative to the project. The task's id covers the file's
    content: a new version of the file is computed again, and results of an earlier version are
    used again when that version comes back.

    Raises:
        LabkartError: when the pipeline is made, if the path is no file or cannot be read.
    """

    def normalize(self, x: str | os.PathLike[str]) -> Path:
        """The path from the project's root, wherever the process stands."""
        return project.current().root / x

    def parse(self, x: str) -> Path:
        """The path that a text of the configuration means."""
        return self.normalize(x)

    def serialize(self, x: Path) -> str:
        """The path as ids and records know it: relative where it lies in the project."""
        return project.current().short(Path(x))

    def digest(self, path: Path, owner: str) -> str:
        """The sha256 of the present content; `owner` names the parameter, as `Train.table`.

        Raises:
            LabkartError: the path is not what was declared, or cannot be read.
        """
        problem = self.problem(path)
        if problem:
            raise LabkartError(f"{owner}: {problem}")
        try:
            # A task that is made while another one runs is not read by that one.
            with opened_files.ignored():
                return digests.content_digest(path)
        except OSError as error:
            raise LabkartError(f"{owner}: {_describe_unreadable(path, error)}") from error

    def problem(self, path: Path) -> str:
        """Why the path is not what was declared, and what to do; empty if it is."""
        name = project.current().short(path)
        try:
            if self._fits(path):
                with opened_files.ignored():
                    return local(lfs.describe_pointer(path, name))
            if path.exists():
                return translate(
                    "{path} is not a {kind}. Set another path in conf/.",
                    path=name,
                    kind=self._kind(),
                )
        except OSError as error:
            return _describe_unreadable(path, error)
        return translate(
            "{path} does not exist. Put the {kind} there, or set another path in conf/.",
            path=name,
            kind=self._kind(),
        )

    def _kind(self) -> str:
        return translate("file")

    def _fits(self, path: Path) -> bool:
        return path.is_file()


class DataFolder(DataFile):
    """A folder that a task reads, with all files in it: `images: DataFolder = DataFolder()`.

    Everything in it counts, at any depth: contents and names, hidden files and empty folders too.

    Raises:
        LabkartError: when the pipeline is made, if the path is no folder or cannot be read.
    """

    def _kind(self) -> str:
        return translate("folder")

    def _fits(self, path: Path) -> bool:
        return path.is_dir()


def _describe_unreadable(path: Path, error: OSError) -> str:
    name = project.current().short(path)
    return translate(
        "{path} cannot be read: {reason}. Fix that, or set another path in conf/.",
        path=name,
        reason=error.strerror or error,
    )
