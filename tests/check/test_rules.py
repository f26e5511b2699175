"""Rules: what breaks each one and what keeps it, waivers, and that all they say is there in both languages."""

import json
import re
import shutil
import string
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from labkart import digests, project
from labkart.check import raw, report, texts
from labkart.check.rules import EVERY, Rule, Tree
from labkart.errors import LabkartError
from labkart.records import secrets
from tests.support.bake import LIBRARY, SOURCE, TEMPLATE
from tests.support.tiny import soon, write

_RUFF = re.search(
    r"\[tool\.ruff\].*?(?=\[tool\.ruff\.lint\.isort)", (SOURCE / "pyproject.toml").read_text(), re.S
)
assert _RUFF

_HEAD = "from labkart import Task\nfrom luigi import IntParameter\n\n\n"
_NOTEBOOK = '{{"cells": [{{"cell_type": "code", "outputs": [{0}], "execution_count": {1}}}]}}'
_PRINTS = json.dumps(
    {
        "cells": [
            {
                "cell_type": "code",
                "outputs": [],
                "execution_count": None,
                "metadata": {},
                "source": ["print(1)"],
            }
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
)
_TOKEN = "ghp_" + "a1B2" * 9


def found(root: Path, *ids: str, **files: str) -> list[str]:
    """What these rules find in the tiny project with these files, as `path:line rule`."""
    write(root, **files)
    return [f"{each.place} {each.rule.id}" for each in look(root, *ids)]


def look(root: Path, *ids: str) -> Sequence[report.Finding]:
    chosen = [rule for rule in EVERY if rule.id in ids]
    assert len(chosen) == len(ids)
    return report.look(Tree(project.current()), chosen)


def task(body: str, base: str = "Task[int]") -> dict[str, str]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return {"src/study/tasks/a.py": f"{_HEAD}class Add({base}):\n{lines}"}


# A rule, files that break it, where, and files that keep it.
_CASES: list[tuple[str, dict[str, str], list[str], dict[str, str]]] = [
    (
        "outside-layout",
        {"run.py": "", "thesis/a.tex": "", "src/other/a.py": "", "data/clean/a.csv": "", "conf/a.yml": "", "src/study/a.csv": ""},
        ["conf/a.yml", "data/clean/", "run.py", "src/other/", "src/study/a.csv", "thesis/"],
        {"docs/a.md": "", "CHANGELOG.md": "", "src/study/helpers.py": "", "notebooks/a.txt": "", ".vscode/a.json": ""},
    ),
    ("stray-task", {"src/study/pipeline.py": f"{_HEAD}class Add(Task[int]):\n    pass\n"}, ["src/study/pipeline.py:5"], task("pass")),
    (
        "foreign-task",
        {"src/study/tasks/a.py": "import luigi as l\n\n\nclass Add(l.Task):\n    pass\n"},
        ["src/study/tasks/a.py:4"],
        {"src/study/tasks/a.py": "import luigi\n\n\nclass Big(luigi.IntParameter):\n    pass\n"},
    ),
    (
        "untyped-parameter",
        task("a = IntParameter()\nb: int = IntParameter()\nc, d = IntParameter(), IntParameter()"),
        ["src/study/tasks/a.py:6", "src/study/tasks/a.py:7", "src/study/tasks/a.py:8"],
        task("a: IntParameter = IntParameter()\nb: 'IntParameter' = IntParameter(default=1)\nc = 3"),
    ),
    ("undocumented-task", task("x = 1"), ["src/study/tasks/a.py:5"], task('"""Add."""')),
    (
        "heavy-property",
        task("@property\ndef a(self):\n    for x in y: pass\n\n@cached_property\ndef b(self):\n    return pd.read_csv(self.f)\n\n@property\ndef c(self):\n    return np.loadtxt(self.f)"),
        ["src/study/tasks/a.py:8", "src/study/tasks/a.py:12", "src/study/tasks/a.py:16"],
        task("@property\ndef a(self):\n    return self.n + 1\n\ndef run(self):\n    for x in y: load(x)"),
    ),
    (
        "absolute-path",
        {"src/study/a.py": 'A = "/home/ann/data.csv"\nB = "C:\\\\data"\nC = "~/data"\nD = f"/home/{A}"\nE = "/data"\nF = "/home/ann (old)/a+b.csv"\nG = r"\\\\nas\\share"\nH = "file:///home/ann"\n'},
        [f"src/study/a.py:{line}" for line in range(1, 9)],
        {"src/study/a.py": '"""/home/ann is no good."""\nA = "data/raw/a.csv"\nB = "https://example.org/a"\nC = "/"\nD = "a / b"\nE = f"{A}/raw/a.csv"\nF = A + "/raw/a.csv"\nG = F["/entry/data"]\nH = read_hdf(F, key="/entry/data")\nI = "/database"\n'},
    ),
    (
        "print",
        {"src/study/a.py": "print(1)\n"},
        ["src/study/a.py:1"],
        {"src/study/a.py": '"print(1)"\n', "notebooks/a.ipynb": _PRINTS},
    ),
    (
        "own-tracking",
        {"src/study/a.py": "import mlflow\n\nmlflow.start_run()\nmlflow.set_experiment('a')\nmlflow.tracking.MlflowClient()\n"},
        ["src/study/a.py:3", "src/study/a.py:4", "src/study/a.py:5"],
        {"src/study/a.py": "import mlflow\n\nmlflow.log_metric('a', 1)\n"},
    ),
    ("sys-path", {"src/study/a.py": "import sys\n\nsys.path.append('.')\n"}, ["src/study/a.py:3"], {"src/study/a.py": "import sys\n\nsys.exit()\n"}),
    (
        "legacy-random",
        {
            "src/study/a.py": "import numpy as np\n\nnp.random.rand()\nnp.random.default_rng()\n",
            "src/study/b.py": "from random import Random\nfrom numpy.random import default_rng as rng\n\nrng(None)\nRandom()\n",
        },
        ["src/study/a.py:3", "src/study/a.py:4", "src/study/b.py:4", "src/study/b.py:5"],
        {"src/study/a.py": "import numpy as np\n\nnp.random.default_rng(0)\nnp.random.default_rng(seed=SEED)\n"},
    ),
    ("raw-data", {"data/raw/a.csv": "1"}, ["data/raw"], {"data/raw/README.md": "About"}),
    (
        "secret",
        {"conf/a.yaml": f"a: 1\ntoken: {_TOKEN}\n"},
        ["conf/a.yaml:2"],
        {"conf/a.yaml": "token: ${oc.env:TOKEN}\n", "README.md": "The password is in the safe.\n"},
    ),
    ("large-file", {"reports/a.txt": "a" * 5_000_001}, ["reports/a.txt"], {"data/raw/a.txt": "a" * 5_000_001, "uv.lock": "a" * 5_000_001}),
    (
        "notebook-output",
        {"notebooks/a.ipynb": _NOTEBOOK.format("{}", "null"), "notebooks/b.ipynb": _NOTEBOOK.format("", "3")},
        ["notebooks/a.ipynb", "notebooks/b.ipynb"],
        {"notebooks/a.ipynb": _NOTEBOOK.format("", "null")},
    ),
    (
        "unreadable-file",
        {"src/study/tasks/a.py": "a = 1\nb = (\n", "src/study/tasks/b.py": "b = 1\0", "notebooks/a.ipynb": '{\n"cells": [', "notebooks/b.ipynb": "[]"},
        ["notebooks/a.ipynb:2", "notebooks/b.ipynb", "src/study/tasks/a.py:2", "src/study/tasks/b.py"],
        {"src/study/tasks/a.py": "\ufeffa = 1\n", "notebooks/a.ipynb": '{"cells": []}'},
    ),
    (
        "waiver",
        {
            "src/study/a.py": "# labkart: allow absolute-path\n# labkart: allow everything: why not\nprint(1)  # noqa: T201\n",
            "src/study/b.py": "print(1)  # NOQA : T201\nprint(1)  # noqa\n# ruff: disable[T201]\nprint(1)\n# ruff: enable[T201]\n",
            "src/study/c.py": "# ruff: file-ignore[T201] I like to\nprint(1)\n",
            "src/study/d.py": "# flake8: noqa\nprint(1)\n",
        },
        [
            *(f"src/study/a.py:{line}" for line in (1, 2, 3)),
            *(f"src/study/b.py:{line}" for line in (1, 2, 3)),
            *("src/study/c.py:1", "src/study/d.py:1"),
        ],
        {"src/study/a.py": "print(1)  # noqa: T201 the only line\nx = 1  # noqa: E501\n# disable\n# ruff: disable[E501]\n"},
    ),
]  # fmt: skip


@pytest.fixture
def tiny(root: Path) -> Path:
    assert _RUFF
    with (root / "pyproject.toml").open("a") as file:
        file.write(_RUFF[0])
    return root


@pytest.mark.parametrize(
    ("id", "wrong", "places", "right"), _CASES, ids=[case[0] for case in _CASES]
)
def test_a_rule_finds_what_breaks_it_and_nothing_else(
    tiny: Path, id: str, wrong: dict[str, str], places: list[str], right: dict[str, str]
) -> None:
    assert found(tiny, id, **wrong) == [f"{place} {id}" for place in places]
    for path in wrong:
        (tiny / path).unlink()
    assert found(tiny, id, **right) == []


def test_every_rule_has_such_a_test() -> None:
    elsewhere = {"broken-config", "broken-pipeline", "unused-key"}  # test_rules_configs.py
    assert {rule.id for rule in EVERY} == {case[0] for case in _CASES} | elsewhere


def test_a_task_is_known_through_other_classes_and_modules(tiny: Path) -> None:
    base = f"{_HEAD}class Base(Task[int]):\n    '''Base.'''\n"
    write(tiny, **{"src/study/tasks/base.py": base, "src/study/tasks/__init__.py": ""})
    child = "from .base import Base\n\n\nclass Child(Base):\n    a = 1\n"
    assert found(
        tiny, "undocumented-task", **{"src/study/tasks/sub/a.py": child.replace(".base", "..base")}
    ) == ["src/study/tasks/sub/a.py:4 undocumented-task"]
    assert found(
        tiny, "stray-task", **{"src/study/more.py": child.replace(".base", ".tasks.base")}
    ) == ["src/study/more.py:4 stray-task"]


def test_a_task_is_known_through_a_second_name_of_its_base(tiny: Path) -> None:
    base = "import pandas as pd\nfrom labkart import Task\nfrom luigi import Task as Other\n\nTable = Task[pd.DataFrame]\n"
    write(
        tiny,
        **{
            "src/study/tasks/base.py": f"{base}Old: type = Other\n",
            "src/study/tasks/__init__.py": "",
        },
    )
    child = "from .base import Old, Table as T\n\n\nclass Child(T):\n    a = 1\n\n\nclass Elder(Old):\n    'Old.'\n"
    assert found(tiny, "undocumented-task", "foreign-task", **{"src/study/tasks/a.py": child}) == [
        "src/study/tasks/a.py:4 undocumented-task",
        "src/study/tasks/a.py:8 foreign-task",
    ]


@pytest.mark.parametrize(
    ("settings", "hides"),
    [
        ('[tool.ruff.lint.extend-per-file-ignores]\n"src/study/**" = ["T201"]\n', True),
        ('[tool.ruff]\nextend-exclude = ["src/study/a.py"]\n', True),
        ('[tool.ruff]\nextend-exclude = ["a.py"]\n', True),
        ('[tool.ruff]\nextend-exclude = ["study"]\n', True),
        ('[tool.ruff]\nextend-exclude = ["data", "src/other"]\n', False),
        ('[tool.ruff.lint.extend-per-file-ignores]\n"src/study/**" = ["E501"]\n', False),
    ],
)
def test_settings_of_ruff_that_hide_code_are_found(settings: str, hides: bool, tiny: Path) -> None:
    table = (tiny / "pyproject.toml").read_text()
    if settings.startswith("[tool.ruff]"):
        (tiny / "pyproject.toml").write_text(table.replace("[tool.ruff]\n", settings))
    else:
        (tiny / "pyproject.toml").write_text(f"{table}\n{settings}")
    places = found(tiny, "print", **{"src/study/a.py": "x = 1\n"})
    assert places == (["pyproject.toml print"] if hides else [])


def test_a_notebook_that_is_nested_too_deep_is_no_notebook(tiny: Path) -> None:
    files = {"notebooks/a.ipynb": "[" * 100_000}
    assert found(tiny, "unreadable-file", "notebook-output", **files) == [
        "notebooks/a.ipynb unreadable-file"
    ]


def test_a_secret_is_shown_without_itself(tiny: Path) -> None:
    write(tiny, **{"src/study/a.py": f'key = load("{_TOKEN}")\n'})
    (finding,) = look(tiny, "secret")
    assert finding.said("en") == 'looks like a secret: key = load("***")'


def test_a_large_file_is_looked_through_again_when_it_changed(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, real = list[int](), secrets.spans
    monkeypatch.setattr(secrets, "spans", lambda text: seen.append(len(text)) or real(text))
    long = "a line of some text\n" * 6_000
    write(tiny, **{"reports/a.txt": long})
    soon(lambda: digests.settled(digests.stamp(tiny / "reports/a.txt") or []))
    assert found(tiny, "secret") == found(tiny, "secret") == []
    assert seen.count(len(long)) == 1
    assert found(tiny, "secret", **{"reports/a.txt": f"{long}{_TOKEN}\n"}) == [
        "reports/a.txt:6001 secret"
    ]


# What git has


def git(folder: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *words],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize("repository", [True, False])
def test_what_git_ignores_is_no_part_of_the_project(tiny: Path, repository: bool) -> None:
    shutil.copy(SOURCE / ".gitignore", tiny)
    if repository:
        git(tiny, "init", "--quiet")
    files = {
        ".venv/a.py": "",
        "outputs/a/b.txt": "",
        "src/study/__pycache__/a.pyc": "",
        "conf/local/default.yml": "",
    }
    assert found(tiny, "outside-layout", **files) == []
    assert found(tiny, "outside-layout", **{"own work/データ.py": ""}) == [
        "own work/ outside-layout"
    ]


def test_a_deleted_file_and_links_do_no_harm(tiny: Path) -> None:
    write(tiny, **{"src/study/a.py": "print(1)\n"})
    git(tiny, "init", "--quiet")
    git(tiny, "add", "--all")
    (tiny / "src/study/a.py").unlink()
    (tiny / "src/study/b.py").symlink_to("nowhere.py")
    (tiny / "notebooks").symlink_to("elsewhere")
    (tiny / "data").mkdir()
    (tiny / "data/raw").symlink_to(tiny / "conf")
    ids = [
        rule.id for rule in EVERY if not rule.id.startswith(("broken", "unused", "edited", "raw"))
    ]
    assert found(tiny, *ids) == ["notebooks outside-layout"]


# Inputs


def test_the_lock_is_what_sha256sum_reads_and_says_what_changed(tiny: Path) -> None:
    files = {
        "data/raw/b c.csv": "1",
        "data/raw/データ/a.csv": "2",
        "data/raw/back\\slash": "3",
        "data/raw/README.md": "",
    }
    write(tiny, **files)
    assert raw.lock(Tree(project.current())) == {"new": 3, "changed": 0, "missing": 0, "all": 3}
    assert found(tiny, "raw-data") == []
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "data/raw.sha256"], cwd=tiny, capture_output=True
    )
    assert done.returncode == 0, done
    write(tiny, **{"data/raw/b c.csv": "4", "data/raw/new.csv": "5"})
    (tiny / "data/raw/back\\slash").unlink()
    said = {each.path: each.key for each in look(tiny, "raw-data")}
    assert said == {
        "data/raw/b c.csv": "changed",
        "data/raw/new.csv": "new",
        "data/raw/back\\slash": "missing",
    }
    assert raw.lock(Tree(project.current())) == {"new": 1, "changed": 1, "missing": 1, "all": 3}
    assert found(tiny, "raw-data") == []


def test_what_git_ignores_may_be_absent_and_stays_locked(tiny: Path) -> None:
    git(tiny, "init", "--quiet")
    write(tiny, **{".gitignore": "*.big\n", "data/raw/a.big": "1", "data/raw/b.csv": "2"})
    raw.lock(Tree(project.current()))
    (tiny / "data/raw/a.big").unlink()
    assert found(tiny, "raw-data") == []
    assert raw.lock(Tree(project.current())) == {"new": 0, "changed": 0, "missing": 0, "all": 2}
    write(tiny, **{"data/raw/a.big": "changed"})
    assert found(tiny, "raw-data") == ["data/raw/a.big raw-data"]


def test_without_data_there_is_nothing_to_lock(tiny: Path) -> None:
    with pytest.raises(LabkartError, match="has no files to lock"):
        raw.lock(Tree(project.current()))


def test_a_damaged_lock_and_a_file_that_cannot_be_read_get_a_sentence(tiny: Path) -> None:
    write(tiny, **{"data/raw.sha256": "<<<<<<< HEAD\n"})
    assert found(tiny, "raw-data") == ["data/raw.sha256:1 raw-data"]
    (tiny / "data/raw").mkdir()
    (tiny / "data/raw/a.csv").symlink_to("nowhere")
    (finding,) = look(tiny, "raw-data")
    assert (finding.path, finding.key) == ("data/raw/a.csv", "denied")
    with pytest.raises(
        LabkartError, match=r"data/raw/a.csv: No such file or directory. Nothing was locked."
    ):
        raw.lock(Tree(project.current()))


# Waivers


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        (
            "src/study/a.py",
            'A = "/data/x/y"  # labkart: allow absolute-path: it is there on every node',
            "absolute-path",
        ),
        (
            "src/study/a.py",
            '# labkart: allow absolute-path: it is there on every node\nA = "/data/x/y"',
            "absolute-path",
        ),
        (
            "src/study/a.py",
            '# labkart: allow absolute-path: 全ノードにある\n# and\n\nA = "/data/x/y"',
            "absolute-path",
        ),
        ("conf/a.yaml", f"# labkart: allow secret: of the test server\na: {_TOKEN}", "secret"),
        ("README.md", f"<!-- labkart: allow secret: an example -->\n{_TOKEN}", "secret"),
    ],
)
def test_a_waiver_with_a_reason_covers_its_line_and_no_other(
    tiny: Path, path: str, text: str, rule: str
) -> None:
    assert found(tiny, rule, "waiver", **{path: f"{text}\n"}) == []
    last = text.splitlines()[-1].partition("  #")[0]
    assert len(found(tiny, rule, "waiver", **{path: f"{text}\n{last}\n"})) == 1


