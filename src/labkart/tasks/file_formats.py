"""What each suffix of an output can hold. gokart writes and reads most; JSON and XML are ours.

Knows nothing of tasks but whether they declare a table of polars, as `Task[pl.DataFrame]`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath
from typing import Any

from gokart.file_processor import (
    FileProcessor,
    JsonFileProcessor,
    XmlFileProcessor,
    make_file_processor,
)
from gokart.utils import get_dataframe_type_from_task
from luigi.format import Nop

from labkart.errors import LabkartError
from labkart.language import join_sentences, mistake, translate
from labkart.wording import describe_type


@dataclass(frozen=True)
class FileFormat:
    """What a file can hold.

    Attributes:
        noun: the same in words.
        types: by package and name, so that no package is imported.
        items: what a list may have in it; anything if empty.
        remedy: what to do with other values.
    """

    noun: Callable[[], str]
    types: tuple[str, ...]
    items: tuple[str, ...] = ()
    remedy: Callable[[], str] = lambda: translate(".pkl keeps any value.")

    def check(self, value: Any, suffix: str) -> None:
        """Refuse what would be written as something else, or not at all.

        Raises:
            LabkartError: the file cannot hold the value.
        """
        if problem := self._problem(value):
            rule = translate(
                "a {suffix} file holds {noun}, got {problem}.",
                suffix=suffix,
                noun=self.noun(),
                problem=problem,
            )
            raise LabkartError(join_sentences(rule, self.remedy()))

    def _problem(self, value: Any) -> str:
        if not _is_any(value, self.types):
            return describe_type(value)
        if self.items and isinstance(value, list):
            wrong = [item for item in value if not _is_any(item, self.items)]
            if not wrong:
                return ""
            return translate("a list with {type}", type=describe_type(wrong[0]))
        if self is _ARRAY and value.dtype.hasobject:
            return translate("an array of objects, which NumPy does not load again")
        return ""


_TABLE = FileFormat(lambda: translate("a pandas DataFrame"), ("pandas.DataFrame",))
_SERIES = FileFormat(
    lambda: translate("a pandas DataFrame or Series"), ("pandas.DataFrame", "pandas.Series")
)
_JSON = FileFormat(
    lambda: translate("a dict, list, text, number, true, false, None or a DataFrame"),
    (
        *("builtins.dict", "builtins.list", "builtins.tuple", "builtins.NoneType"),
        *("builtins.str", "builtins.int", "builtins.float", "numpy.generic", "numpy.ndarray"),
        "pandas.DataFrame",
    ),
)
_POLARS = FileFormat(
    lambda: translate("a polars DataFrame"), ("polars.DataFrame", "polars.LazyFrame")
)
_WORDS = ("builtins.str", "builtins.int", "builtins.float", "numpy.number")
_TEXT = FileFormat(
    lambda: translate("a text, or a list of texts with one per line"),
    ("builtins.list", *_WORDS),
    _WORDS,
    lambda: translate(
        "Write str(value) or value.decode(), or choose .pkl for any value, .json for a dict."
    ),
)
_BYTES = FileFormat(
    lambda: translate("the bytes of a picture"),
    ("builtins.bytes", "builtins.bytearray"),
    remedy=lambda: translate('self.log_figure("name", figure) keeps a figure.'),
)
_ARRAY = FileFormat(
    lambda: translate("one NumPy array of numbers or texts"),
    ("numpy.ndarray",),
    remedy=lambda: translate(".pkl keeps any value, also a dict of arrays."),
)
_XML = FileFormat(
    lambda: translate("an ElementTree"),
    ("xml.ElementTree",),
    remedy=lambda: translate("Make one of an element: ElementTree(element)."),
)
_FORMATS = {
    **dict.fromkeys((".csv", ".tsv"), _SERIES),
    **dict.fromkeys((".parquet", ".feather"), _TABLE),
    **dict.fromkeys((".txt", ".ini", ".gz"), _TEXT),
    **dict.fromkeys((".png", ".jpg"), _BYTES),
    ".json": _JSON,
    ".ndjson": FileFormat(_SERIES.noun, (*_SERIES.types, "builtins.dict")),
    ".npz": _ARRAY,
    ".xml": _XML,
}
SUFFIXES = (
    ".pkl", ".csv", ".tsv", ".json", ".ndjson", ".parquet", ".feather", ".npz", ".txt", ".gz",
    ".xml", ".png", ".jpg",
)  # fmt: skip


def describe_output(task: Any, output: Any) -> str:
    """What is wrong with an output that is no target."""
    return translate(
        "{task}.output() returns {type}. Return self.make_target(...), or a dictionary of them.",
        task=task.get_task_family(),
        type=describe_type(output),
    )


def file_format(task: Any, path: str) -> FileFormat | None:
    """What an output of a task with the suffix of a path can hold; None for anything."""
    content = _FORMATS.get(PurePath(path).suffix)
    is_table = content and "pandas.DataFrame" in content.types
    return _POLARS if is_table and get_dataframe_type_from_task(task) != "pandas" else content


def file_processor(task: Any, path: str) -> FileProcessor:
    """What writes and reads an output of a task with the suffix of a path.

    Raises:
        LabkartError: nothing writes files with this suffix.
    """
    suffix, kind = PurePath(path).suffix, get_dataframe_type_from_task(task)
    if suffix == ".json" and kind == "pandas":
        return JsonProcessor()
    if suffix == ".xml":
        return _XmlProcessor()
    try:
        return make_file_processor(path, task.store_index_in_feather, dataframe_type=kind)
    except AssertionError:
        if suffix:
            problem = translate('no suffix "{suffix}" is known', suffix=suffix)
        else:
            problem = translate('"{path}" has no suffix', path=path)
        raise mistake(
            "{task}.output(): {problem}. Choose one of {suffixes}.",
            task=task.get_task_family(),
            problem=problem,
            suffixes=", ".join(SUFFIXES),
        ) from None


class JsonProcessor(FileProcessor):
    """JSON as it is: a dict comes back as a dict, where gokart makes a table of it.

    A file of ours ends with a line end, and a table of pandas does not: so it says what it is.
    """

    def format(self) -> Any:
        """luigi's, for bytes."""
        return Nop

    def load(self, file: Any) -> Any:
        """A value of JSON, or a table."""
        content = file.read()
        if content.endswith(b"\n"):
            return json.loads(content)
        return JsonFileProcessor().load(BytesIO(content))

    def dump(self, obj: Any, file: Any) -> None:
        """Write a value of JSON, with NumPy's numbers and arrays, or a table."""
        if _is_any(obj, _TABLE.types):
            JsonFileProcessor().dump(obj, file)
        else:
            text = json.dumps(obj, default=_plain_number, ensure_ascii=False)
            file.write(f"{text}\n".encode())


class _XmlProcessor(XmlFileProcessor):
    """gokart's writes bytes to a file for text, which fails."""

    def dump(self, obj: Any, file: Any) -> None:
        obj.write(file, encoding="unicode")


def _plain_number(value: Any) -> Any:
    """Numbers and arrays of NumPy and PyTorch as JSON knows them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(translate("JSON has nothing for {type}", type=describe_type(value)))


def _is_any(value: Any, names: tuple[str, ...]) -> bool:
    """Whether a value is of one of the types; by name, so that no package is imported."""
    known = (f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(value).__mro__)
    return any(name in names for name in known)
