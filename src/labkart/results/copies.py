"""Copies of a task's output outside the cache, each with a file beside it that names its origin.

A copy is written whole or not at all, and an edited file is not overwritten. Runs nothing.
"""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkart import digests, project
from labkart.digests import FileState
from labkart.files import encode_json, read_json, write_atomically
from labkart.language import mistake
from labkart.results.outputs import TaskOutput
from labkart.tasks.file_formats import SUFFIXES


def copy_output(output: TaskOutput, name: str, *, force: bool = False) -> list[Path]:
    """Copy the files of an output.

    Args:
        output: what to copy.
        name: the new file; of several files, the folder for them. Relative to where the command
            was called.
        force: overwrite also what is not an unchanged copy of the task's output.

    Returns:
        The new files.

    Raises:
        LabkartError: the name does not fit, another file has it, or it cannot be written.
    """
    copies = [_Copy(output, *pair) for pair in _targets(output, name)]
    try:
        for copy in copies:
            copy.check(force=force)
        for copy in copies:
            copy.write()
    except OSError as error:
        place = project.current().short(Path(error.filename or name))
        raise mistake(
            "{path}: {reason}. Name another file.", path=place, reason=error.strerror or error
        ) from None
    finally:
        for copy in copies:
            with suppress(OSError):
                copy.half.unlink()
    return [copy.target for copy in copies]


def origin_file(copy: Path) -> Path:
    """The file beside a copy that says where it is from."""
    return copy.with_name(f"{copy.name}.labkart.json")


def _targets(output: TaskOutput, name: str) -> list[tuple[FileState, Path]]:
    """Each file of an output, and where its copy goes."""
    target = project.STARTED / name
    states = output.record.outputs
    names = [_name(output, Path(state.path)) for state in states]
    if len(set(names)) < len(names):  # the task's files are in several folders
        names = [f"{number}_{file}" for number, file in enumerate(names, start=1)]
    if len(states) > 1 and not target.is_dir() and (target.suffix or target.exists()):
        raise mistake(
            "{task} has {count} files ({names}). Name a folder for them, such as {folder}/",
            task=output.label,
            count=len(states),
            names=", ".join(names),
            folder=target.stem,
        )
    if len(states) > 1 or name.endswith("/") or target.is_dir():
        return [(state, target / file) for state, file in zip(states, names, strict=True)]
    return [(states[0], target)]


def _name(output: TaskOutput, file: Path) -> str:
    """The name of a file in the cache without the task's id, as the task declares it."""
    stem, dot, suffixes = file.name.replace(f"_{output.record.id}", "").partition(".")
    if stem == output.record.name:
        stem = output.label.replace(" ", "_")
    return stem + dot + suffixes


def _target_code(target: Path) -> str:
    """What a task's `output()` returns to write a file of this name."""
    argument = "" if target.suffix in SUFFIXES else ", processor=TextFileProcessor()"
    return f'return self.make_target("{target.name}"{argument})'


@dataclass(frozen=True)
class _Copy:
    output: TaskOutput
    state: FileState
    target: Path

    @property
    def half(self) -> Path:
        """The copy before it has its name."""
        return self.target.with_name(f".{self.target.name}.{os.getpid()}.tmp")

    def check(self, *, force: bool) -> None:
        """Refuse a name that does not fit or that another file has."""
        current, label, target = project.current(), self.output.label, self.target
        place, suffix = current.short(target), Path(self.state.path).suffix
        if target.resolve().is_relative_to(current.outputs.resolve()):
            outputs = current.short(current.outputs)
            raise mistake(
                "{path} is in {outputs}/, which Labkart manages. Name another file.",
                path=place,
                outputs=outputs,
            )
        if target.suffix and target.suffix.lower() != suffix.lower():
            raise mistake(
                "{task} wrote a {suffix} file, and a copy has the same format. Name it {other},"
                " or let {class_name}.output() {code}.",
                task=label,
                suffix=suffix,
                other=target.with_suffix(suffix).name,
                class_name=self.output.record.name,
                code=_target_code(target),
            )
        if target.is_dir():
            raise mistake("{path} is a folder. Name another file.", path=place)
        if target.exists() and not force and not self._is_copy():
            raise mistake(
                "{path} exists, and it is not an unchanged copy of {task}. Name another file,"
                " or overwrite it with --force.",
                path=place,
                task=label,
            )

    def write(self) -> None:
        """Write the copy, and where it is from."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        source = project.current().outputs / self.state.path
        shutil.copyfile(source, self.half)
        if digests.file_state(self.half, self.half.parent).sha256 != self.state.sha256:
            raise mistake(
                "{file} changed. Run the command again.", file=project.current().short(source)
            )
        self.half.replace(self.target)
        write_atomically(origin_file(self.target), encode_json(self._origin()))

    def _is_copy(self) -> bool:
        """Whether the target is this output, or an unchanged copy of an earlier one of the task."""
        content = digests.file_state(self.target, self.target.parent).sha256
        origin = read_json(origin_file(self.target))
        known = origin if isinstance(origin, dict) else {}
        is_earlier = (known.get("task"), known.get("sha256")) == (self.output.label, content)
        return is_earlier or content == self.state.sha256

    def _origin(self) -> dict[str, Any]:
        record, experiment = self.output.record, self.output.experiment
        origin = {
            "file": self.target.name,
            "sha256": self.state.sha256,
            "bytes": self.state.bytes,
            "project": project.current().name,
            "task": self.output.label,
            "task_id": record.id,
            "params": record.params,
            "computed": record.started,
            "experiment": experiment.id if experiment else None,
        }
        if experiment:
            code = experiment.code
            origin |= {"command": experiment.command, "settings": experiment.settings}
            origin |= {"commit": code.get("commit"), "dirty": code.get("dirty")}
        return origin