def test_a_waiver_that_waives_nothing_is_told_unless_its_rule_did_not_look(tiny: Path) -> None:
    write(tiny, **{"src/study/a.py": "A = 1  # labkart: allow absolute-path: once it was one\n"})
    assert found(tiny, "absolute-path", "waiver") == ["src/study/a.py:1 waiver"]
    assert found(tiny, "secret", "waiver") == []


def test_what_shows_how_to_write_a_waiver_is_none(tiny: Path) -> None:
    shown = "Write `<!-- labkart: allow secret: why -->`:\n\n```\n<!-- labkart: allow secret: why -->\n```\n"
    code = 'A = "# labkart: allow secret: why"\n'
    assert found(tiny, "secret", "waiver", **{"README.md": shown, "src/study/a.py": code}) == []


def test_a_rule_of_ruffs_is_waived_in_ruffs_way(tiny: Path) -> None:
    write(tiny, **{"src/study/a.py": "print(1)  # labkart: allow print: a demo\n"})
    assert found(tiny, "print", "waiver") == ["src/study/a.py:1 print", "src/study/a.py:1 waiver"]
    assert (
        found(tiny, "print", "waiver", **{"src/study/a.py": "print(1)  # noqa: T201 a demo\n"})
        == []
    )
    assert found(tiny, "waiver", **{"src/study/a.py": "print(1)  # noqa\n"}) == [
        "src/study/a.py:1 waiver"
    ]
    assert found(tiny, "waiver", **{"src/study/a.py": "# ruff: noqa: T201 all\n"}) == [
        "src/study/a.py:1 waiver"
    ]


