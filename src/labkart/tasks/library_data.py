"""Data of installed packages that a task reads, such as scikit-learn's `iris.csv`.

The version of the package is in the task's id already: this is for the record. A package reads many
files of its own, and what kind of file it is tells data from the rest. Knows no task.
"""

import re
from contextlib import suppress
from pathlib import Path, PurePosixPath

from labkart import digests

_PACKAGES = re.compile(r".*/(?:dist|site)-packages/")
# Files that hold data wherever they are, without the endings of compressed ones.
_TABLES = {
    *(".arff", ".csv", ".dta", ".feather", ".h5", ".hdf5", ".mat", ".npy", ".npz", ".parquet"),
    *(".rda", ".rdata", ".sav", ".tsv", ".xls", ".xlsx"),
}
# Others that do if they are in a folder of such a name.
_OTHERS = {".dat", ".data", ".gif", ".jpeg", ".jpg", ".json", ".pkl", ".png", ".tif", ".txt"}
_FOLDERS = {"data", "_data", "datasets", "sample_data", "sampledata"}
_COMPRESSED = {".bz2", ".gz", ".xz", ".zip", ".zst"}


class LibraryData:
    """The data of packages that a task's run reads."""

    def __init__(self) -> None:
        self._files: dict[str, Path] = {}

    def add(self, path: str) -> None:
        """Note that a file of a package is read."""
        match = _PACKAGES.match(path)
        name = path[match.end() :] if match else ""
        if name and _is_data(PurePosixPath(name)):
            self._files[name] = Path(path)

    def digests(self) -> dict[str, str]:
        """The sha256 of each file, by its path among the packages."""
        result = dict[str, str]()
        for name, path in sorted(self._files.items()):
            with suppress(OSError):
                result[name] = digests.file_state(path, path).sha256
        return result


def _is_data(name: PurePosixPath) -> bool:
    kind, is_compressed = name.suffix.lower(), False
    if kind in _COMPRESSED:
        kind, is_compressed = name.with_suffix("").suffix.lower(), True
    is_in_folder = bool(_FOLDERS & set(name.parts[:-1]))
    return kind in _TABLES or (is_in_folder and (kind in _OTHERS or is_compressed))
