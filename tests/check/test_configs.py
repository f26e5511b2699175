"""Rules on `conf/` and the pipeline: what composes, what can be laid out, which settings somebody reads."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib import invalidate_caches
from pathlib import Path

import pytest
from luigi.task_register import Register
from omegaconf import OmegaConf

from labkart import project
from labkart.check import configs, laying, report
from labkart.check.composing import Composing
from labkart.check.config_access import setting_names, watch_config
from labkart.check.rules import EVERY, Tree
from tests.support.tiny import write

_TASKS = """\
from labkart import Task
from luigi import FloatParameter, IntParameter


class Split(Task[int]):
    test_size: FloatParameter = FloatParameter()


class Forest(Task[int]):
    trees: IntParameter = IntParameter()
    seed: IntParameter = IntParameter()


class Linear(Task[int]):
    c: FloatParameter = FloatParameter()
    seed: IntParameter = IntParameter()
"""
_PIPELINE = """\
from labkart import make
from .tasks import Forest, Linear, Split


def pipeline(cfg):
    make(Split, cfg.split)
    return make(Forest if "trees" in cfg.model.params else Linear, cfg.model.params, seed=cfg.seed)
"""

Look = Callable[..., list[str]]


@pytest.fixture
def look(root: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """What is found with these files; `tasks.py` and `pipeline.py` are the package's."""
    package = f"study_{abs(hash(root))}"
    monkeypatch.syspath_prepend(root / "src")
    monkeypatch.setattr(Register, "_reg", Register._reg.copy())
    write(
        root, **{"pyproject.toml": (root / "pyproject.toml").read_text().replace("study", package)}
    )

    def found(**files: str) -> list[str]:
        files = {"tasks.py": _TASKS, "pipeline.py": _PIPELINE} | files
        write(
            root,
            **{
                name if "/" in name else f"src/{package}/{name}": text
                for name, text in files.items()
            },
        )
        invalidate_caches()  # the package was not there when the path was looked at first
        here, conf = project.current(), Composing(root)
        said = [["broken-config", *each] for each in conf.found]
        said += laying.imported(here) or laying.laid_out(here, conf.files, conf.composed)
        rules = {rule.id: rule() for rule in EVERY}
        places = [
            rules[rule].at(path, key, line, **values) for rule, path, line, key, values in said
        ]
        return [
            f"{each.place} {each.rule.id}: {each.said('en')}".replace(package, "study")
            for each in places
        ]

    return found


def test_a_project_in_which_all_is_read_and_composes_has_no_findings(look: Look) -> None:
    assert look() == []


# What composes


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("conf/config.yaml", "a: 1\n b: 2\n", "conf/config.yaml:2 broken-config: not YAML that Hydra reads: mapping values are not"),
        ("conf/model/new.yaml", "- a\n", "conf/model/new.yaml broken-config: not YAML that Hydra reads: wants lines of the form"),
        ("conf/model/new.yaml", "a: 1\na: 2\n", "conf/model/new.yaml:2 broken-config: not YAML that Hydra reads: found duplicate key a"),
        ("conf/model/new.yaml", "defaults:\n  - nothing\n", "conf/model/new.yaml broken-config: does not compose: In 'model/new': Could not load 'model/nothing'."),
        ("conf/experiment/e.yaml", "# @package _global_\ndefaults:\n  - override /model: x\n", 'conf/experiment/e.yaml broken-config: does not compose: no model "x"'),
        (
            "conf/experiment/e.yaml",
            "# @package _global_\nhydra:\n  sweeper:\n    params:\n      model: forest,tree\n",
            "conf/experiment/e.yaml:5 broken-config: names what is not there: there is no model tree in conf/model/",
        ),
        (
            "conf/search/s.yaml",
            "# @package _global_\nsearch:\n  space:\n    model.params.tree: range(3)\n",
            "conf/search/s.yaml:4 broken-config: names what is not there: there is no setting model.params.tree",
        ),
        (
            "conf/search/s.yaml",
            "# @package _global_\nsearch:\n  space:\n    seed: range(3\n",
            "conf/search/s.yaml:4 broken-config: names what is not there: seed: range(3 cannot be understood",
        ),
    ],
)  # fmt: skip
def test_a_file_that_does_not_compose_is_named_with_its_reason(
    look: Look, path: str, text: str, said: str
) -> None:
    (found,) = look(**{path: text})
    assert found.startswith(said)


