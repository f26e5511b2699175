"""The rule on `conf/`: which files compose."""

from pathlib import Path

import pytest

from tests.check.conftest import Find, sentences


@pytest.mark.parametrize(
    ("path", "text", "sentence"),
    [
        ("conf/config.yaml", "a: 1\n b: 2\n", "conf/config.yaml:2 broken-config: not YAML that Hydra reads: mapping values are not"),
        ("conf/model/new.yaml", "- a\n", "conf/model/new.yaml broken-config: not YAML that Hydra reads: must have lines of the form"),
        ("conf/model/new.yaml", "a: 1\na: 2\n", "conf/model/new.yaml:2 broken-config: not YAML that Hydra reads: found duplicate key a"),
        ("conf/model/new.yaml", "defaults:\n  - nothing\n", "conf/model/new.yaml broken-config: does not compose: In 'model/new': Could not load 'model/nothing'."),
        ("conf/experiment/e.yaml", "# @package _global_\ndefaults:\n  - override /model: x\n", 'conf/experiment/e.yaml broken-config: does not compose: no model "x"'),
        (
            "conf/experiment/e.yaml",
            "# @package _global_\nhydra:\n  sweeper:\n    params:\n      model: forest,tree\n",
            "conf/experiment/e.yaml:5 broken-config: names something that does not exist: no model tree in conf/model/",
        ),
        (
            "conf/search/s.yaml",
            "# @package _global_\nsearch:\n  space:\n    model.params.tree: range(3)\n    model.params.trees: range(3)\n",
            "conf/search/s.yaml:4 broken-config: names something that does not exist: no setting model.params.tree",
        ),
        (
            "conf/search/s.yaml",
            "# @package _global_\nsearch:\n  space:\n    seed: range(3\n",
            "conf/search/s.yaml:4 broken-config: names something that does not exist: seed: range(3 is not a valid choice",
        ),
    ],
)  # fmt: skip
def test_a_file_that_does_not_compose_is_named_with_its_reason(
    find: Find, path: str, text: str, sentence: str
) -> None:
    (found,) = sentences(find("broken-config", **{path: text}))
    assert found.startswith(sentence)


def test_a_file_that_is_not_utf8_is_named(find: Find, study: Path) -> None:
    (study / "conf/model/new.yaml").write_bytes("a: 表".encode("cp932"))
    (found,) = sentences(find("broken-config"))
    start = "conf/model/new.yaml broken-config: not YAML that Hydra reads: 'utf-8' codec can't"
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
