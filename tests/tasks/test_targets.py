"""What a task writes comes back as the page `outputs` says, and what no file can hold is refused in a sentence."""

import gc
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree

import gokart
import luigi
import numpy as np
import pandas as pd
import pytest

from labkart import LabkartError, Task

# luigi removes the file that it could not write when nobody looks at the error any more.
unclosed = pytest.mark.filterwarnings(
    "ignore:.*:pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
pytestmark = [pytest.mark.usefixtures("root"), unclosed]

# What the task below dumps: a parameter would have to be one that an id can be made of.
VALUES: dict[str, Any] = {}


class WriteFile(Task[Any]):
    value: luigi.StrParameter = luigi.StrParameter()
    file: luigi.StrParameter = luigi.StrParameter()

    def output(self) -> Any:
        return self.make_target(self.file)

    def run(self) -> None:
        self.dump(VALUES[self.value])


class ReadFile(Task[int]):
    written: gokart.TaskInstanceParameter[Task[Any]] = gokart.TaskInstanceParameter(
        expected_type=Task
    )

    def run(self) -> None:
        VALUES["read"] = self.load(self.written)
        self.dump(1)


class TwoFiles(Task[Any]):
    def output(self) -> Any:
        return {"matrix": self.make_target("matrix.npz"), "words": self.make_target("words.json")}

    def run(self) -> None:
        self.dump(np.eye(2), "matrix")
        self.dump({"a": 1}, "words")


@pytest.fixture(autouse=True)
def _no_values() -> Iterator[None]:
    VALUES.clear()
    yield
    VALUES.clear()


def refused(sentence: str) -> Any:
    return pytest.raises(LabkartError, match=f"^{re.escape(sentence)}$")


def written(file: str, value: Any) -> Task[Any]:
    name = str(len(VALUES))
    VALUES[name] = value
    task = WriteFile(file=file, value=name)
    task.run()
    return task


def same_after(file: str, value: Any) -> Any:
    """What a task downstream reads of a value."""
    ReadFile(written=written(file, value)).run()
    return VALUES["read"]


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1},
        {"a": {"b": [1, 0.1, None, True, "卒業研究"]}},
        {},
        [],
        [1, "b"],
        "",
        "a\n",
        1,
        None,
    ],
)
def test_json_comes_back_as_it_was(value: Any) -> None:
    assert same_after("x.json", value) == value


def test_numbers_of_numpy_are_numbers_in_json() -> None:
    value = {"f1": np.float32(0.5), "n": np.int64(3), "each": np.arange(2), "best": np.bool_(True)}
    assert same_after("x.json", value) == {"f1": 0.5, "n": 3, "each": [0, 1], "best": True}


TABLE = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})


@pytest.mark.parametrize(
    "suffix", [".csv", ".tsv", ".parquet", ".feather", ".json", ".ndjson", ".pkl"]
)
def test_a_table_comes_back(suffix: str) -> None:
    pd.testing.assert_frame_equal(same_after(f"x{suffix}", TABLE), TABLE)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".feather", ".pkl"])
@pytest.mark.parametrize("table", [pd.DataFrame(), pd.DataFrame({"a": []})])
def test_an_empty_table_comes_back_empty(suffix: str, table: pd.DataFrame) -> None:
    read = same_after(f"x{suffix}", table)
    assert read.empty
    assert list(read.columns) == list(table.columns)


@pytest.mark.parametrize("suffix", [".txt", ".ini", ".gz"])
def test_a_text_comes_back_as_its_lines(suffix: str) -> None:
    for value, lines in (("日本\nx", ["日本", "x"]), (["a", 1], ["a", "1"]), ("", []), ([], [])):
        assert same_after(f"x{suffix}", value) == lines


def test_arrays_xml_and_pictures_come_back() -> None:
    for array in (np.arange(3), np.array([]), np.array(["a"])):
        np.testing.assert_array_equal(same_after("x.npz", array), array)
    tree = ElementTree(Element("語"))
    assert same_after("x.xml", tree).getroot().tag == "語"
    assert same_after("x.png", b"\x89PNG") == b"\x89PNG"