def test_a_file_that_is_no_utf8_is_named(look: Look, root: Path) -> None:
    (root / "conf/model/new.yaml").write_bytes("a: 表".encode("cp932"))
    (found,) = look()
    assert found.startswith(
        "conf/model/new.yaml broken-config: not YAML that Hydra reads: 'utf-8' codec can't decode"
    )


def test_without_its_first_file_there_is_no_configuration(look: Look, root: Path) -> None:
    (root / "conf/config.yaml").unlink()
    assert look() == [
        "conf/config.yaml broken-config: not there, and every configuration begins with it"
    ]


def test_a_file_that_others_begin_with_need_not_stand_alone(look: Look) -> None:
    assert (
        look(
            **{
                "conf/model/base.yaml": "params: {}\n",
                "conf/model/big.yaml": "defaults:\n  - base\nparams:\n  trees: 9\n",
            }
        )
        == []
    )


def test_this_machines_own_settings_are_not_checked(look: Look) -> None:
    assert look(**{"conf/local/other.yaml": "a: 1\na: 2\n"}) == []


# What can be laid out


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"conf/model/forest.yaml": "params:\n  trees: 3\n  tree: 1\n"}, 'conf/model/forest.yaml:3 broken-pipeline: the pipeline cannot be laid out: Forest has no parameter "tree"'),
        ({"pipeline.py": "import nothing_here\n"}, "src/study/pipeline.py:1 broken-pipeline: the pipeline cannot be imported: ModuleNotFoundError"),
        ({"tasks.py": "a = (\n"}, "src/study/tasks.py:1 broken-pipeline: the pipeline cannot be imported: SyntaxError"),
        ({"pipeline.py": "raise SystemExit('no')\n"}, "src/study/pipeline.py:1 broken-pipeline: the pipeline cannot be imported: SystemExit"),
        ({"pipeline.py": "def other(cfg):\n    pass\n"}, "src/study/pipeline.py broken-pipeline: the pipeline cannot be laid out: AttributeError"),
        ({"pipeline.py": "def pipeline(cfg):\n    return cfg.modell\n"}, 'src/study/pipeline.py:2 broken-pipeline: the pipeline cannot be laid out: conf/config.yaml has no "modell". Did you mean "model"? Add it there, or'),
        ({"pipeline.py": _PIPELINE.replace("make(S", "'trees' in cfg.model.params or cfg.model.kind\n    make(S")}, 'src/study/pipeline.py:6 broken-pipeline: the pipeline cannot be laid out: conf/model/linear.yaml has no "model.kind". Add it there, or'),
        ({"pipeline.py": "import json\nimport nowhere\n"}, "src/study/pipeline.py:2 broken-pipeline: the pipeline cannot be imported: ModuleNotFoundError: No module named 'nowhere'. Add the package that has it: uv add nowhere"),
        ({"pipeline.py": _PIPELINE.replace("make(S", "{None: 1}[cfg.model.get('name')]\n    make(S"), "conf/model/forest.yaml": "name: svm\nparams:\n  trees: 3\n"}, "src/study/pipeline.py:6 broken-pipeline: the pipeline cannot be laid out: KeyError: 'svm' (model.name in conf/model/forest.yaml). Add it to"),
        ({"pipeline.py": "def pipeline(cfg):\n    return 1\n"}, "src/study/pipeline.py broken-pipeline: the pipeline cannot be laid out: study.pipeline:pipeline returned 1."),
        ({"pipeline.py": "import os\n\n\ndef pipeline(cfg):\n    return os.listdir('data/raw')\n"}, "src/study/pipeline.py:5 broken-pipeline: the pipeline cannot be laid out: FileNotFoundError"),
    ],
    ids=["parameter", "import", "syntax", "exit", "function", "setting", "file", "package", "key", "result", "folder"],
)  # fmt: skip
def test_a_pipeline_that_cannot_be_laid_out_is_told_once_and_where(
    look: Look, files: dict[str, str], said: str
) -> None:
    (found,) = look(**files)
    assert found.startswith(said)


