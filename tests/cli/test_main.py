"""`labkart`: the verb is found, and nothing else is imported; a mistake is one sentence."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from rich.cells import cell_len

from labkart import __version__
from labkart.cli import main
from tests.support.tiny import write


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"], ["help"]])
def test_the_help_names_every_verb(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(argv) == 0
    printed = capsys.readouterr().out
    assert re.findall(r"^  (\w+)", printed, flags=re.MULTILINE) == list(main.VERBS)
    assert all(len(line) <= 100 for line in printed.splitlines())


def test_the_help_names_the_same_in_japanese() -> None:
    texts = [
        Path(main.__file__).with_name(f"help.{language}.txt").read_text(encoding="utf-8")
        for language in ("en", "ja")
    ]
    english, japanese = ([line[:28] for line in text.splitlines()[1:-3]] for text in texts)
    assert japanese == english
    assert all(cell_len(line) <= 100 for line in texts[1].splitlines())


@pytest.mark.usefixtures("japanese_root")
def test_the_help_is_in_the_language_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--help"]) == 0
    assert "パイプラインを実行する" in capsys.readouterr().out


@pytest.mark.usefixtures("japanese_root")
def test_what_argparse_says_is_in_the_language_of_the_project(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the whole usage: Python 3.11 cuts its first word off by the length of the English one."""
    errors = {
        ("reproduce",): "次の引数が必要です: run, name=value",
        ("runs", "--since"): "引数 --since: 値が一つ必要です",
        ("ui", "--port", "x"): "引数 --port: 'x' は int ではありません",
        ("report", "x", "--layout", "y"): "'y' は選べません",
    }
    for arguments, text in errors.items():
        assert main.main(list(arguments)) == 1
        printed = capsys.readouterr().err
        assert printed.startswith(f"使用方法:  labkart {arguments[0]} ") and text in printed
    assert main.main(["runs", "--foo"]) == 1
    assert capsys.readouterr().err == (
        "--foo: このようなオプションはありません。labkart runs --help を見てください。\n"
    )
    main.main(["reproduce", "--help"])
    printed = capsys.readouterr().out
    assert printed.startswith("使用方法:  labkart reproduce ") and "このヘルプを表示" in printed


def test_a_command_that_is_stopped_while_it_is_imported_ends_quietly() -> None:
    code = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "labkart.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from labkart.cli.script import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_every_verb_has_a_module() -> None:
    assert all(find_spec(f"labkart.cli.{verb}") for verb in main.VERBS)


def test_the_version_is_that_of_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--version"]) == 0
    assert capsys.readouterr().out == f"labkart {__version__}\n"


def test_help_and_version_need_none_of_the_large_libraries() -> None:
    code = "import sys; from labkart.cli.main import main; main(['--help']); print(*sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    imported = set(printed.splitlines()[-1].split())
    assert not imported & {"gokart", "hydra", "luigi", "mlflow", "numpy", "pandas", "rich"}


@pytest.mark.parametrize(
    ("verb", "hint"), [("rum", 'Did you mean "run"?'), ("xyz", "Choose one of run, search, ")]
)
def test_a_verb_that_does_not_exist_is_one_sentence(
    verb: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([verb]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith(f'labkart has no verb "{verb}". {hint}')
    assert printed.endswith("See labkart --help.\n") and printed.count("\n") == 1


@pytest.mark.parametrize("verb", ["status", "graph", "accept"])
def test_what_looks_at_one_experiment_takes_overrides_and_names_a_wrong_option(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([verb, "--help"]) == 0
    assert "name=value ..." in capsys.readouterr().out
    assert main.main([verb, "seed=1", "--fast"]) == 1
    sentence = f"--fast: there is no such option. See labkart {verb} --help.\n"
    assert capsys.readouterr().err == sentence


@pytest.mark.parametrize("verb", main.VERBS)
def test_a_misspelt_option_of_any_verb_is_a_sentence_with_the_one_that_was_meant(
    root: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main([verb, "seed=1", "model=a", "--hepl"]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith('--hepl: there is no such option. Did you mean "--help"? ')
    assert printed.count("\n") == 1


def test_a_part_of_an_options_name_is_not_that_option(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["runs", "--sin", "2026-01-01"]) == 1
    assert capsys.readouterr().err.startswith("--sin: there is no such option.")
    assert main.main(["docs", "cache", "index"]) == 1
    assert capsys.readouterr().err == "index: one word too many. See labkart docs --help.\n"


def test_a_file_in_the_place_of_a_folder_of_outputs_is_one_sentence(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(root, **{"outputs/records": ""})
    assert main.main(["runs"]) == 1
    assert capsys.readouterr().err == (
        "outputs/records is a file, and results go into a folder of that name. Move it away.\n"
    )