def test_files_that_hold_no_comment_are_waived_in_a_table(tiny: Path) -> None:
    entry = '\n[[tool.labkart.allow]]\nrule = "notebook-output"\npath = "notebooks/*.ipynb"\nreason = "for the web page"\n'
    text = (tiny / "pyproject.toml").read_text()
    notebook = {"notebooks/a.ipynb": _NOTEBOOK.format("{}", "1")}
    assert (
        found(tiny, "notebook-output", "waiver", **notebook, **{"pyproject.toml": text + entry})
        == []
    )
    write(
        tiny,
        **{
            "pyproject.toml": text
            + entry.replace('"for the web page"', '""')
            + entry.replace("ipynb", "md")
        },
    )
    assert [line.split()[1] for line in found(tiny, "notebook-output", "waiver")] == [
        "notebook-output",
        "waiver",
        "waiver",
    ]
    write(tiny, **{"pyproject.toml": text + '\n[tool.labkart.allow]\nrule = "print"\n'})
    assert [each.key for each in look(tiny, "waiver")] == ["table"]


# ruff


def test_without_ruff_it_says_what_to_do(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    (finding,) = look(tiny, "print")
    assert (
        finding.said("en")
        == "ruff is not installed, and this rule needs it: uv sync, or pip install ruff"
    )


def test_settings_of_ruff_that_drop_a_rule_are_found(tiny: Path) -> None:
    text = (tiny / "pyproject.toml").read_text()
    fewer = text.replace('"T20"', '"D"').replace('"sys.path".msg', '"sys.argv".msg')
    assert found(tiny, "print", "sys-path", **{"pyproject.toml": fewer}) == [
        "pyproject.toml print"
    ] * 2 + ["pyproject.toml sys-path"]
    broken = text.replace("line-length = 120", 'line-length = "a"')
    write(tiny, **{"pyproject.toml": broken})
    (finding,) = look(tiny, "print")
    assert "ruff could not look" in finding.said("en") and "line-length" in finding.said("en")


# What they say


@pytest.mark.parametrize("rule", EVERY, ids=[rule.id for rule in EVERY])
def test_a_rule_says_all_in_both_languages(rule: type[Rule]) -> None:
    for speak in (rule.sentence, rule.why, rule.remedy):
        assert speak("en") and speak("ja") and speak("en") != speak("ja")
    japanese = texts.translations("ja")[rule.id]
    assert japanese.keys() == {"sentence", "reason", "fix", "says"}
    assert {key: names(text) for key, text in japanese["says"].items()} == {
        key: names(text) for key, text in rule.says.items()
    }


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_no_other_text_is_translated() -> None:
    japanese = texts.translations("ja")
    assert japanese.keys() == {rule.id for rule in EVERY} | {"check", "others"}
    assert {key: names(text) for key, text in japanese["check"].items()} == {
        key: names(text) for key, text in report._SAYS.items()
    }


def test_what_findings_pass_on_is_translated_as_it_is_said() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in LIBRARY.rglob("*.py"))
    kinds = (
        "a whole number",
        "a number",
        "a text",
        "true or false",
        " file ",
        " folder ",
    )  # put in where it is said
    for said, words in texts.translations("ja")["others"].items():
        assert names(said) == names(words)
        for literal, *_ in string.Formatter().parse(said):
            parts = re.split("|".join((r"\. ", *kinds)), literal)
            assert all(part.strip(' ".,(') in code for part in parts), literal