# Which settings are read


def test_a_setting_that_nothing_reads_is_found_where_it_is_written(look: Look) -> None:
    files = {
        "conf/config.yaml": "defaults:\n  - _self_\n  - model: forest\n  - experiment: null\nseed: 0\nsplit:\n  test_size: 0.25\nextra:\n  deep: 1\n  list: [1, 2]\nempty: {}\n",
        "conf/model/forest.yaml": "params:\n  trees: 300\n\n# why\nnote: hello\n",
        "conf/experiment/large.yaml": "# @package _global_\nmodel:\n  own: 1\n",
    }  # fmt: skip
    assert look(**files) == [
        "conf/config.yaml:9 unused-key: no pipeline reads extra.deep",
        "conf/config.yaml:10 unused-key: no pipeline reads extra.list",
        "conf/experiment/large.yaml:3 unused-key: no pipeline reads model.own",
        "conf/model/forest.yaml:5 unused-key: no pipeline reads model.note",
    ]


def test_a_setting_that_one_of_many_configurations_reads_is_used(look: Look) -> None:
    more = _PIPELINE.replace(
        "    make(Split", "    if 'c' in cfg.model.params:\n        cfg.only_linear\n    make(Split"
    )
    config = "defaults:\n  - _self_\n  - model: forest\n  - experiment: null\nseed: 0\nonly_linear: 1\nsplit:\n  test_size: 0.25\n"
    assert look(**{"pipeline.py": more, "conf/config.yaml": config}) == []


def test_what_the_machinery_reads_is_used(look: Look) -> None:
    config = "defaults:\n  - _self_\n  - model: forest\n  - experiment: null\nseed: 0\nsplit:\n  test_size: 0.25\ntask: null\nlabkart:\n  tags: [a]\n"
    search = "# @package _global_\nsearch:\n  objectives:\n    accuracy: maximize\n  space:\n    seed: range(3)\n"
    assert look(**{"conf/config.yaml": config, "conf/search/s.yaml": search}) == []


@pytest.mark.parametrize(
    ("use", "read"),
    [
        (lambda cfg: cfg.a, {"a"}),
        (lambda cfg: cfg["b"].c, {"b.c"}),
        (lambda cfg: cfg.get("missing"), set()),
        (lambda cfg: cfg.b, set()),
        (lambda cfg: list(cfg.b), set()),
        (lambda cfg: dict(cfg.b), {"b.c", "b.d"}),
        (lambda cfg: [*cfg.e], {"e"}),
        (lambda cfg: cfg.f, {"f", "b.c"}),
        (lambda cfg: OmegaConf.to_container(cfg.b), {"b.c", "b.d"}),
        (lambda cfg: OmegaConf.to_container(cfg, resolve=True), {"a", "b.c", "b.d", "e", "f"}),
        (lambda cfg: OmegaConf.merge(cfg.b, {"d": 3}).c, {"b.c", "b.d"}),
        (lambda cfg: OmegaConf.select(cfg, "b.d"), {"b.d"}),
    ],
)
def test_each_way_to_read_a_setting_is_noticed(use: Callable[..., object], read: set[str]) -> None:
    cfg, asked = (
        OmegaConf.create("{a: 1, b: {c: x, d: null}, e: [1, {g: 2}], f: '${b.c}'}"),
        set[str](),
    )
    other = watch_config(cfg, asked)
    assert asked == set()
    value = use(other)
    assert asked == read
    assert value == use(cfg)
    assert setting_names(cfg) == {"a", "b.c", "b.d", "e", "f"}


