"""Which files belong to an archive: the reports, and what is behind them in `outputs/` and `data/`.

Reads records and copies nothing. Paths in the archive are those in the project.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from labkart import digests, git, project
from labkart.files import read_text
from labkart.language import bilingual, mistake, translate
from labkart.records.portable_record import PortableRecord
from labkart.records.record import (
    ExperimentRecord,
    TaskRecord,
    describe_change,
    read_experiment,
    read_task,
)
from labkart.records.texts import text_file
from labkart.results.report import config, provenance
from labkart.results.report.provenance import Provenance
from labkart.results.reproduce.data import DataSource, data_sources

# A person may have written a secret into these, beside a record that masks it.
_UNMASKED = ("packages.txt", "uv.lock")
_ADDRESS = re.compile(r"https?://[^\s)>\"'|]+")


@dataclass(frozen=True)
class DataItem:
    """Data that tasks declared.

    Attributes:
        path: in the project, or absolute.
        sha256: of its content when tasks read it.
        bytes: its size; 0 if it is not on this machine.
        place: where it is: `repository`, `archive`, or else why it is not in the archive.
        address: where to get it, as `data/raw/README.md` says; empty if that names none.
    """

    path: str
    sha256: str
    bytes: int
    place: str
    address: str = ""

    @property
    def is_included(self) -> bool:
        """Whether who has the archive has it."""
        return self.place in ("repository", "archive")


@dataclass
class Contents:
    """What an archive consists of.

    Attributes:
        tables: the reports with their runs, by name.
        experiments: the runs behind them: the local records, or else what a table publishes.
        files: the files by their paths in the archive.
        data: the declared data.
        remarks: what the archive does not have, in sentences.
    """

    tables: dict[str, Provenance]
    experiments: dict[str, ExperimentRecord] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    data: list[DataItem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def commits(self) -> list[str]:
        """The commits that the runs had."""
        records = self.experiments.values()
        return sorted({str(run.code["commit"]) for run in records if run.code.get("commit")})


def read_tables() -> dict[str, Provenance]:
    """The tables of the current project by name."""
    return {
        file.name.removesuffix(provenance.ENDING): provenance.read(file)
        for file in sorted(config.folder().glob(f"*{provenance.ENDING}"))
    }


def collect(data_limit: float) -> Contents:
    """What belongs to an archive of the current project.

    Args:
        data_limit: bytes; a larger file or folder of data is described and not packed.

    Raises:
        LabkartError: there is no table.
    """
    tables = read_tables()
    if not tables:
        raise mistake(
            "reports/ has no table whose runs could be archived. Make one: labkart "
            "report NAME, and see labkart docs write-up."
        )
    contents = Contents(tables)
    contents.files |= _visible(config.folder())
    published = {id: run for table in tables.values() for id, run in table.experiments.items()}
    for id, run in sorted(published.items()):
        contents.experiments[id] = _add_experiment(contents, run)
    for source in _declared(contents.experiments.values()):
        item = _data_item(source, data_limit)
        contents.data.append(item)
        if item.place == "archive":
            contents.files |= _whole(project.current().root / item.path)
    return contents


def _add_experiment(contents: Contents, published: PortableRecord) -> ExperimentRecord:
    """Add what a run left; returns its local record, or else the published one."""
    record = read_experiment(published.id)
    name = f"{published.id[:6]} ({' '.join(published.overrides) or 'labkart run'})"
    if record is None:
        contents.remarks.append(
            translate(
                "The record of experiment {name} is not on this machine: the archive has "
                "of it what its table's provenance says",
                name=name,
            )
        )
        return published
    if record.edited:
        contents.remarks.append(translate("The record of experiment {name} was edited", name=name))
    records = project.current().outputs / "records"
    folders = [record.folder, *(records / "sweeps" / id for id in record.sweeps)]
    folders += records.glob(f"reproductions/{record.id}-*")
    for task in record.tasks:
        task_record = read_task(task.name, task.id)
        if task_record is None:
            contents.remarks.append(
                translate(
                    "The record of {task} of experiment {name} is gone", task=task.label, name=name
                )
            )
            continue
        folders.append(task_record.folder)
        contents.files |= _outputs(contents, task_record)
    for folder in folders:
        files = _visible(folder).items()
        contents.files |= {name: file for name, file in files if file.name not in _UNMASKED}
    contents.files |= _named(text_file(digest) for digest in record.texts.values())
    return record


def _outputs(contents: Contents, record: TaskRecord) -> Iterator[tuple[str, Path]]:
    """The outputs of a task, if they are as it left them."""
    for state in record.outputs:
        if change := describe_change(state, project.current().outputs):
            remark = translate("An output of {task}: {change}", task=record.name, change=change)
            if remark not in contents.remarks:
                contents.remarks.append(remark)
        else:
            yield from _whole(project.current().outputs / state.path)


def _declared(experiments: Iterable[ExperimentRecord]) -> list[DataSource]:
    """The data without which the runs cannot be repeated, each version once."""
    sources = (source for record in experiments for source in data_sources(record))
    return list({(it.path, it.sha256): it for it in sources if it.needed}.values())


def _data_item(source: DataSource, limit: float) -> DataItem:
    path = project.current().root / source.path
    size = sum(file.stat().st_size for _, file in digests.files(path)) if path.exists() else 0
    if problem := source.problem():
        place = problem
    elif Path(source.path).is_absolute():
        place = bilingual("it is outside of the project")
    elif _is_committed(path):
        place = "repository"
    elif size > limit:
        place = bilingual("it is larger than --data-limit ({limit:g} MB)", limit=limit / 1e6)
    else:
        place = "archive"
    return DataItem(source.path, source.sha256, size, place, _address(source.path))


def _is_committed(path: Path) -> bool:
    """Whether the last commit has all of a file or folder as it is.

    Of a file in Git LFS it has a pointer alone, and a filter may commit another content, too.
    """
    root = project.current().root
    committed = dict[str, str]()
    for line in git.paths(root, "ls-tree", "-r", "-z", "HEAD", "--", str(path)):
        facts, _, name = line.partition("\t")
        committed[str(root / name)] = facts.split()[2]
    files = [str(path / name if path.is_dir() else path) for name, _ in digests.files(path)]
    hashed = ("hash-object", "--no-filters", "--stdin-paths")
    blobs = git.output(root, *hashed, stdin="".join(f"{file}\n" for file in files)) or ""
    return bool(files) and [committed.get(file) for file in files] == blobs.split()


def _address(path: str) -> str:
    for line in read_text(project.current().root / "data/raw/README.md").splitlines():
        address = _ADDRESS.search(line)
        if Path(path).name in line and address:
            return address.group()
    return ""


def _visible(folder: Path) -> dict[str, Path]:
    """The files below a folder with their paths in the archive, but for hidden ones."""
    return {name: file for name, file in _whole(folder) if not Path(name).name.startswith(".")}


def _whole(path: Path) -> Iterator[tuple[str, Path]]:
    """A file, or all that is in a folder, with its path in the archive."""
    for name, file in digests.files(path):
        yield _place(path / name if path.is_dir() else path), file
    for name in digests.empty_folders(path):
        yield f"{_place(path / name)}/", path / name


def _named(files: Iterable[Path]) -> dict[str, Path]:
    return {_place(file): file for file in files if file.exists()}


def _place(path: Path) -> str:
    """The path in the archive; outputs are in `outputs/` there, wherever they are here."""
    outputs = project.current().outputs
    if path.is_relative_to(outputs):
        return f"outputs/{path.relative_to(outputs).as_posix()}"
    return project.current().short(path)
