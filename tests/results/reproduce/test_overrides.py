"""A recorded configuration is composed again, whatever is in it and wherever it came from."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from labkart.experiments import composer
from labkart.results.reproduce.overrides import RecordedOverrides, contradictions
from tests.support.tiny import write

CONFIG = "defaults:\n  - _self_\n  - model: forest\nseed: 0\nsplit:\n"


def again(words: list[str], recorded: dict[str, Any]) -> Any:
    """What is composed in the tiny project with the recipe's corrections."""
    recipe = RecordedOverrides(words, OmegaConf.to_yaml(OmegaConf.create(recorded)))
    composed = OmegaConf.to_yaml(composer.compose(*words))
    corrected = composer.compose(*words, *recipe.corrections(composed))
    return OmegaConf.to_container(corrected)


VALUES = [
    1, 1.5, 1e-9, float("inf"), True, None, "", "text", "1", "null", "it's", 'a "b"', "back\\slash", "end\\", "\\'",
    "two\nlines", "a=b, [c] {d}", "${seed}", "日本", [1, "a", [None]], [], {}, {"a": {"b": "c"}}, [{"k": "v w"}],
]  # fmt: skip


def test_each_value_comes_back_as_it_was(root: Path) -> None:
    values = {f"v{count}": value for count, value in enumerate(VALUES)}
    write(root, **{"conf/config.yaml": CONFIG + "".join(f"  {name}: other\n" for name in values)})
    recorded = {"seed": 0, "split": values, "model": {"params": {"trees": 300}}}
    assert again([], recorded) == recorded


def test_settings_that_are_new_and_those_that_are_gone_come_back(root: Path) -> None:
    recorded = {"seed": 0, "split": {"other": {"deep": 1}}, "model": {"params": {"trees": 300}}}
    assert again([], recorded) == recorded


def test_what_the_words_compose_needs_no_correction(root: Path) -> None:
    words = ["model=linear", "seed=3", "experiment=large"]
    composed = OmegaConf.to_yaml(composer.compose(*words))
    assert RecordedOverrides(words, composed).corrections(composed) == []


def test_this_machines_own_settings_come_back(root: Path) -> None:
    write(
        root,
        **{
            "conf/config.yaml": (root / "conf/config.yaml")
            .read_text()
            .replace("seed: 0", "seed: 4")
        },
    )
    recipe = RecordedOverrides(
        ["model=linear"], "seed: 0\nsplit:\n  test_size: 0.25\nmodel:\n  params:\n    c: 1.0\n"
    )
    composed = OmegaConf.to_yaml(composer.compose("model=linear"))
    assert recipe.corrections(composed) == ["++seed=0"]
    assert contradictions(["seed=9"], ["++seed=0"]) == ["seed=9 in the command -> seed=0"]


def test_the_machinerys_settings_stay_those_of_today() -> None:
    assert (
        RecordedOverrides([], "labkart:\n  workers: 4\n").corrections("labkart:\n  workers: 1\n")
        == []
    )


def test_a_secret_is_asked_for_where_only_the_command_had_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DB_PASSWORD", raising=False)
    monkeypatch.setenv("DB_HOST", "here")
    recipe = RecordedOverrides(
        ["seed=1", "db.password=***"],
        "seed: 1\ndb:\n  password: '***'\n  user: ${oc.env:DB_PASSWORD}\n  host: ${oc.env:DB_HOST}\n",
    )
    assert recipe.masked() == ["db.password"]
    assert recipe.masked(["db.password=x"]) == []
    assert recipe.with_given(["db.password=x"]) == ["seed=1", "db.password=x"]
    composed = (
        "seed: 1\ndb:\n  password: x\n  user: ${oc.env:DB_PASSWORD}\n  host: ${oc.env:DB_HOST}\n"
    )
    assert recipe.corrections(composed) == [], "what is masked is left as it is"
    assert recipe.unset_variables() == ["DB_PASSWORD"]