# In another process, and remembered


def test_the_other_process_is_asked_again_only_when_something_changed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(root / "src")
    write(
        root,
        **{
            "src/study/__init__.py": "",
            "src/study/tasks/__init__.py": _TASKS,
            "src/study/pipeline.py": f"print('aloud')\n{_PIPELINE}",
        },
    )
    write(root, **{"conf/model/forest.yaml": "params:\n  trees: ${oc.env:TREES,3}\nnote: 1\n"})
    started = list[object]()
    real = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *args, **more: started.append(args) or real(*args, **more)
    )

    def look() -> list[str]:
        found = report.look(
            Tree(project.current()),
            [configs.BrokenConfig, configs.BrokenPipeline, configs.UnusedKey],
        )
        return [f"{each.place} {each.rule.id}" for each in found]

    def asked() -> int:
        return sum(words[0][0] == sys.executable for words in started)

    unread = ["conf/model/forest.yaml:3 unused-key"]
    assert look() == look() == unread and asked() == 1
    works = (
        _TASKS.replace("trees:", "# How many.\n    trees:")
        + "\n    def run(self):\n        self.dump({})\n"
    )
    for result, times in (("1", 2), ("2", 2)):  # no run() is run, so what it does changes no answer
        write(root, **{"src/study/tasks/__init__.py": works.format(result)})
        assert look() == unread and asked() == times
    write(
        root, **{"src/study/tasks/__init__.py": works.format("(lambda x, x: x)")}
    )  # the parser takes that
    assert look() == ["src/study/tasks/__init__.py:20 broken-pipeline"] and asked() == 3
    write(root, **{"src/study/tasks/__init__.py": works.format("1")})
    monkeypatch.setenv("TREES", "many")
    assert (
        look() == look() == ["conf/model/forest.yaml broken-pipeline"] and asked() == 5
    )  # no failure is remembered
    write(root, **{"src/study/pipeline.py": "import os\nos._exit(3)\n"})
    assert look() == ["src/study/pipeline.py broken-pipeline"] and asked() == 6
    assert json.loads((root / "outputs/memos/check.json").read_text())["found"]


_LISTS = """\
import os
from pathlib import Path
from labkart import make
from .tasks import Linear

FILES = sorted(Path("data/raw").glob("*.csv"))


def pipeline(cfg):
    assert FILES, "no files"
    assert os.environ.get("GRID", "small") != "none", "no grid"
    assert not Path("data/raw/stop").exists(), "stopped"
    return make(Linear, c=1.0, seed=0)
"""


def test_an_answer_holds_as_long_as_what_the_pipeline_looked_at_is_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        root,
        **{
            "src/study/__init__.py": "",
            "src/study/tasks/__init__.py": _TASKS,
            "src/study/pipeline.py": _LISTS,
        },
    )
    write(root, **{"data/raw/a.csv": "1", "data/raw/b.csv": "1"})
    monkeypatch.syspath_prepend(root / "src")
    memo = root / "outputs/memos/check.json"

    def look() -> list[str]:
        found = report.look(Tree(project.current()), [configs.BrokenPipeline])
        return [each.said("en").rpartition(": ")[2] for each in found]

    assert look() == []
    written = memo.stat().st_mtime_ns
    monkeypatch.setenv("OTHER", "x")
    write(root, **{"data/raw/a.csv": "2"})
    assert look() == [] and memo.stat().st_mtime_ns == written, (
        "the names of the files count, and not what is in them"
    )
    monkeypatch.setenv("GRID", "none")
    assert look() == ["no grid"]
    monkeypatch.delenv("GRID")
    write(root, **{"data/raw/stop": ""})
    assert look() == ["stopped"]
    (root / "data/raw/stop").unlink()
    (root / "data/raw/b.csv").unlink()
    assert look() == [] and memo.stat().st_mtime_ns > written
    (root / "data/raw/a.csv").unlink()
    assert look() == ["no files"]
    assert "none" not in memo.read_text(), "a variable may hold a secret"
