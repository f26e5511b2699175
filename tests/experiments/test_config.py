"""Many configurations composed at once are those that Hydra composes one by one, and so are the complaints."""

from pathlib import Path
from typing import Any

import pytest

from labkart.experiments.composer import Composer, compose_overrides
from labkart.experiments.config import load as load_config
from tests.support.composing import FILES, differing
from tests.support.tiny import write

# One of each kind; tests/project/test_config.py has many more.
LISTS = [
    "",
    "model=linear model.params.c=0.5",
    "seed='a b' text='c,d=e'",
    "nested.deep.a=6 nested.deep={a:5}",
    "text=${hydra:runtime.choices.model} model=linear",
    "++seed=5 seed=3",
    "split.seed=3 +split={seed:5}",
    "~split.seed split.seed=4",
    "model=lineal",
    "model.params.tree=1",
]


@pytest.fixture
def here(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(root, **FILES)
    monkeypatch.setenv("LABKART_TEST_HOME", "/somewhere")
    monkeypatch.delenv("LABKART_NOT_SET", raising=False)
    return root


def test_words_mean_what_they_mean_to_hydra(here: Path) -> None:
    assert differing(LISTS) == []


def test_many_of_the_same_files_are_read_once(here: Path) -> None:
    loads: list[list[str]] = []

    def load(words: list[str]) -> Any:
        loads.append(words)
        return load_config(words)

    composer = Composer(load)
    for seed in range(50):
        composer.compose(
            ["model=linear", f"seed={seed}", f"model.params.c={seed}", f"+split.note={seed}"], seed
        )
    assert loads == [["model=linear"]]


def test_what_was_composed_is_nobody_elses(here: Path) -> None:
    composer = Composer()
    one, two = composer.compose(["seed=1"], 1), composer.compose(["seed=2"], 2)
    one.cfg.split.seed = 99
    one.cfg.layers.append(3)
    assert (two.cfg.split.seed, two.cfg.layers, composer.compose([]).cfg.split.seed) == (
        0,
        [1, 2],
        0,
    )


def test_each_knows_its_own_number_while_it_is_the_active_one(here: Path) -> None:
    composer = Composer()
    both = [composer.compose([f"seed={number}"], number) for number in range(2)]
    for each in [*both, *both]:
        each.activate()
        assert (each.cfg.number, each.cfg.doubled) == (each.number, f"{each.number}-{each.number}")


def test_what_a_value_is_made_of_is_known(root: Path) -> None:
    text = """seed: 0
copy: ${seed}
split: {seed: 1, own: "${.seed}", up: "${..seed}", text: "run-${split.seed}-${seed}"}
parts: [{seed: "${seed}"}]
select: ${oc.select:split.seed,0}
home: ${oc.env:HOME}
place: ${split[seed]}
decoded: ${oc.decode:${seed}}
"""
    write(root, **{"conf/config.yaml": text})
    assert compose_overrides("split.seed=${copy}").references == {
        "copy": ["seed"],
        "split.seed": ["copy"],
        "split.own": ["split.seed"],
        "split.up": ["seed"],
        "split.text": ["split.seed", "seed"],
        "parts": ["seed"],
        "select": ["split.seed"],
        "place": ["split.seed"],
        "decoded": ["seed"],
    }
