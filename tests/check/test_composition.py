"""The rule on `conf/`: which files compose."""

from pathlib import Path

import pytest

from tests.check.conftest import Find, sentences
from tests.support.variants import variants


@pytest.mark.parametrize(
    ("path", "text", "sentence"),
    variants([
        ("conf/config.yaml", "a: 1\n b: 2\n", 'conf/config.yaml:2 broken-config: cannot be read: there is a ":" too many'),
        ("conf/model/new.yaml", "- a\n", "conf/model/new.yaml broken-config: cannot be read: must have lines of the form"),
        ("conf/model/new.yaml", "a: 1\na: 2\n", "conf/model/new.yaml:2 broken-config: cannot be read: this name is there twice."),
        ("conf/model/new.yaml", "defaults:\n  - nothing\n", 'conf/model/new.yaml broken-config: does not compose: its defaults name "model/nothing", and conf/model/nothing.yaml does not exist.'),
        ("conf/experiment/e.yaml", "# @package _global_\ndefaults:\n  - override /model: x\n", 'conf/experiment/e.yaml broken-config: does not compose: no model "x"'),
        (
            "conf/experiment/e.yaml",
            "# @package _global_\nhydra:\n  sweeper:\n    params:\n      model: forest,tree\n",
            'conf/experiment/e.yaml:5 broken-config: does not compose: conf: no model "tree". Choose one of forest (conf/model/).',
        ),
        (
            "conf/search/s.yaml",
            "# @package _global_\nsearch:\n  space:\n    model.params.tree: {low: 0, high: 2}\n    model.params.trees: {low: 0, high: 2}\n",
            'conf/search/s.yaml:4 broken-config: does not compose: conf/model/forest.yaml: no setting "model.params.tree". Did you mean "trees"?',
        ),
        (
            "conf/search/s.yaml",
            "# @package _global_\nsearch:\n  space:\n    model: {choices: [forest, tree]}\n",
            'conf/search/s.yaml:4 broken-config: does not compose: conf: no model "tree".',
        ),
    ], 3),
)  # fmt: skip
def test_a_file_that_does_not_compose_is_named_with_its_reason(
    find: Find, path: str, text: str, sentence: str
) -> None:
    (found,) = sentences(find("broken-config", **{path: text}))
    assert found.startswith(sentence)


def test_a_parameter_of_a_search_is_looked_for_where_it_exists(find: Find) -> None:
    linear = {"conf/model/linear.yaml": "name: linear\nparams:\n  c: 1.0\n"}
    space = """\
    model: {choices: [forest, linear]}
    model.params.trees: {low: 0, high: 2, when: {model: forest}}
    model.params.c: {low: 0, high: 2, when: {model: linear}}
    model.params.d: {low: 0, high: 2, when: {model: [linear]}}
"""
    search = {"conf/search/s.yaml": f"# @package _global_\nsearch:\n  space:\n{space}"}
    assert sentences(find("broken-config", **linear, **search)) == [
        'conf/search/s.yaml:7 broken-config: does not compose: conf/model/linear.yaml: no setting "model.params.d". Choose one of c.'
    ]


def test_the_space_of_a_search_may_take_values_from_other_settings(find: Find) -> None:
    space = "    model.params.trees: {low: 0, high: '${HIGH}'}\n"
    search = f"# @package _global_\nsearch:\n  space:\n{space}"
    right = {"conf/search/s.yaml": search.replace("HIGH", "model.params.trees")}
    assert find("broken-config", **right) == []
    wrong = {"conf/search/s.yaml": search.replace("HIGH", "nowhere")}
    (found,) = sentences(find("broken-config", **wrong))
    assert found.startswith("conf/search/s.yaml broken-config: cannot be read: Interpolation key")


def test_an_argument_of_a_parameter_of_a_search_is_checked(find: Find) -> None:
    space = "    model.params.trees: {low: 0, hihg: 9}\n"
    search = {"conf/search/s.yaml": f"# @package _global_\nsearch:\n  space:\n{space}"}
    assert sentences(find("broken-config", **search)) == [
        'conf/search/s.yaml broken-config: cannot be read: model.params.trees: a parameter has no "hihg". Did you mean "high"?'
    ]


@pytest.mark.thorough
def test_a_parameter_of_a_search_exists_with_each_file_that_the_search_chooses(find: Find) -> None:
    """The defaults' own model need not have it."""
    models = {
        "conf/model/linear.yaml": "name: linear\nparams:\n  c: 1.0\n",
        "conf/model/ridge.yaml": "name: ridge\nparams:\n  c: 1.0\n",
    }
    space = "    model: {choices: [ridge, linear]}\n    model.params.c: {low: 0, high: 2}\n"
    head = "# @package _global_\nsearch:\n  space:\n"
    search = {"conf/search/s.yaml": head + space}
    assert sentences(find("broken-config", **models, **search)) == []
    search = {"conf/search/s.yaml": head + space.replace("linear", "forest")}
    assert sentences(find("broken-config", **models, **search)) == [
        'conf/search/s.yaml:5 broken-config: does not compose: conf/model/forest.yaml: no setting "model.params.c". Choose one of trees.'
    ]