@pytest.mark.parametrize(
    ("said", "japanese"),
    [
        ('Forest has no parameter "tree". Did you mean "trees"?', 'Forest にパラメータ "tree" はありません。"trees" ではありませんか。'),
        ("Load.file: data/raw/a.csv is no file that is there. Put the file there, or name another one in conf/.", "Load.file: data/raw/a.csv というファイルはありません。そこに置くか、conf/ で別のものを指定してください。"),
        ("Forest.trees wants a whole number, not 'many'.", "Forest.trees は整数です ('many' は使えません)。"),
        ('conf/model/svm.yaml has no "model.name". Add it there, or name another one here.', 'conf/model/svm.yaml に "model.name" がありません。そこに加えるか、ここで別のものを指定してください。'),
        ("ZeroDivisionError: division by zero", "ZeroDivisionError: division by zero"),
    ],
)  # fmt: skip
def test_what_a_finding_passes_on_is_in_the_projects_language(said: str, japanese: str) -> None:
    assert texts.format_text(said, "ja") == japanese and texts.format_text(said, "en") == said


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_documentation_lists_the_rules_as_they_are(language: str) -> None:
    page = (TEMPLATE / "docs" / language / "rules.md").read_text(encoding="utf-8")
    assert page == report.markdown(EVERY, language) + "\n", "write it again: python tests/rules.py"


