"""Many configurations composed at once are those that Hydra composes one by one, and so are the complaints."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hydra
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from labkart.errors import LabkartError
from labkart.experiments import config
from labkart.experiments.composer import Composer
from labkart.experiments.config import Composed
from tests.support.tiny import write

FILES = {
    "conf/config.yaml": """\
defaults:
  - _self_
  - data: wine
  - model: forest
  - experiment: null
seed: 0
text: plain
doubled: ${seed}-${seed}
number: ${hydra:job.num}
home: ${oc.env:LABKART_TEST_HOME}
split:
  test_size: 0.25
  seed: 0
layers: [1, 2]
nested:
  deep: {a: 1, b: [1, {c: 2}]}
labkart:
  workers: null
""",
    "conf/data/wine.yaml": "name: wine\n",
    "conf/data/digits.yaml": "name: digits\n",
    "conf/model/forest.yaml": "name: forest\nparams:\n  trees: 300\n",
    "conf/model/linear.yaml": "name: linear\nparams:\n  c: 1.0\n  seed: ${seed}\n",
    "conf/experiment/large.yaml": "# @package _global_\ndefaults:\n  - override /model: linear\nsplit:\n  test_size: 0.5\n",
    "conf/experiment/many.yaml": "# @package _global_\nhydra:\n  sweeper:\n    params:\n      seed: range(3)\n",
    "conf/extra/one.yaml": "x: 1\n",
}

# Each list of words is one experiment; what they do to each other is in their order.
LISTS = [
    "",
    "model=linear model.params.c=0.5",
    "model.params.c=0.5",
    "model=linear seed=7",
    "seed='a b' text='c,d=e'",
    'text="it\'s"',
    "text='日本語 100%'",
    "text=null",
    "layers=[3,[4,5],{a:6}]",
    "nested.deep={a:5} nested.deep.a=6",
    "nested.deep.a=6 nested.deep={a:5}",
    "text=${seed} seed=5",
    "text=${hydra:job.num}",
    "text=${hydra:runtime.choices.model} model=linear",
    "text=${hydra:job.override_dirname} seed=8",
    "text=${oc.env:LABKART_TEST_HOME}/x",
    "text=${oc.env:LABKART_NOT_SET}",
    "experiment=large",
    "experiment=large split.test_size=0.1",
    "+model.params.depth=3 model.params.depth=4",
    "+model.params.trees=4",
    "++model.params.trees=4",
    "++seed=5 seed=3",
    "seed=3 ++seed=5",
    "split.seed=3 +split={seed:5}",
    "split.seed=3 ++split={seed:5}",
    "~split.seed split.seed=4",
    "seed=3 ~seed",
    "~seed seed=3",
    "~model",
    "model.params.trees=7 model={params:{trees:5}}",
    "model=null",
    "+data@split=digits split.name=x",
    "model@nowhere=linear",
    "extra=one",
    "+extra=one extra.x=2",
    "model=lineal",
    "sed=1",
    "model.params.tree=1",
    "model=linear model.params.trees=1",
    "seed.x=1",
    "hydra.job.name=x seed=2",
    "hydra.nothing=1",
    "+hydra.job.env_set.A=b text=${hydra:job.env_set.A}",
    "hydra/launcher=basic",
    "+note=1",
    "seed=[1",
]


@pytest.fixture
def here(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(root, **FILES)
    monkeypatch.setenv("LABKART_TEST_HOME", "/somewhere")
    monkeypatch.delenv("LABKART_NOT_SET", raising=False)
    return root


def hydras(words: Sequence[str]) -> Composed:
    """What Hydra itself makes of the words, as `labkart run` hears of it."""
    config.check_additions(words)
    try:
        with hydra.initialize_config_dir(str(Path.cwd() / "conf"), version_base="1.3"):
            return Composed.of(
                hydra.compose("config", overrides=list(words), return_hydra_config=True)
            )
    except config.InvalidOverride as error:
        raise config.explain_error(error, words) from None


def describe(composed: Composed) -> Any:
    """All that a person or a pipeline can see of it, or the complaint."""
    composed.activate()
    try:
        resolved = OmegaConf.to_container(composed.cfg, resolve=True)
    except OmegaConfBaseException as error:
        resolved = str(error)
    flags = OmegaConf.is_struct(composed.cfg), OmegaConf.is_readonly(composed.cfg)
    return (
        OmegaConf.to_container(composed.cfg),
        resolved,
        composed.choices,
        composed.overrides,
        flags,
    )


def outcome(compose: Any, words: Sequence[str]) -> Any:
    try:
        composed = compose(words)
    except LabkartError as error:
        return str(error)
    composed.number = 5
    return describe(composed)


def test_words_mean_what_they_mean_to_hydra(here: Path) -> None:
    composer = Composer()
    wrong = [
        line
        for line in LISTS
        if outcome(composer.compose, split(line)) != outcome(hydras, split(line))
    ]
    assert wrong == []


def split(line: str) -> list[str]:
    """At spaces that part words: not within quotes."""
    return re.findall(r"""(?:[^\s'"]|'[^']*'|"[^"]*")+""", line)


NAMES = [
    "seed",
    "text",
    "split",
    "split.seed",
    "model",
    "model.params.trees",
    "nested.deep",
    "nested.deep.a",
    "layers",
]
VALUES = [
    "0",
    "0.5",
    "x",
    "'a b'",
    "[1,[2]]",
    "{a:1}",
    "{params:{trees:2}}",
    "null",
    "linear",
    "${seed}",
    "${text}",
]
WORD = st.one_of(
    st.builds(
        "{}{}={}".format,
        st.sampled_from(["", "", "", "+", "++", "~"]),
        st.sampled_from(NAMES),
        st.sampled_from(VALUES),
    ),
    st.sampled_from(
        ["model=linear", "experiment=large", "data=digits", "~seed", "~model", "+data@split=digits"]
    ),
    st.sampled_from(
        [
            "text=${hydra:runtime.choices.model}",
            "text=${hydra:job.num}",
            "hydra.job.name=x",
            "+extra=one",
        ]
    ),
)


@settings(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(lists=st.lists(st.lists(WORD, max_size=4), min_size=1, max_size=3))
def test_any_words_mean_what_they_mean_to_hydra(lists: list[list[str]], here: Path) -> None:
    composer = Composer()
    for words in lists:
        assert outcome(composer.compose, words) == outcome(hydras, words)


def test_many_of_the_same_files_are_read_once(here: Path) -> None:
    loads: list[list[str]] = []

    def load(words: list[str]) -> Any:
        loads.append(words)
        return config.load(words)

    composer = Composer(load)
    for seed in range(50):
        composer.compose(
            ["model=linear", f"seed={seed}", f"model.params.c={seed}", f"+split.note={seed}"], seed
        )
    assert loads == [[], ["model=linear"]]


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
