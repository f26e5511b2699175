"""The experiments that a sweep has: the grids of a file, with what the command says, and the line of a mistake."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from labkart import LabkartError
from labkart.experiments.combinations import expand, sample
from labkart.experiments.sweep_file import read_grids
from tests.support.tiny import write

IR = """\
# Two systems, each over its own settings.
- model: forest
  model.params.trees: [10, 20]
- model: linear
  model.params.c: 0.1,1.0
  seed: range(2)
"""

Expanded = Callable[..., list[str]]


@pytest.fixture
def expanded(root: Path) -> Expanded:
    """The overrides of each experiment: `expanded("sweep=ir", ir="- model: forest")` writes the file first."""

    def jobs(*overrides: str, **files: str) -> list[str]:
        write(root, **{f"conf/sweep/{name}.yaml": text for name, text in files.items()})
        return [" ".join(job.overrides) for job in expand(overrides, OverridesParser.create())]

    return jobs


def test_a_file_is_the_union_of_its_grids(expanded: Expanded) -> None:
    assert expanded("sweep=ir", ir=IR) == [
        "model=forest model.params.trees=10",
        "model=forest model.params.trees=20",
        "model=linear model.params.c=0.1 seed=0",
        "model=linear model.params.c=0.1 seed=1",
        "model=linear model.params.c=1.0 seed=0",
        "model=linear model.params.c=1.0 seed=1",
    ]


def test_the_command_multiplies_each_grid_and_counts_more_than_the_file(expanded: Expanded) -> None:
    assert expanded("sweep=ir", "seed=7,8", "split.test_size=0.5", ir=IR)[:3] == [
        "model=forest model.params.trees=10 seed=7 split.test_size=0.5",
        "model=forest model.params.trees=10 seed=8 split.test_size=0.5",
        "model=forest model.params.trees=20 seed=7 split.test_size=0.5",
    ]
    assert len(expanded("sweep=ir", "seed=7,8")) == 2 * 2 + 2 * 2
    # The sweeper puts what `hydra.sweeper.params` says before the file.
    assert expanded("seed=5", "sweep=ir")[-1] == "seed=1 model=linear model.params.c=1.0"


def test_what_two_grids_have_in_common_is_there_once(expanded: Expanded) -> None:
    one = "- {model: forest, seed: [0, 1]}\n- {seed: [1, 2], model: forest}\n"
    jobs = ["model=forest seed=0", "model=forest seed=1", "seed=2 model=forest"]
    assert expanded("sweep=one", one=one) == jobs
    assert expanded("sweep=one,two", two="- {model: forest, seed: 2}\n- {}\n") == [*jobs, ""]


def test_a_grid_may_take_the_settings_of_another_one(expanded: Expanded) -> None:
    text = "- &first {model: forest, seed: range(2)}\n- {<<: *first, seed: 7}\n"
    jobs = ["model=forest seed=0", "model=forest seed=1", "model=forest seed=7"]
    assert expanded("sweep=x", x=text) == jobs


@pytest.mark.parametrize(
    ("value", "jobs"),
    [
        ("""choice("it's", 'a "b"', '1')""", ["x='it\\'s'", "x='a \"b\"'", "x='1'"]),
        ("[[8, 8], [16]]", ["x=[8,8]", "x=[16]"]),
        ('"[8, 8]"', ["x=[8,8]"]),
        ("[[]]", ["x=[]"]),
        ("{a: 1, b: null}", ["x={a:1,b:null}"]),
        ("[{a: 1}, {a: b}]", ["x={a:1}", "x={a:b}"]),
        ("[null, true, 1e-5, .nan]", ["x=null", "x=True", "x=1e-05", "x=nan"]),
        ("null", ["x=null"]),
        ("choice(a, b)", ["x=a", "x=b"]),
        ("range(0, 10, 5)", ["x=0", "x=5"]),
        ("""["a, b", 学習, "it's", "null", ""]""", ["x='a, b'", "x='学習'", "x='it\\'s'", "x='null'", "x=''"]),
        ("a text", ["x='a text'"]),
    ],
)  # fmt: skip
def test_a_list_has_its_items_as_values_and_a_text_is_hydras(
    expanded: Expanded, value: str, jobs: list[str]
) -> None:
    assert expanded("sweep=it", it=f"- x: {value}\n") == jobs


def test_a_call_in_braces_keeps_its_commas(expanded: Expanded) -> None:
    text = "- {model: lsa, dim: range(50, 150, 50), seed: choice(1,2), x: tag(a, choice(1, 2))}\n"
    dims = [f"dim={dim} seed={seed}" for dim in (50, 100) for seed in (1, 2)]
    jobs = [f"model=lsa {dim} x={x}" for dim in dims for x in (1, 2)]
    assert expanded("sweep=ir", ir=text) == jobs


def test_null_leaves_out_a_group_of_files_and_is_a_value_elsewhere(expanded: Expanded) -> None:
    assert expanded("experiment=large,null", "seed=null,0") == [
        "experiment=large seed=null",
        "experiment=large seed=0",
        "~experiment seed=null",
        "~experiment seed=0",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "conf/sweep/bad.yaml: there is no grid, so there would be nothing to run."),
        ("# c\nmodel: forest\n", 'conf/sweep/bad.yaml, line 2: must be a list of grids. Write "- " before the first setting of each grid.'),
        ("- {}\n- forest\n", "conf/sweep/bad.yaml, line 2: a grid has names and values, such as model: [a, b], got forest."),
        ("- model: a\n  seed: []\n", "conf/sweep/bad.yaml, line 2: seed has no values. [[]] is an empty list as a value of seed."),
        ("- model: a\n  seed: range(3\n", "conf/sweep/bad.yaml, line 2: seed=range(3 is not a valid Hydra override. The ( is not closed."),
        ("- model: a\n  seed: range(0)\n", "conf/sweep/bad.yaml, line 2: seed=range(0) has no values, so there would be nothing to run."),
        ("- seed: interval(0, 1)\n", "conf/sweep/bad.yaml, line 1: seed=interval(0, 1): a sweep needs a list or range(...); intervals are for a search."),
        ("- seed: choice(0, null)\n", "conf/sweep/bad.yaml, line 1: seed=choice(0, null): choice(...) does not take null. Write 'seed=0, null'"),
        ("- a: 1\n  a: 2\n", "conf/sweep/bad.yaml, line 2, column 3: this name is there twice. Remove one of them (a)."),
        ("- a: 1\n   b: 2\n", 'conf/sweep/bad.yaml, line 2, column 5: there is a ":" too many, or the line before has none or another indent. Write a text with ": " in quotes.'),
        ("- sweep: ir\n", "conf/sweep/bad.yaml, line 1: sweep is for all grids. Add it to the command: sweep=..."),
        ("- hydra/launcher: slurm\n", "conf/sweep/bad.yaml, line 1: hydra/launcher is for all grids. Add it to the command: hydra/launcher=..."),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_told_with_its_line(
    expanded: Expanded, text: str, sentence: str
) -> None:
    with pytest.raises(LabkartError, match=f"^{re.escape(sentence)}$"):
        expanded("sweep=bad", bad=text)


def test_a_file_that_does_not_exist_or_is_not_utf8_is_named(expanded: Expanded, root: Path) -> None:
    sentence = 'conf: no sweep "irr". Choose one of ir, jis (conf/sweep/).'
    (root / "conf/sweep").mkdir()
    (root / "conf/sweep/jis.yaml").write_bytes("- model: 表".encode("cp932"))
    with pytest.raises(LabkartError, match=f"^{re.escape(sentence)}$"):
        expanded("sweep=irr", ir=IR)
    with pytest.raises(LabkartError, match=r"^conf/sweep/jis\.yaml, line 1: this is not UTF-8"):
        expanded("sweep=jis")


def test_a_project_without_the_folder_may_have_a_setting_of_that_name(expanded: Expanded) -> None:
    assert expanded("sweep=ir,3") == ["sweep=ir", "sweep=3"]


def test_a_sample_has_each_value_once_beside_the_first_ones(root: Path) -> None:
    write(root, **{"conf/sweep/it.yaml": "- {model: [a, b], x: range(3), seed: range(1000)}\n"})
    jobs = [" ".join(job.overrides) for job in sample(read_grids("it")[0])]
    first = ["model=a x=0 seed=0", "model=b x=0 seed=0", "model=a x=1 seed=0", "model=a x=2 seed=0"]
    assert jobs[:5] == [*first, "model=a x=0 seed=1"] and len(jobs) == 4 + 19