@pytest.fixture
def say(tiny: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def said(*words: str) -> tuple[int, str]:
        return report.show(words), capsys.readouterr().out

    return said


def test_the_fix_of_a_rule_is_told_once_however_many_places_there_are(
    tiny: Path, say: Callable[..., tuple[int, str]]
) -> None:
    write(tiny, **{"a.py": "", "b.py": "", "src/study/a.py": 'A = "/home/ann"\n'})
    code, said = say("outside-layout", "absolute-path")
    assert code == 1
    assert said.splitlines()[:4] == [
        "a.py  outside-layout  a.py has no place at the top of the project",
        "b.py  outside-layout  b.py has no place at the top of the project",
        'src/study/a.py:1  absolute-path  "/home/ann" is an absolute path',
        "",
    ]
    assert said.count("outside-layout: Move it") == said.count("absolute-path: Declare") == 1
    assert said.splitlines()[-1].startswith("3 findings, 2 rules broken.")


def test_a_misspelt_rule_is_answered_with_the_right_one(
    say: Callable[..., tuple[int, str]],
) -> None:
    with pytest.raises(LabkartError, match=r'There is no rule "secrets"\. Did you mean "secret"\?'):
        say("secrets")


def test_programs_get_json(tiny: Path, say: Callable[..., tuple[int, str]]) -> None:
    import json

    write(tiny, **{"src/study/a.py": 'A = "/home/ann"\n'})
    code, said = say("absolute-path", "--json")
    (row,) = json.loads(said)
    assert code == 1
    assert (row["path"], row["line"], row["rule"]) == ("src/study/a.py", 1, "absolute-path")
