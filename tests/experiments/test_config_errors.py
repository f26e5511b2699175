# ruff: noqa: RUF001 (a Japanese keyboard writes such characters)
"""What was typed, on the command line or in conf/, and the sentence that says what is wrong with it."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from labkart import LabkartError, compose
from labkart.experiments.config import InvalidOverride, load
from labkart.experiments.config_errors import explain_error
from tests.support.tiny import write
from tests.support.variants import variants


def refused(sentence: str) -> Any:
    return pytest.raises(LabkartError, match=f"^{re.escape(sentence)}$")


NAME = "a name has only parts of ASCII letters, digits and _, with a dot between them. Set others in conf/."
QUOTES = "a value with such characters must be in quotes, for Hydra and for the shell."

OVERRIDES = {
    # Files.
    "model=forrest": 'conf: no model "forrest". Choose one of forest, linear (conf/model/).',
    "model=Forest": 'conf: no model "Forest". Choose one of forest, linear (conf/model/).',
    "model=": 'conf: no model "". Choose one of forest, linear (conf/model/).',
    "model=conf/model/forest": 'conf: no model "conf/model/forest". Choose one of forest, linear (conf/model/).',
    "experiment=huge": 'conf: no experiment "huge". Choose one of large (conf/experiment/).',
    "model=null": "model=null: name a file of conf/model/. '~model' leaves it out.",
    "model=5": "model=5: name a file of conf/model/. '~model' leaves it out.",
    "model=[1,[2]]": "model=[1,[2]]: name a file of conf/model/. '~model' leaves it out.",
    "+model=linear": '+model=linear: "model" is set already. Write model=linear.',
    "+model=forest": '+model=forest: "model" is set already. Write model=forest.',
    "++model=linear": '++model=linear: "model" is set already. Write model=linear.',
    "~model=linear": "~model=linear: it has another value. Write ~model.",
    "modell=forest": 'conf/config.yaml: no setting "modell". Did you mean "model"?',
    "Model=forest": 'conf/config.yaml: no setting "Model". Did you mean "model"?',
    # Settings.
    "sed=1": 'conf/config.yaml: no setting "sed". Did you mean "seed"?',
    "~sed": 'conf/config.yaml: no setting "sed". Did you mean "seed"?',
    "split.size=1": 'conf/config.yaml: no setting "split.size". Did you mean "test_size"?',
    "model.params.tree=1": 'conf/model/forest.yaml: no setting "model.params.tree". Did you mean "trees"?',
    "splitt.test_size=1": 'conf/config.yaml: no setting "splitt.test_size". Did you mean "split.test_size"?',
    "model.parms.trees=1": 'conf/model/forest.yaml: no setting "model.parms.trees". Did you mean "model.params.trees"?',
    "model.parms.tree=1": 'conf/model/forest.yaml: no setting "model.parms.tree". Did you mean "model.params.trees"?',
    "splitt.width=1": 'conf/config.yaml: no setting "splitt.width". Did you mean "split"?',
    "trees=3": 'conf/config.yaml: no setting "trees". Did you mean "model.params.trees"?',
    "model.trees=3": 'conf/config.yaml: no setting "model.trees". Did you mean "model.params.trees"?',
    "width=3": 'conf/config.yaml: no setting "width". Choose one of model, seed, split.',
    "split.width=3": 'conf/config.yaml: no setting "split.width". Choose one of test_size.',
    "split={test_size:0.1,width:3}": 'conf/config.yaml: no setting "split.width". Choose one of test_size.',
    "split={size:0.1}": 'conf/config.yaml: no setting "split.size". Did you mean "test_size"?',
    "seed.x=1": 'conf/config.yaml: no setting "seed.x". "seed" has no settings: it is 0.',
    "hydra.jobs.chdir=true": 'conf/config.yaml: no setting "hydra.jobs.chdir". Did you mean "hydra.job.chdir"?',
    "+seed=1": '+seed=1: "seed" is set already. Write seed=1.',
    "~seed=5": "~seed=5: it has another value. Write ~seed.",
    "split=[1]": "split=[1]: this is a section in conf/, not a list. Set one of its settings, name.of.it=value.",
    # Several values.
    "seed=0,1,2": "seed=0,1,2 names several values: add -m to run each of them; 'seed=[0,1,2]' is a list.",
    "model=forest,linear": "model=forest,linear names several values: add -m to run each of them.",
    "seed=choice(1,2)": "seed=choice(1,2) names several values: add -m to run each of them.",
    # Not name=value.
    "": "An empty argument is not a setting. Write name=value, as model=forest.",
    "forest": "forest is not a setting. Write name=value, as model=forest.",
    "seed 1": "seed 1 is not a setting. Write name=value, as model=forest.",
    "seed:1": 'seed:1: a setting has "=", not ":". Write seed=1',
    "=1": "=1: the name is missing. Write name=value, as model=forest.",
    "seed =1": 'seed =1: there are blanks around "=". Write seed=1',
    "--seed=1": "--seed=1: a setting begins without dashes. Write seed=1",
    "モデル=1": f'モデル=1 is not a valid Hydra override. "モデル" is no name: {NAME}',
    "split..seed=1": f'split..seed=1 is not a valid Hydra override. "split..seed" is no name: {NAME}',
    # Values.
    "seed=１２": "seed=１２: it has full-width characters. Write seed=12",
    "seed＝1": "seed＝1: it has full-width characters. Write seed=1",
    "seed=東京 タワー": f"seed=東京 タワー: {QUOTES} Write 'seed=\"東京 タワー\"'",
    "seed=「a」": f"seed=「a」: {QUOTES} Write 'seed=\"「a」\"'",
    "seed=a=b": f"seed=a=b: {QUOTES} Write 'seed=\"a=b\"'",
    "seed=(1, 2)": f"seed=(1, 2): {QUOTES} Write 'seed=\"(1, 2)\"'",
    "seed=it's": f"""seed=it's: {QUOTES} Write 'seed="it'"'"'s"'""",
    "seed=1,": "seed=1,: a comma has no value beside it. Write seed=1",
    "model=forest,": "model=forest,: a comma has no value beside it. Write model=forest",
    "seed=[1,2": "seed=[1,2 is not a valid Hydra override. The [ is not closed.",
    "seed=range(5": "seed=range(5 is not a valid Hydra override. The ( is not closed.",
    "seed='a": "seed='a is not a valid Hydra override. The ' is not closed.",
    "split={test_size=1}": 'split={test_size=1}: in {...} stands ":", not "=". Write \'split={test_size: 1}\'',
    "seed=rang(5)": "seed=rang(5) is not a valid Hydra override. 'rang(5)': Unknown function 'rang' Available: bool,choice,float,glob,int,interval,range,shuffle,sort,str,tag.",
}


