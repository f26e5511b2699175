"""From configuration to task: what fits comes through unharmed, every mistake is refused in a sentence with its place."""

import re
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any

import gokart
import luigi
import pytest
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from labkart import DataFile, LabkartError, Task, compose, make
from labkart.experiments.composer import check_additions
from labkart.tasks.config_source import ConfigSource
from labkart.tasks.context import context
from tests.support.tiny import write
from tests.support.variants import variants


class Table(Task[int]):
    def run(self) -> None:
        self.dump(1)


class Train(Task[int]):
    table: gokart.TaskInstanceParameter[Table] = gokart.TaskInstanceParameter(expected_type=Table)
    trees: luigi.IntParameter = luigi.IntParameter()
    seed: luigi.IntParameter = luigi.IntParameter(default=0)


class Forest(Task[int]):
    trees: luigi.IntParameter = luigi.IntParameter()


class Kernel(Enum):
    LINEAR = 1
    RADIAL = 2


class Level(IntEnum):
    ONE = 1
    TWO = 2


class OwnParameter(luigi.Parameter[str]):
    """A text of a student's."""


class Values(Task[int]):
    whole: luigi.IntParameter = luigi.IntParameter(default=0)
    number: luigi.FloatParameter = luigi.FloatParameter(default=0.0)
    switch: luigi.BoolParameter = luigi.BoolParameter()
    text: luigi.StrParameter = luigi.StrParameter(default="")
    maybe: luigi.OptionalIntParameter = luigi.OptionalIntParameter(default=None)
    several: luigi.ListParameter[Any] = luigi.ListParameter(default=[])
    named: luigi.DictParameter = luigi.DictParameter(default={})
    choice: luigi.ChoiceParameter = luigi.ChoiceParameter(choices=["a", "b", "5"], default="a")
    languages: luigi.ChoiceListParameter = luigi.ChoiceListParameter(
        choices=["no", "en"], default=("en",)
    )
    texts: luigi.ListParameter[tuple[str, ...]] = luigi.ListParameter(default=())
    titles: luigi.DictParameter[dict[str, str]] = luigi.DictParameter(default={})
    rates: luigi.ListParameter[tuple[float, ...]] = luigi.ListParameter(default=())
    maybe_text: luigi.OptionalStrParameter = luigi.OptionalStrParameter(default=None)
    path: luigi.PathParameter = luigi.PathParameter(default=Path())
    own: OwnParameter = OwnParameter(default="")
    table: DataFile = DataFile(default=Path())
    kernels: luigi.EnumListParameter[Kernel] = luigi.EnumListParameter(enum=Kernel, default=())
    level: luigi.EnumParameter[Level] = luigi.EnumParameter(enum=Level, default=Level.ONE)
    plain: luigi.Parameter[str] = luigi.Parameter(default="")
    optional: luigi.OptionalParameter = luigi.OptionalParameter(default=None)
    depth: luigi.NumericalParameter = luigi.NumericalParameter(
        var_type=int, min_value=1, max_value=9, default=1
    )
    kernel: luigi.EnumParameter[Kernel] = luigi.EnumParameter(enum=Kernel, default=Kernel.LINEAR)
    patience: luigi.TimeDeltaParameter = luigi.TimeDeltaParameter(default=timedelta())


@pytest.fixture(autouse=True)
def _nothing_composed(root: Path) -> Iterator[None]:
    HydraConfig.instance().cfg, context.source = None, ConfigSource()
    yield
    HydraConfig.instance().cfg, context.source = None, ConfigSource()


def refused(sentence: str) -> Any:
    return pytest.raises(LabkartError, match=f"^{re.escape(sentence)}$")


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("whole", 2, 2),
        ("whole", "12", 12),
        ("number", 2, 2.0),
        ("number", "1e-3", 0.001),
        ("number", 0.1, 0.1),
        ("switch", True, True),
        ("switch", "false", False),
        ("text", "a", "a"),
        ("maybe", None, None),
        ("maybe", "7", 7),
        ("several", [1, "a"], (1, "a")),
        ("choice", "b", "b"),
        ("plain", "a", "a"),
        ("optional", "", ""),
        ("optional", None, None),
        ("maybe_text", "", ""),
        ("path", "a/b", Path("a/b")),
        ("choice", 5, "5"),
        ("kernels", ["RADIAL", "LINEAR"], (Kernel.RADIAL, Kernel.LINEAR)),
        ("kernels", "RADIAL,LINEAR", (Kernel.RADIAL, Kernel.LINEAR)),
        ("level", Level.TWO, Level.TWO),
        ("rates", [1.5], (1.5,)),
        ("texts", ["a", "1.10"], ("a", "1.10")),
        ("depth", 3, 3),
        ("depth", "3", 3),
        ("kernel", "RADIAL", Kernel.RADIAL),
        ("patience", "5 s", timedelta(seconds=5)),
    ],
)
def test_a_value_comes_as_its_parameters_type(name: str, written: Any, value: Any) -> None:
    for node in ({name: written}, OmegaConf.create({name: written})):
        made = getattr(make(Values, node), name)
        assert (made, type(made)) == (value, type(value))


