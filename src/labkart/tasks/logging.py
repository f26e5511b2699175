"""What a task logs while it runs: metrics, parameters, and files such as figures and tables.

Knows no MLflow. How a figure or a table becomes a file is in `figures` and `tables`.
"""

import operator
import pickle
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import Any

from labkart.errors import LabkartError
from labkart.language import mistake, translate
from labkart.records import live_metrics, machine_use, task_log
from labkart.records.mlflow_log import FOLDER, accepted_name, warn_of_name
from labkart.records.record import Metric
from labkart.secrets import redact
from labkart.tasks import figures, pruning, tables
from labkart.wording import describe_type

# Not hidden: such a file is one that is not written yet.
_FILE_NAME = re.compile(r"[\w(][\w. ()=,+@-]*(?<![. ])")
# What the folder of a record has besides.
_RESERVED = ("record.json", task_log.NAME, machine_use.NAME, FOLDER)
_TEXTS = (".txt", ".md", ".html", ".json", ".yaml", ".csv", ".tsv", ".tex", ".log", ".xml", ".svg")


class TaskLogger:
    """The part of a task that students log with."""

    _metrics: list[Metric]
    _earlier_metrics: dict[tuple[str, int], Metric]  # of the run before, by name and step
    _files: dict[str, str]  # by name, the field of the record that lists it
    _logged_params: dict[str, Any]

    # A cell of a DataFrame may be many things to a type checker, and float() takes few of them: so
    # values are Any.

    def log_metric(self, name: str, value: Any, step: int | None = None) -> None:
        """Record a number, also one of numpy, pandas or PyTorch.

        Args:
            name: any; if MLflow does not take it, MLflow's page shows a similar one.
            value: anything that `float()` takes.
            step: the epoch or iteration; with steps the metric becomes a curve.

        Raises:
            LabkartError: the value is not a number.
        """
        if accepted_name(name) != name:
            warn_of_name(name)
        try:
            number = None if step is None else operator.index(step)
            if number is not None and abs(number) >= 2**63:
                raise ValueError
            metric = Metric(name, float(value), number, time.time())
        except (TypeError, ValueError):
            raise LabkartError(_describe_wrong_metric(name, value, step)) from None
        self._metrics.append(metric)
        if number is not None:
            self._earlier_metrics.pop((name, number), None)
        with suppress(OSError):  # if the disk is full, writing the record will fail with a message
            live_metrics.append(self._folder(), metric)

    def report(self, value: Any, step: int, name: str = "report") -> None:
        """Record how good the result is after a step (epoch, fold): the metric `name`.

        In a search that prunes, a trial which falls behind the others ends here. `value` is a
        number, such as the accuracy so far, and `step` counts upwards.
        """
        self.log_metric(name, value, step)
        pruning.prune_if_behind(float(value), operator.index(step))

    def log_param(self, name: str, value: Any) -> None:
        """Record a value that the run found, such as a best threshold; the last one counts.

        Args:
            name: any but that of a parameter of the task with another value.
            value: a number, a text, true, false or None; anything else is kept as its text.

        Raises:
            LabkartError: the task has a parameter of this name with another value.
        """
        if not (isinstance(name, str) and name.strip()):
            raise mistake("{name!r} cannot name a parameter. Use a text.", name=name)
        if accepted_name(name) != name:
            warn_of_name(name)
        value = value.item() if getattr(value, "shape", None) == () else value
        own = self._own_params().get(name)
        if own is not None and own != str(value):
            raise mistake(
                'The task has a parameter "{name}" of its own. Use another name.', name=name
            )
        is_plain = value is None or isinstance(value, bool | int | float | str)
        plain = value if is_plain else str(value)
        self._logged_params |= redact.redact_values({name: plain})

    def log_figure(self, name: str, figure: Any) -> None:
        """Record a figure of Matplotlib (or an Axes), PIL or Plotly.

        It becomes a PNG, one of Plotly HTML, unless the name ends otherwise (`roc.svg`).
        """
        self._draw("log_figure", name, figure, figures.figure_drawing)

    def log_image(self, name: str, image: Any) -> None:
        """Record a picture of PIL, or an array of height x width (x 3), as PNG.

        An array has floats from 0 to 1, or integers from 0 to 255.
        """
        self._draw("log_image", name, image, figures.image_drawing)

    def log_table(self, name: str, table: Any) -> None:
        """Record as CSV a data frame, or what makes one: a dict, a list of dicts, an array, ...

        An index that is more than row numbers is kept.
        """
        with _explained("log_table", name):
            frame = tables.data_frame(table)
            with self._new_file(_with_suffix(name, ".csv"), "tables") as path:
                tables.write_csv(frame, path)

    def log_text(self, name: str, text: str) -> None:
        """Record a text, as `.txt` unless the name ends otherwise (`notes.md`)."""
        with _explained("log_text", name):
            if not isinstance(text, str):
                raise mistake("the text must be a str, got {type}.", type=describe_type(text))
            with self._new_file(_with_suffix(name, *_TEXTS), "artifacts") as path:
                path.write_bytes(redact.redact_text(text).encode(errors="backslashreplace"))

    def log_artifact(self, name: str | PathLike[str], path: str | PathLike[str] = "") -> None:
        """Record a copy of a file or folder.

        Args:
            name: what it is called in the record.
            path: where it is. Without it, `name` is the path, and the copy keeps its last part.
        """
        try:
            source = Path(path or name).absolute()
        except TypeError:
            kind = describe_type(path or name)
            raise mistake("log_artifact(...): it must be a path, got {type}.", type=kind) from None
        with _explained("log_artifact", title := str(name) if path else source.name):
            if not source.exists():
                raise mistake("{path} does not exist.", path=source)
            if self._folder().resolve().is_relative_to(source.resolve()):
                raise mistake("{path} contains the record itself.", path=source)
            with self._new_file(title, "artifacts") as copy:
                _copy(source, copy)

    def log_model(self, name: str, model: Any) -> None:
        """Record a fitted model (scikit-learn, PyTorch, XGBoost, ...) that MLflow can load."""
        with (
            _explained("log_model", name),
            self._new_file(_with_suffix(name, ".pkl"), "models") as path,
        ):
            path.write_bytes(pickle.dumps(model))

    def _draw(
        self, method: str, name: str, thing: Any, drawing_of: Callable[[Any], figures.Drawing]
    ) -> None:
        with _explained(method, name):
            drawing = drawing_of(thing)
            with self._new_file(figures.file_name(name, drawing), "figures") as path:
                drawing.write(path)

    def _clear_log(self, earlier: Iterable[Metric] = ()) -> None:
        """Begin a new log; steps of an earlier run stay in it until they are logged again."""
        self._metrics, self._files, self._logged_params = [], {}, {}
        self._earlier_metrics = {}
        for metric in earlier:
            if metric.step is not None:
                self._earlier_metrics[metric.name, metric.step] = metric
        with suppress(OSError):
            for metric in self._earlier_metrics.values():
                live_metrics.append(self._folder(), metric)

    def _logged_files(self, field: str) -> list[str]:
        """The names of the files that a field of the record lists."""
        return [name for name, kind in self._files.items() if kind == field]

    @contextmanager
    def _new_file(self, name: str, field: str) -> Iterator[Path]:
        """A path for the block to write; then it is beside the record, in place of an earlier one.

        Raises:
            LabkartError: the record itself has a file of this name.
        """
        if name in _RESERVED:
            raise mistake("the record has a file {name} of its own. Use another name.", name=name)
        file = self._folder() / name
        new = file.with_name(f".{name}")  # with its suffix, by which libraries know what to write
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield new
            _remove(file)
            new.replace(file)
        finally:
            _remove(new)
        self._files[name] = field

    def _own_params(self) -> Mapping[str, str]:
        """The task's parameters as texts."""
        raise NotImplementedError

    def _folder(self) -> Path:
        """The folder of the task's record."""
        raise NotImplementedError