def test_a_group_that_the_config_does_not_choose_from_is_named(root: Path) -> None:
    write(root, **{"conf/search/forest.yaml": "# @package _global_\nsearch: {}\n"})
    with refused(
        "search=forest: conf/config.yaml chooses no file of conf/search/. Add this line to it,"
        ' below defaults: "- search: null"'
    ):
        compose("search=forest")


def test_one_value_in_a_sweep_is_read_with_the_files_of_config_yaml(root: Path) -> None:
    with pytest.raises(InvalidOverride) as error:
        load(["model.params.depth=9"])
    sentence = str(explain_error(error.value, ["-m", "model=linear,new", "model.params.depth=9"]))
    assert sentence.startswith('conf/model/forest.yaml: no setting "model.params.depth".')
    hint = "If the files that -m chooses have it, write 'model.params.depth=choice(9)'."
    assert sentence.endswith(hint)


def test_the_wrong_one_of_two_groups_is_named(root: Path) -> None:
    with refused("model=5: name a file of conf/model/. '~model' leaves it out."):
        compose("experiment=large", "model=5")


@pytest.mark.parametrize(("override", "sentence"), variants(OVERRIDES.items(), 20))
def test_a_wrong_override_is_explained(override: str, sentence: str, root: Path) -> None:
    with refused(sentence):
        compose(override)