def test_a_mapping_comes_with_all_that_is_in_it() -> None:
    assert make(Values, OmegaConf.create({"named": {"a": {"b": [1]}}})).named == {"a": {"b": (1,)}}


@pytest.mark.parametrize(
    ("name", "written", "sentence"),
    [
        ("whole", 2.5, "Values.whole must be an integer, got 2.5."),
        ("whole", "2.5", "Values.whole must be an integer, got '2.5'."),
        ("whole", "many", "Values.whole must be an integer, got 'many'."),
        ("whole", True, "Values.whole must be an integer, got True."),
        ("whole", None, "Values.whole must be an integer, got None."),
        ("whole", [1], "Values.whole must be an integer, got [1]."),
        ("number", "high", "Values.number must be a number, got 'high'."),
        ("number", False, "Values.number must be a number, got False."),
        ("number", None, "Values.number must be a number, got None."),
        ("switch", "maybe", "Values.switch must be true or false, got 'maybe'."),
        ("switch", 0.5, "Values.switch must be true or false, got 0.5."),
        ("switch", -1, "Values.switch must be true or false, got -1."),
        ("text", None, "Values.text must be a string, got None."),
        ("text", ["a"], "Values.text must be a string, got ['a']."),
        ("maybe", "many", "Values.maybe must be an integer, got 'many'."),
        ("plain", None, "Values.plain must be a string, got None."),
        ("plain", ["a"], "Values.plain must be a string, got ['a']."),
        ("optional", ["a"], "Values.optional must be a string, got ['a']."),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, written: Any, sentence: str) -> None:
    for node in ({name: written}, OmegaConf.create({name: written})):
        with refused(f"conf/config.yaml: {sentence}"):
            make(Values, node)


TEXTS = ("text", "plain", "optional", "maybe_text", "path", "own", "table")


@pytest.mark.parametrize(
    ("written", "reading", "names"),
    variants(
        [
            ("1.10", "1.1", (*TEXTS, "choice")),
            ("no", "false", (*TEXTS, "choice")),
            ("yes", "true", ("kernel",)),
            ("On", "true", TEXTS),
            ("1E234", "1e+234", TEXTS),
            ("12:30", "750", TEXTS),
            ("010", "8", TEXTS),
            ("1_000", "1000", TEXTS),
            ("5", "5", TEXTS),
            (".inf", "inf", TEXTS),
        ],
        3,
    ),
)
def test_a_text_that_yaml_reads_as_something_else_is_to_be_quoted(
    written: str, reading: str, names: tuple[str, ...], root: Path
) -> None:
    bare = "".join(f"  {name}:\n    {name}: {written}\n" for name in names)
    quoted = "".join(f'  {name}:\n    {name}: "{written}"\n' for name in names)
    write(root, **{"conf/model/forest.yaml": f"bare:\n{bare}quoted:\n{quoted}"})
    model = compose().model
    for name in names:
        remedy = f'write it in quotes, {name}: "{written}". Without them YAML reads {reading}.'
        with refused(f"conf/model/forest.yaml: Values.{name} is text: {remedy}"):
            make(Values, model.bare[name])
        if name not in ("table", "choice", "kernel"):
            assert str(getattr(make(Values, model.quoted[name]), name)) == written


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("languages", "[en, no]"),
        ("kernels", "[RADIAL, no]"),
        ("texts", "[a, no]"),
        ("titles", "{a: no}"),
    ],
)
def test_a_text_in_a_list_or_dictionary_is_to_be_quoted(
    name: str, written: str, root: Path
) -> None:
    write(root, **{"conf/model/forest.yaml": f"params:\n  {name}: {written}\n"})
    remedy = 'write it in quotes, "...". Without them YAML reads false.'
    with refused(f"conf/model/forest.yaml: Values.{name} is text: {remedy}"):
        make(Values, compose().model.params)