TEXT = "holds a text, or a list of texts with one per line"
AS_TEXT = "Write str(value) or value.decode(), or choose .pkl for any value, .json for a dict."
ANY = ".pkl keeps any value."
ARRAY = "holds one NumPy array of numbers or texts"
REFUSED: list[tuple[str, Any, str]] = [
    (".csv", {"a": 1}, f"a .csv file holds a pandas DataFrame or Series, got a dict. {ANY}"),
    (".tsv", None, f"a .tsv file holds a pandas DataFrame or Series, got None. {ANY}"),
    (".parquet", [1], f"a .parquet file holds a pandas DataFrame, got a list. {ANY}"),
    (".feather", np.eye(2), f"a .feather file holds a pandas DataFrame, got an array. {ANY}"),
    (".ndjson", [1], f"a .ndjson file holds a pandas DataFrame or Series, got a list. {ANY}"),
    (".txt", b"abc", f"a .txt file {TEXT}, got bytes. {AS_TEXT}"),
    (".txt", [b"abc"], f"a .txt file {TEXT}, got a list with bytes. {AS_TEXT}"),
    (".gz", {"a": 1}, f"a .gz file {TEXT}, got a dict. {AS_TEXT}"),
    (".ini", TABLE, f"a .ini file {TEXT}, got a DataFrame. {AS_TEXT}"),
    (
        ".npz",
        [1.0],
        f"a .npz file {ARRAY}, got a list. .pkl keeps any value, also a dict of arrays.",
    ),
    (
        ".npz",
        np.array([{}]),
        f"a .npz file {ARRAY}, got an array of objects, which NumPy does not load again."
        " .pkl keeps any value, also a dict of arrays.",
    ),
    (
        ".xml",
        Element("a"),
        "a .xml file holds an ElementTree, got an Element."
        " Make one of an element: ElementTree(element).",
    ),
    (
        ".png",
        "abc",
        'a .png file holds the bytes of a picture, got a str. self.log_figure("name", figure) keeps'
        " a figure.",
    ),
    (
        ".json",
        {1},
        "a .json file holds a dict, list, text, number, true, false, None or a DataFrame, got a set."
        " .pkl keeps any value.",
    ),
    (".json", {"a": {1}}, "a dict cannot be written to a .json file: JSON has nothing for a set."),
    (
        ".pkl",
        (number for number in [1]),
        "a generator cannot be written to a .pkl file: cannot pickle 'generator' object."
        " Dump what it is made of (numbers, arrays, a dict), or leave that part out.",
    ),
]


@pytest.mark.parametrize(("suffix", "value", "sentence"), REFUSED)
def test_what_a_file_cannot_hold_is_refused(suffix: str, value: Any, sentence: str) -> None:
    with refused(sentence):
        written(f"x{suffix}", value)
    assert not list(Path("outputs").rglob(f"x*{suffix}"))


def test_what_another_library_cannot_write_is_told_with_its_reason() -> None:
    mixed = pd.DataFrame({"a": [1, "x"]})
    with pytest.raises(
        LabkartError,
        match=r"^a DataFrame cannot be written to a \.parquet file: .+ column a .+"
        r" A column must have one type\. \.pkl keeps any value\.$",
    ) as refusal:
        written("x.parquet", mixed)
    assert refusal.value.__cause__
    del refusal
    gc.collect()  # the file that is not closed goes now, and not in another test


def test_a_suffix_that_nothing_writes_is_refused() -> None:
    known = (
        ".pkl, .csv, .tsv, .json, .ndjson, .parquet, .feather, .npz, .txt, .gz, .xml, .png, .jpg"
    )
    with refused(f'WriteFile.output(): no suffix ".xlsx" is known. Choose one of {known}.'):
        written("x.xlsx", TABLE)
    with pytest.raises(
        LabkartError, match=r'^WriteFile\.output\(\): "\S*x\S*" has no suffix\. Choose'
    ):
        written("x", TABLE)


class ZippedModel(Task[Any]):
    file: luigi.StrParameter = luigi.StrParameter(default="model.zip")
    large: luigi.BoolParameter = luigi.BoolParameter()

    def output(self) -> Any:
        if self.large:
            return self.make_large_data_frame_target(self.file)
        return self.make_model_target(
            self.file, lambda value, path: Path(path).write_text(value), Path.read_text
        )

    def run(self) -> None:
        self.dump(VALUES["it"])


def test_a_model_that_its_function_cannot_write_is_told() -> None:
    VALUES["it"] = 5
    with pytest.raises(LabkartError, match=r"^an int cannot be written to a \.zip file: .+"):
        ZippedModel().run()
    with refused("ZippedModel.output(): make_model_target writes a \".zip\", got 'model.pkl'."):
        ZippedModel(file="model.pkl").run()
    VALUES["it"] = {"a": 1}
    with pytest.raises(LabkartError, match=r"^a dict cannot be written to a \.zip file: .+"):
        ZippedModel(large=True).run()