def test_a_file_that_is_not_utf8_is_named(find: Find, study: Path) -> None:
    (study / "conf/model/new.yaml").write_bytes("a: 表".encode("cp932"))
    (found,) = sentences(find("broken-config"))
    start = "conf/model/new.yaml:1 broken-config: cannot be read: this is not UTF-8."
    assert found.startswith(start)


def test_without_its_first_file_there_is_no_configuration(find: Find, study: Path) -> None:
    (study / "conf/config.yaml").unlink()
    assert sentences(find("broken-config")) == [
        "conf/config.yaml broken-config: missing, and every configuration starts with it"
    ]


def test_a_file_that_others_start_with_need_not_compose_alone(find: Find) -> None:
    base = {"conf/model/base.yaml": "params:\n  trees: ${nowhere}\n"}
    big = {"conf/model/big.yaml": "defaults:\n  - base\nparams:\n  trees: 9\n"}
    assert find("broken-config", "broken-pipeline", **base, **big) == []


def test_the_settings_of_this_machine_are_not_checked(find: Find) -> None:
    assert find("broken-config", **{"conf/local/other.yaml": "a: 1\na: 2\n"}) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    variants([
        ("# c\n- model: forest\n  model.params.tree: [1, 2]\n", 'conf/sweep/ir.yaml:3 broken-config: does not compose: conf/model/forest.yaml: no setting "model.params.tree". Did you mean "trees"?'),
        ("- model: [forest, tree]\n", 'conf/sweep/ir.yaml:1 broken-config: does not compose: conf: no model "tree".'),
        ("- model: forest\n  seed: range(3\n", "conf/sweep/ir.yaml:2 broken-config: cannot be read: seed=range(3 is not a valid Hydra override."),
        ("model: forest\n", "conf/sweep/ir.yaml:1 broken-config: cannot be read: must be a list of grids."),
        ("- model: forest\n  model.params.trees: [1, many]\n", "conf/sweep/ir.yaml:2 broken-pipeline: the pipeline cannot be laid out: model.params.trees=many: Forest.trees must be an integer, got 'many'."),
    ], 2),
)  # fmt: skip
def test_names_and_values_of_a_sweep_are_checked_and_the_line_is_named(
    find: Find, text: str, sentence: str
) -> None:
    (found,) = sentences(find("broken-pipeline", **{"conf/sweep/ir.yaml": text}))
    assert found.startswith(sentence)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("- {model: forest, model.params.tree: [1, 2]}\n", "conf/sweep/ir.yaml:1"),
        ("- model: forest\n  seed: interval(0, 1)\n", "conf/sweep/ir.yaml:2"),
        ("- model: [a\n  b: c: d\n", "conf/sweep/ir.yaml:1"),
        ("- model: forest\n  model.params.trees: [1, many]\n", "conf/sweep/ir.yaml:2"),
    ],
)
def test_the_line_of_a_sweep_is_named_in_japanese_too(
    find: Find, study: Path, text: str, place: str
) -> None:
    settings = (study / "pyproject.toml").read_text() + 'language = "ja"\n'
    files = {"pyproject.toml": settings, "conf/sweep/ir.yaml": text}
    (found,) = find("broken-pipeline", **files)
    assert found.place == place and "行" not in found.message()


def test_a_sweep_that_is_right_is_not_found(find: Find) -> None:
    text = "- {model: forest, model.params.trees: range(1, 900), seed: [1, 2]}\n- {}\n"
    assert find("broken-pipeline", "unused-key", **{"conf/sweep/ir.yaml": text}) == []


TWICE = {
    "conf/config.yaml": "defaults:\n  - _self_\n  - net@teacher: big\n  - net@student: small\n",
    "conf/net/big.yaml": "trees: 2\nseed: 0\n",
    "conf/net/small.yaml": "trees: 1\nseed: 0\nextra: 1\n",
    "src/study/pipeline.py": """\
from labkart import make
from .tasks import Forest


def pipeline(cfg):
    nets = cfg.teacher, cfg.student
    return [make(Forest, trees=net.trees, seed=net.seed) for net in nets]
""",
}


def test_the_settings_of_a_group_that_is_used_twice_are_read_under_both_names(
    find: Find, study: Path
) -> None:
    (study / "conf/model/forest.yaml").unlink()
    assert sentences(find("broken-pipeline", "unused-key", **TWICE)) == [
        "conf/net/small.yaml:3 unused-key: the pipeline never reads student.extra"
    ]
