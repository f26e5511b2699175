"""A task that reads a large file."""

from labkart import DataFile, Task


class Read(Task[int]):
    """The size of a file."""

    file: DataFile = DataFile()

    def run(self) -> None:
        self.dump(self.file.stat().st_size)