def test_a_file_that_cannot_be_read_is_told() -> None:
    task = written("x.parquet", TABLE)
    Path(task.output().path()).write_text("damaged")  # type: ignore[union-attr]
    with pytest.raises(LabkartError, match=r"^the output of WriteFile cannot be read: .+"):
        ReadFile(written=task).run()


class ReadParts(Task[int]):
    parts: gokart.TaskInstanceParameter[TwoFiles] = gokart.TaskInstanceParameter(
        expected_type=TwoFiles
    )

    def run(self) -> None:
        self.dump(int(self.load(self.parts, "matrix").sum()))


def test_one_of_several_outputs_is_read_by_its_name() -> None:
    assert gokart.build(ReadParts(parts=TwoFiles())) == 2


class Mistaken(Task[Any]):
    """Calls what a test puts there."""

    parts: gokart.TaskInstanceParameter[TwoFiles] = gokart.TaskInstanceParameter(
        expected_type=TwoFiles, default=TwoFiles()
    )
    number: luigi.IntParameter = luigi.IntParameter(default=0)


class OneFile(Task[int]):
    def run(self) -> None:
        self.dump(1)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda task: task.load(task.parts, "matrx"), 'TwoFiles has no output "matrx". Did you mean "matrix"?'),
        (lambda task: task.load(task.parts, "x"), 'TwoFiles has no output "x". Choose one of matrix, words.'),
        (lambda task: task.load("part"), 'Mistaken has no upstream task "part". Did you mean "parts"?'),
        (lambda task: task.load(task.number), "self.load(...) takes an upstream task or its name, got an int."),
        (
            lambda task: task.load(OneFile()),
            "Mistaken does not need OneFile. Declare it:"
            " ...: TaskInstanceParameter[OneFile] = TaskInstanceParameter().",
        ),
        (lambda task: task.load([task.parts, 5]), "self.load(...) takes an upstream task or its name, got an int."),
        (lambda task: list(task.load_generator("part")), 'Mistaken has no upstream task "part". Did you mean "parts"?'),
        (
            lambda task: task.dump(1, "matrix"),
            'Mistaken has one output, without a name "matrix". Write self.dump(value).',
        ),
        (
            lambda task: task.dump("matrix", 1),
            'self.dump(...) got an int as the name. The value comes first: self.dump(value, "name").',
        ),
        (
            lambda task: task.parts.dump(1),
            'TwoFiles has outputs with names: matrix, words. Name one: self.dump(value, "matrix").',
        ),
        (lambda task: task.parts.dump(1, "word"), 'TwoFiles has no output "word". Did you mean "words"?'),
    ],
)  # fmt: skip
def test_a_wrong_name_of_an_output_is_refused(call: Any, sentence: str) -> None:
    TwoFiles().run()
    with refused(sentence):
        call(Mistaken())


class OnePart(Task[int]):
    one: gokart.TaskInstanceParameter[OneFile] = gokart.TaskInstanceParameter(expected_type=OneFile)

    def run(self) -> None:
        self.load(self.one, "matrix")


def test_a_name_for_the_only_output_is_refused() -> None:
    OneFile().run()
    with refused('OneFile has one output, without a name "matrix". Write self.load(self.one).'):
        OnePart(one=OneFile()).run()


class NoTarget(Task[int]):
    def output(self) -> Any:
        return "x.csv"

    def run(self) -> None:
        self.dump(1)


def test_an_output_that_is_no_target_is_refused() -> None:
    with refused(
        "NoTarget.output() returns a str. Return self.make_target(...), or a dictionary of them."
    ):
        NoTarget().run()


class NeverDumps(Task[Any]):
    def output(self) -> Any:
        return {"a": "x.csv"}

    def run(self) -> None:
        pass


def test_an_output_that_is_no_target_is_refused_after_a_run_too() -> None:
    with refused(
        "NeverDumps.output() returns a str. Return self.make_target(...), or a dictionary of them."
    ):
        NeverDumps().run()


def test_what_the_system_says_stays_as_it_is() -> None:
    class Full(Task[Any]):
        def output(self) -> Any:
            def save(value: Any, path: str) -> None:
                raise OSError(28, "No space left on device")

            return self.make_model_target("x.zip", save, Path.read_text)

        def run(self) -> None:
            self.dump(threading.active_count())

    with pytest.raises(OSError, match="No space left"):
        Full().run()