@contextmanager
def _explained(method: str, name: str) -> Iterator[None]:
    """Check the name, and say of an error what was logged; the system's errors stay as they are.

    Raises:
        LabkartError: no file can have this name, or the block fails.
    """
    quoted = f'"{name}"' if isinstance(name, str) else repr(name)
    call = f"{method}({quoted}, ...)"
    try:
        if not (isinstance(name, str) and _FILE_NAME.fullmatch(name)):
            raise mistake(
                "{name} cannot name a file. Use letters, digits, spaces and _ - . ( ) = , + @",
                name=quoted,
            )
        yield
    except LabkartError as error:
        raise LabkartError(f"{call}: {error}") from None
    except MemoryError:
        raise
    except Exception as error:  # each library raises its own
        if isinstance(error, OSError) and error.errno:
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise mistake("{call}: it cannot be written: {reason}", call=call, reason=reason) from error


def _describe_wrong_metric(name: str, value: Any, step: Any) -> str:
    if step is None:
        return translate(
            'Metric "{name}" must be one number, got {value!r}.', name=name, value=value
        )
    return translate(
        'Metric "{name}" must be one number at an integer step, got {value!r} at step {step!r}.',
        name=name,
        value=value,
        step=step,
    )


def _with_suffix(name: str, *suffixes: str) -> str:
    """A name that ends in one of the suffixes: without one it gets the first."""
    return name if name.lower().endswith(suffixes) else name + suffixes[0]


def _copy(source: Path, copy: Path) -> None:
    """Copy a file or folder, and mask the secrets in texts."""
    if source.is_dir():
        shutil.copytree(source, copy, ignore_dangling_symlinks=True, copy_function=_copy_file)
    else:
        _copy_file(source, copy)


def _copy_file(source: str | Path, copy: str | Path) -> None:
    shutil.copyfile(source, copy)
    redact.redact_file(Path(copy))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
