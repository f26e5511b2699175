"""A setting without a value, or one that refers to nothing, is told with its file and what to write."""

import re
from pathlib import Path
from typing import Any

import luigi
import pytest
from omegaconf import OmegaConf

from labkart import LabkartError, Task, compose, make
from labkart.tasks.config_values import suggest_setting
from tests.support.tiny import write
from tests.support.variants import variants


class Referring(Task[int]):
    trees: luigi.IntParameter = luigi.IntParameter(default=1)
    layers: luigi.ListParameter[Any] = luigi.ListParameter(default=())
    options: luigi.DictParameter = luigi.DictParameter(default={})


def refused(sentence: str) -> Any:
    return pytest.raises(LabkartError, match=f"^{re.escape(sentence)}$")


FOREST = "conf/model/forest.yaml: "
TREES = f'{FOREST}"model.params.trees" '
SENTENCES = {
    "trees: ???": f"{TREES}has no value yet. Write one there, or add model.params.trees=... here.",
    "layers: [1, '???']": f'{FOREST}"model.params.layers[1]" has no value yet. Write one there.',
    "options: {a: {b: '???'}}": (
        f'{FOREST}"model.params.options.a.b" has no value yet.'
        " Write one there, or add model.params.options.a.b=... here."
    ),
    "trees: ${nowhere.at.all}": (
        f'{TREES}is ${{nowhere.at.all}}, and there is no setting "nowhere.at.all".'
        " Choose one of model, open, seed, split."
    ),
    "trees: ${sed}": f'{TREES}is ${{sed}}, and there is no setting "sed". Did you mean "seed"?',
    "trees: ${test_size}": (
        f'{TREES}is ${{test_size}}, and there is no setting "test_size".'
        ' Did you mean "split.test_size"?'
    ),
    "layers: [1, '${splt.test_size}']": (
        f'{FOREST}"model.params.layers[1]" is ${{splt.test_size}}, and there is no setting'
        ' "splt.test_size". Did you mean "split.test_size"?'
    ),
    "options: {a: '${sed}'}": (
        f'{FOREST}"model.params.options.a" is ${{sed}}, and there is no setting "sed".'
        ' Did you mean "seed"?'
    ),
    "trees: ${oc.env:NO_SUCH_VARIABLE}": (
        f"{TREES}is ${{oc.env:NO_SUCH_VARIABLE}}, and the environment variable NO_SUCH_VARIABLE is"
        " not set. Set it, or write ${oc.env:NO_SUCH_VARIABLE,default}."
    ),
    "trees: ${model.params.trees}": (
        f"{TREES}is ${{model.params.trees}}: Recursive interpolation detected."
    ),
    "trees: ${open}": (
        'conf/config.yaml: "model.params.trees" is ${open}:'
        " MissingMandatoryValue while resolving interpolation: Missing mandatory value: open."
    ),
}


@pytest.fixture
def here(root: Path) -> Path:
    config = (root / "conf/config.yaml").read_text(encoding="utf-8")
    write(root, **{"conf/config.yaml": f"{config}open: ???\n"})
    return root


@pytest.mark.parametrize(("line", "sentence"), variants(SENTENCES.items(), 4))
def test_a_setting_without_a_value_is_told(line: str, sentence: str, here: Path) -> None:
    write(here, **{"conf/model/forest.yaml": f"params:\n  {line}\n"})
    with refused(sentence):
        make(Referring, compose().model.params)


def test_a_reference_of_an_override_is_told_with_it(here: Path) -> None:
    override = "model.params.trees=${sed}"
    with refused(
        f'{override}: "model.params.trees" is ${{sed}}, and there is no setting "sed".'
        ' Did you mean "seed"?'
    ):
        make(Referring, compose(override).model.params)


def test_a_reference_that_leads_somewhere_is_followed(here: Path) -> None:
    write(here, **{"conf/model/forest.yaml": "params:\n  trees: ${seed}\n"})
    assert make(Referring, compose("seed=7").model.params).trees == 7


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("params:\n\u3000\u3000trees: 5\n", "\u3000\u3000trees"),
        ("params:\n\u00a0\u00a0trees: 5\n", "\u00a0\u00a0trees"),
        ("params:\n  \uff54rees: 5\n", "\uff54rees"),
        ("params: {layers: [{\uff11: 1}]}\n", "\uff11"),
    ],
)
def test_a_name_with_full_width_characters_is_refused(text: str, name: str, here: Path) -> None:
    write(here, **{"conf/model/forest.yaml": text})
    with refused(
        f'{FOREST}the name "{name}" has a full-width character or blank.'
        " Write it in ASCII, and indent with plain blanks."
    ):
        compose()


def test_japanese_names_and_values_are_no_mistake(here: Path) -> None:
    write(here, **{"conf/model/forest.yaml": "params: {木: 東京　タワー}\n"})
    assert compose().model.params == {"木": "東京　タワー"}


def test_a_setting_of_an_empty_section_is_told_how_to_add_it() -> None:
    cfg = OmegaConf.create({"evaluate": {}})
    section, hint, _ = suggest_setting(cfg, ["evaluate", "x"])
    assert (section, hint) == (
        cfg.evaluate,
        '"evaluate" is empty. +evaluate.x=... adds the setting.',
    )