@pytest.mark.parametrize(
    "value",
    variants(
        [
            "日本語",
            "a=b",
            "it's",
            'say "a"',
            "back\\slash#",
            'a"b"#\\',
            "end#\\",
            "a#b",
            "~/x",
            "$(ls)",
        ],
        4,
    ),
)
def test_the_quotes_that_a_sentence_offers_keep_the_value(value: str, root: Path) -> None:
    with pytest.raises(LabkartError) as refusal:
        compose(f"seed={value}")
    (override,) = shlex.split(str(refusal.value).rpartition("Write ")[2])
    assert OverridesParser.create().parse_override(override).value() == value
    assert compose(override).seed == value


@pytest.mark.parametrize(
    "overrides",
    [["model=linear", "model.params.trees=5"], ["model.params.trees=5", "model=linear"]],
)
def test_a_wrong_setting_is_looked_for_in_the_files_that_the_other_overrides_choose(
    overrides: list[str], root: Path
) -> None:
    with refused('conf/model/linear.yaml: no setting "model.params.trees". Choose one of c.'):
        compose(*overrides)


START = "defaults:\n  - _self_\n  - model: forest\n  - experiment: null\n"

# Each begins at line 5 of conf/config.yaml and at line 1 of conf/model/forest.yaml: line 0 here.
LINES = {
    "a: [1.0\n": (0, 4, 'the "[" is not closed, or a "," is missing.'),
    "a: {b: 1\n": (0, 4, 'the "{" is not closed, or a "," is missing.'),
    "a: 'x\nb: 2\n": (0, 4, "the quote is not closed."),
    "a: 1\na: 2\n": (1, 1, "this name is there twice. Remove one of them (a)."),
    "a:\n\tb: 1\n": (1, 1, "there is a tab. Indent with spaces."),
    "a:\n  b: 1\n c: 2\n": (
        2,
        2,
        "this line is indented in another way than those above it.",
    ),
    "a:\n  - b\n  c: 1\n": (
        2,
        3,
        "this line is indented in another way than those above it.",
    ),
    "a: b: c\n": (
        0,
        5,
        'there is a ":" too many, or the line before has none or another indent. Write a text with ": " in quotes.',
    ),
    "b: 1\na:1\nc: 2\n": (1, 1, 'this is no "name: value". Write a space after ":" and "-".'),
    "b: 1\na：1\nc: 2\n": (1, 1, 'this is no "name: value". Write a space after ":" and "-".'),
    "a: 5%\nb: %x\n": (1, 4, 'a text must not begin with "%". Write it in quotes.'),
    "a: @x\n": (0, 4, 'a text must not begin with "@". Write it in quotes.'),
    "a: *x\n": (0, 4, 'a text must not begin with "*". Write it in quotes.'),
    "a: !x 1\n": (0, 4, 'a text must not begin with "!". Write it in quotes.'),
    "a: [b, ???]\n": (0, 9, "a value is missing, or must be in quotes (as '???')."),
    "[1, 2]: a\n": (0, 1, "a name must be a word, not a list or section."),
    "a: 1\n---\nb: 2\n": (1, 1, 'there is a second "---". Make it a file of its own.'),
}


@pytest.mark.parametrize("file", ["config", "model/forest"])
@pytest.mark.parametrize(("text", "place"), variants(LINES.items(), 12))
def test_a_file_that_is_not_yaml_is_named_with_line_and_column(
    text: str, place: tuple[int, int, str], file: str, root: Path
) -> None:
    start = START if file == "config" else ""
    write(root, **{f"conf/{file}.yaml": start + text})
    line, column, meaning = place
    number = line + 1 + start.count("\n")
    with refused(f"conf/{file}.yaml, line {number}, column {column}: {meaning}"):
        compose()


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_jp", "utf-16"])
@pytest.mark.parametrize("file", ["conf/config.yaml", "conf/model/forest.yaml"])
def test_a_file_that_is_not_utf8_is_named_with_its_line(
    encoding: str, file: str, root: Path
) -> None:
    (root / file).write_bytes("# a\n# 卒業研究\n".encode(encoding))
    line = 1 if encoding == "utf-16" else 2
    with refused(f"{file}, line {line}: this is not UTF-8. Save the file as UTF-8 in your editor."):
        compose()


