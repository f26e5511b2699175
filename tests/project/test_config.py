"""Lists of overrides of every kind mean to a composer what they mean to Hydra."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labkart.experiments.composer import Composer
from tests.support.composing import FILES, differing, hydras, outcome
from tests.support.tiny import write

pytestmark = pytest.mark.thorough

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


def test_words_mean_what_they_mean_to_hydra(here: Path) -> None:
    assert differing(LISTS) == []


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


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lists=st.lists(st.lists(WORD, max_size=4), min_size=1, max_size=3))
def test_any_words_mean_what_they_mean_to_hydra(lists: list[list[str]], here: Path) -> None:
    composer = Composer()
    for words in lists:
        assert outcome(composer.compose, words) == outcome(hydras, words)