@pytest.mark.parametrize("start", ["", "++"])
def test_a_text_that_hydra_reads_as_a_number_is_to_be_quoted(start: str, root: Path) -> None:
    write(root, **{"conf/model/forest.yaml": "params:\n  text: a\n"})
    override = f"{start}model.params.text=1.10"
    remedy = "write it in quotes, 'model.params.text=\"1.10\"'. Without them Hydra reads 1.1."
    with refused(f"{override}: Values.text is text: {remedy}"):
        make(Values, compose(override).model.params)
    quoted = f'{start}model.params.text="1.10"'
    assert make(Values, compose(quoted).model.params).text == "1.10"


def test_a_text_of_a_section_that_an_override_set_is_found_in_the_override(root: Path) -> None:
    write(root, **{"conf/model/forest.yaml": "params:\n  text: a\n"})
    override = "model.params={text:1.10}"
    with pytest.raises(LabkartError, match=r"^model\.params={text:1\.10}: Values\.text is text: "):
        make(Values, compose(override).model.params)


def test_a_text_is_found_in_the_file_that_set_it_last(root: Path) -> None:
    write(
        root,
        **{
            "conf/model/forest.yaml": "params:\n  text: a\n",
            "conf/experiment/large.yaml": "# @package _global_\nmodel:\n  params:\n    text: no\n",
        },
    )
    with pytest.raises(LabkartError, match=r'^conf/experiment/large\.yaml: .*, text: "no"\. '):
        make(Values, compose("experiment=large").model.params)


def test_a_text_that_refers_to_another_setting_is_found_there(root: Path) -> None:
    write(root, **{"conf/model/forest.yaml": "params:\n  text: ${split.test_size}\n"})
    with pytest.raises(LabkartError, match=r'^conf/config\.yaml: .*, test_size: "0\.25"\. '):
        make(Values, compose().model.params)


def test_a_text_that_the_pipeline_gives_is_found_in_the_pipeline_or_in_the_setting(
    root: Path,
) -> None:
    with refused("pipeline: Values.text is text, got 1.1. Give it a text."):
        make(Values, text=1.1)
    write(root, **{"conf/config.yaml": "text: no\n"})
    with pytest.raises(LabkartError, match=r'^conf/config\.yaml: .* text: "no"\. '):
        make(Values, text=compose().text)


@pytest.mark.parametrize(
    ("name", "written", "sentence"),
    [
        ("named", 5, "Values.named must be a dictionary (name: value), got 5."),
        ("named", [1], "Values.named must be a dictionary (name: value), got [1]."),
        ("several", {"a": 1}, "Values.several must be a list, as [1, 2], got {'a': 1}."),
    ],
)
def test_a_list_is_no_dictionary(name: str, written: Any, sentence: str) -> None:
    with refused(f"conf/config.yaml: {sentence}"):
        make(Values, {name: written})


def test_a_task_gets_its_values_its_upstream_task_and_its_defaults() -> None:
    task = make(Train, {"trees": 5}, table=make(Table))
    assert (task.trees, task.table, task.seed) == (5, Table(), 0)


@pytest.mark.parametrize("node", [None, {}, OmegaConf.create({})])
def test_a_task_without_parameters_needs_no_values(node: Any) -> None:
    assert make(Table, node) == Table()


def test_a_given_value_is_converted_like_a_written_one() -> None:
    task = make(Values, number="3", several=OmegaConf.create([1]))
    assert (task.number, type(task.number), task.several) == (3.0, float, (1,))


def test_a_setting_that_refers_to_another_gets_its_value() -> None:
    cfg = OmegaConf.create({"trees": 5, "model": {"trees": "${trees}"}})
    assert make(Forest, cfg.model).trees == 5


def test_an_unknown_parameter_is_refused_with_the_closest_one() -> None:
    with refused('conf/config.yaml: Train has no parameter "tree". Did you mean "trees"?'):
        make(Train, {"tree": 5}, table=Table())


def test_an_unknown_parameter_is_refused_with_those_that_a_file_can_give() -> None:
    with refused('conf/config.yaml: Train has no parameter "x". Choose one of seed, trees.'):
        make(Train, {"x": 5}, table=Table())