def test_a_byte_order_mark_and_line_ends_of_windows_are_no_mistake(root: Path) -> None:
    (root / "conf/model/forest.yaml").write_bytes(b"\xef\xbb\xbfparams:\r\n  trees: 7\r\n")
    assert compose().model == {"params": {"trees": 7}}


FILES = {
    ("config", "defaults: model\n"): (
        "conf: Invalid defaults list in 'config', defaults must be a list (got str)"
    ),
    ("config", "defaults:\n  - _self_\n  - modell: forest\n"): (
        'conf/config.yaml: its defaults name "modell/forest", and conf/modell/forest.yaml does not exist.'
    ),
    ("config", "defaults:\n  - _self_\n  - model: forrest\n"): (
        'conf: no model "forrest". Choose one of forest, linear (conf/model/).'
    ),
    ("config", "defaults:\n  - _self_\n  - model: ???\n"): (
        "conf: You must specify 'model', e.g, model=<OPTION> Available options: forest linear"
    ),
    ("config", "defaults:\n  - _self_\n  - model: forest\n  - model: linear\n"): (
        "conf: Multiple values for model. To override a value use 'override model: linear'"
    ),
    ("config", "defaults:\n  - _self_\n  - other\n"): (
        'conf/config.yaml: its defaults name "other", and conf/other.yaml does not exist.'
    ),
    ("config", "defaults:\n  - _self_\n  - config\n"): (
        "conf: files name each other in their defaults without end."
    ),
    ("config", "defaults:\n  - _self_\n  - model: forest\n  - override /modell: linear\n"): (
        "conf/config.yaml: Could not override 'modell'. No match in the defaults list."
    ),
    ("config", f"{START}a: ${{b\n"): (
        'conf/config.yaml: "a" has a "${" that is not closed or not the name of a setting. Write ${name}, or \\${ for the text.'
    ),
    ("config", f"{START}model: [1]\n"): (
        "conf/model/forest.yaml: Cannot merge DictConfig with ListConfig"
    ),
    ("model/forest", "a: \0\n"): (
        "conf/model/forest.yaml: it has a character that YAML does not allow (#x0000)."
    ),
}


@pytest.mark.parametrize(("file", "sentence"), FILES.items())
def test_a_file_that_does_not_compose_is_named(
    file: tuple[str, str], sentence: str, root: Path
) -> None:
    write(root, **{f"conf/{file[0]}.yaml": file[1]})
    with refused(sentence):
        compose()


def test_a_default_of_an_experiment_that_overrides_nothing_is_named(root: Path) -> None:
    write(
        root,
        **{
            "conf/experiment/typo.yaml": "# @package _global_\ndefaults:\n  - override /modell: linear\n"
        },
    )
    with refused(
        "conf/experiment/typo.yaml: Could not override 'modell'. No match in the defaults list."
    ):
        compose("experiment=typo")


def test_a_place_in_a_list_is_a_number(root: Path) -> None:
    write(root, **{"conf/config.yaml": f"{START}layers: [1, 2]\n"})
    assert compose("layers.0=5").layers == [5, 2]
    with refused("conf: invalid literal for int() with base 10: 'a' (layers.a=5)"):
        compose("layers.a=5")
    with refused("layers={a:5}: this is a list in conf/, not a section. Write name=[...]."):
        compose("layers={a:5}")


def test_a_project_without_its_configuration_is_told(root: Path) -> None:
    (root / "conf/config.yaml").unlink()
    with refused("conf/config.yaml does not exist. Restore it: git checkout conf/"):
        compose()


def test_an_error_that_nobody_knows_is_one_line(root: Path) -> None:
    error = explain_error(ValueError("of a\n  new kind"))
    assert str(error) == "conf: of a new kind"
