"""From configuration to task: what fits comes through unharmed, every mistake is refused in a sentence with its place."""

import re
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import gokart
import luigi
import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf

from labkart import LabkartError, Task, compose, make
from labkart.experiments.config import check_additions, explain_error
from labkart.tasks.config_source import ConfigSource
from labkart.tasks.context import context
from tests.support.tiny import write


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


class Values(Task[int]):
    whole: luigi.IntParameter = luigi.IntParameter(default=0)
    number: luigi.FloatParameter = luigi.FloatParameter(default=0.0)
    switch: luigi.BoolParameter = luigi.BoolParameter()
    text: luigi.StrParameter = luigi.StrParameter(default="")
    maybe: luigi.OptionalIntParameter = luigi.OptionalIntParameter(default=None)
    several: luigi.ListParameter[Any] = luigi.ListParameter(default=[])
    named: luigi.DictParameter = luigi.DictParameter(default={})
    choice: luigi.ChoiceParameter = luigi.ChoiceParameter(choices=["a", "b"], default="a")
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
        ("text", 5, "5"),
        ("text", 0.1, "0.1"),
        ("maybe", None, None),
        ("maybe", "7", 7),
        ("several", [1, "a"], (1, "a")),
        ("choice", "b", "b"),
        ("plain", "a", "a"),
        ("plain", 5, "5"),
        ("plain", 0.1, "0.1"),
        ("optional", 5, "5"),
        ("optional", None, None),
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


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("choice", "c"),
        ("choice", 5),
        ("several", "[1"),
        ("several", 5),
        ("depth", 0),
        ("depth", 99),
        ("depth", "deep"),
        ("depth", 2.5),
        ("depth", None),
        ("kernel", "CUBIC"),
        ("kernel", 5),
        ("patience", "5 x"),
    ],
)
def test_a_value_that_its_parameter_does_not_take_is_refused(name: str, written: Any) -> None:
    with pytest.raises(LabkartError, match=rf"^conf/config\.yaml: Values\.{name} does not take .+"):
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


def test_a_value_that_is_left_open_is_asked_for() -> None:
    cfg = OmegaConf.create({"model": {"params": {"trees": "???"}}})
    sentence = '"model.params.trees" has no value yet. Write one there, or add model.params.trees=... here.'
    with refused(f"conf/config.yaml: {sentence}"):
        make(Forest, cfg.model.params)


@pytest.mark.parametrize(
    "values", [{"named": {"a": {"b": "???"}}}, {"several": ["???"]}, {"several": [[1, "???"]]}]
)
def test_a_value_that_is_left_open_deep_inside_is_asked_for(values: dict[str, Any]) -> None:
    with pytest.raises(LabkartError, match=r"^conf/config\.yaml: Missing mandatory value: [^\n]+$"):
        make(Values, OmegaConf.create(values))


@pytest.mark.parametrize(
    "reference", ["${nowhere}", "${oc.env:NO_SUCH_VARIABLE}", "${nobody:1}", "${open}"]
)
def test_a_reference_that_leads_nowhere_is_refused(reference: str) -> None:
    with pytest.raises(LabkartError, match=r"^conf/config\.yaml: .+"):
        make(Forest, OmegaConf.create({"open": "???", "model": {"trees": reference}}).model)


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


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["model=forrest"],
            'conf: no model "forrest". Choose one of forest, linear (conf/model/).',
        ),
        (
            ["experiment=huge"],
            'conf: no experiment "huge". Choose one of large (conf/experiment/).',
        ),
        (["sed=1"], 'conf/config.yaml: no setting "sed". Did you mean "seed"?'),
        (["~sed"], 'conf/config.yaml: no setting "sed". Did you mean "seed"?'),
        (["modell=forest"], 'conf/config.yaml: no setting "modell". Did you mean "model"?'),
        (
            ["model=linear", "model.params.trees=5"],
            'conf/model/linear.yaml: no setting "model.params.trees". Choose one of c.',
        ),
        (
            ["model.params.trees=5", "model=linear"],
            'conf/model/linear.yaml: no setting "model.params.trees". Choose one of c.',
        ),
        (
            ["seed=0,1,2"],
            "seed=0,1,2 names several values: add -m to run each of them; 'seed=[0,1,2]' is a list.",
        ),
        (
            ["model=forest,linear"],
            "model=forest,linear names several values: add -m to run each of them.",
        ),
        (["forest"], "forest is not a setting. Write name=value, as model=forest."),
        (
            ["model=forest,"],
            "model=forest, is not a valid Hydra override (name=value). Quote a value with spaces, commas or equal signs twice: 'name=\"a, b\"'.",
        ),
        (
            ["seed=rang(5)"],
            "seed=rang(5) is not a valid Hydra override (name=value). 'rang(5)': Unknown function 'rang' Available: bool,choice,float,glob,int,interval,range,shuffle,sort,str,tag.",
        ),
        (["split.size=1"], 'conf/config.yaml: no setting "split.size". Did you mean "test_size"?'),
        (
            ["model.params.tree=1"],
            'conf/model/forest.yaml: no setting "model.params.tree". Did you mean "trees"?',
        ),
    ],
)
def test_a_wrong_override_is_explained(overrides: list[str], sentence: str) -> None:
    with refused(sentence):
        compose(*overrides)


@pytest.mark.parametrize(
    "override", ["seed", "seed=1=2", "seed=[1", "seed=1,2", "+model=linear", "model=null"]
)
def test_an_override_that_hydra_cannot_read_is_explained_in_a_line(override: str) -> None:
    name = re.escape(override.split("=", maxsplit=1)[0])
    with pytest.raises(LabkartError, match=rf"^(conf|{name}[^\n ]*:?)[: ][^\n]+$"):
        compose(override)


@pytest.mark.parametrize("file", ["config.yaml", "model/forest.yaml"])
@pytest.mark.parametrize("text", ["params: {c: [1.0\n", "seed: 1\nseed: 2\n", "\tseed: 1\n"])
def test_a_file_that_is_no_yaml_is_named_with_its_line(text: str, file: str, root: Path) -> None:
    write(root, **{f"conf/{file}": text})
    with pytest.raises(LabkartError, match=rf"^conf: [^\n]+/conf/{file}\", line [12][^\n]+$"):
        compose()


def test_a_file_that_is_no_utf8_is_refused_in_a_line(root: Path) -> None:
    (root / "conf/model/forest.yaml").write_bytes("params: {}  # 卒業研究\n".encode("shift_jis"))
    with pytest.raises(LabkartError, match=r"^conf[^\n]* 'utf-8' [^\n]+$"):
        compose()


@pytest.mark.parametrize(
    ("file", "text", "override"),
    [
        (
            "config",
            "defaults:\n  - _self_\n  - model: forest\n  - override /modell: linear\n",
            "seed=1",
        ),
        (
            "experiment/typo",
            "# @package _global_\ndefaults:\n  - override /modell: linear\n",
            "experiment=typo",
        ),
    ],
)
def test_a_default_that_overrides_nothing_is_told_with_its_file(
    file: str, text: str, override: str, root: Path
) -> None:
    write(root, **{f"conf/{file}.yaml": text})
    with refused(f"conf: In '{file}': Could not override 'modell'. No match in the defaults list."):
        compose(override)


def test_a_wrong_word_is_explained_with_the_files_that_the_other_words_choose() -> None:
    error = ConfigCompositionException("Could not override 'model.params.x'.")
    said = explain_error(error, ["model=linear", "model.params.x=1"])
    assert str(said) == 'conf/model/linear.yaml: no setting "model.params.x". Choose one of c.'


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