def test_an_unknown_parameter_of_an_override_is_told_as_it_was_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    override = "+model.tree=5"
    monkeypatch.setattr(context, "source", ConfigSource([override]))
    cfg = OmegaConf.create({"model": {"tree": 5}})
    with refused(f'{override}: Train has no parameter "tree". Did you mean "trees"?'):
        make(Train, cfg.model, table=Table())


def test_an_unknown_parameter_from_the_pipeline_is_looked_for_there() -> None:
    with refused('pipeline: Train has no parameter "tabel". Did you mean "table"?'):
        make(Train, {"trees": 5}, tabel=Table())


def test_a_missing_value_is_asked_for() -> None:
    with refused(
        'conf/config.yaml: Train needs "trees" and nothing gives it. Add a line "trees: ..." there.'
    ):
        make(Train, {"seed": 1}, table=Table())


def test_a_missing_upstream_task_is_asked_for() -> None:
    with refused("pipeline: Train needs its upstream task. Write make(Train, ..., table=...)."):
        make(Train, {"trees": 5})


def test_a_value_that_is_given_twice_is_refused() -> None:
    with refused(
        'conf/config.yaml: "seed" of Train already comes from the pipeline. Remove one of them.'
    ):
        make(Train, {"trees": 5, "seed": 1}, table=Table(), seed=2)


@pytest.mark.parametrize("node", [[1], "trees", 5])
def test_values_without_names_are_refused(node: Any) -> None:
    with refused(f"conf: Forest takes its parameters by name (name: value), got {node!r}."):
        make(Forest, node)


def test_an_upstream_task_of_another_class_is_refused() -> None:
    with pytest.raises(LabkartError, match=r"^pipeline: Train.table must be a Table, got a Forest"):
        make(Train, {"trees": 5}, table=Forest(trees=1))


@pytest.mark.parametrize(
    ("override", "place"),
    [
        ("seed=0", "conf/model/forest.yaml"),
        ("model.params.trees=many", "model.params.trees=many"),
        ("++model.params.trees=many", "++model.params.trees=many"),
    ],
)
def test_a_wrong_value_is_found_in_the_chosen_file_or_in_the_word_that_set_it(
    override: str, place: str, root: Path
) -> None:
    write(root, **{"conf/model/forest.yaml": "params:\n  trees: many\n"})
    with refused(f"{place}: Forest.trees must be an integer, got 'many'."):
        make(Forest, compose(override).model.params)


def test_a_wrong_value_that_the_pipeline_hands_on_is_found_in_the_word_that_set_it() -> None:
    with refused("seed=abc: Train.seed must be an integer, got 'abc'."):
        make(Train, {"trees": 1}, table=Table(), seed=compose("seed=abc").seed)


def test_an_unknown_parameter_is_found_in_the_file_of_the_chosen_option() -> None:
    with refused('conf/model/linear.yaml: Forest has no parameter "c". Choose one of trees.'):
        make(Forest, compose("model=linear").model.params)


def test_composing_reads_the_files_and_the_overrides() -> None:
    composed = {"seed": 3, "split": {"test_size": 0.5}, "model": {"params": {"c": 1.0}}}
    assert compose("model=linear", "seed=3", "experiment=large") == composed


def test_composing_again_starts_from_the_files() -> None:
    compose("seed=3", "model=linear")
    assert compose() == {
        "seed": 0,
        "split": {"test_size": 0.25},
        "model": {"params": {"trees": 300}},
    }


@pytest.mark.parametrize("override", ["+sed=3", "++sed=3", "+sed.x=3"])
def test_an_addition_that_no_task_could_read_is_refused(override: str) -> None:
    with refused(f'{override}: no setting "sed" in conf/config.yaml. Did you mean "seed"?'):
        check_additions(["model=linear", override])


@pytest.mark.parametrize(
    "override",
    ["sed=3", "+seed=3", "++split.x=3", "+model.params.x=1", "+experiment=large", "~seed"],
)
def test_other_words_are_no_additions_to_refuse(override: str) -> None:
    check_additions([override])


def test_this_machines_own_settings_are_no_addition(root: Path) -> None:
    write(root, **{"conf/local/default.yaml": "seed: 1\n"})
    with pytest.raises(LabkartError, match="no setting"):
        check_additions(["+local=default"])
