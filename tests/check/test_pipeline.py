"""The rules on the pipeline: what can be imported and laid out, and which settings it reads."""

import json
from pathlib import Path

import pytest

from tests.check.conftest import PIPELINE, TASKS, Find, check, places, sentences
from tests.support.tiny import write
from tests.support.variants import variants

_RULES = ("broken-config", "broken-pipeline", "unused-key")


def test_a_project_in_which_all_is_read_and_composes_has_no_findings(find: Find) -> None:
    assert find(*_RULES) == []


@pytest.mark.parametrize(
    ("files", "sentence"),
    variants([
        ({"conf/model/forest.yaml": "params:\n  trees: 3\n  tree: 1\n"}, 'conf/model/forest.yaml:3 broken-pipeline: the pipeline cannot be laid out: Forest has no parameter "tree"'),
        ({"pipeline.py": "import nothing_here\n"}, "src/study/pipeline.py:1 broken-pipeline: cannot be imported: ModuleNotFoundError"),
        ({"tasks/__init__.py": "a = (\n"}, "src/study/tasks/__init__.py:1 broken-pipeline: cannot be imported: SyntaxError"),
        ({"tasks/more.py": "\n1 / 0\n"}, "src/study/tasks/more.py:2 broken-pipeline: cannot be imported: ZeroDivisionError: division by zero"),
        ({"pipeline.py": "raise SystemExit('no')\n"}, "src/study/pipeline.py:1 broken-pipeline: cannot be imported: SystemExit: no"),
        ({"pipeline.py": "def other(cfg):\n    pass\n"}, "src/study/pipeline.py broken-pipeline: the pipeline cannot be laid out: AttributeError"),
        ({"pipeline.py": "def pipeline(cfg):\n    return cfg.modell\n"}, 'src/study/pipeline.py:2 broken-pipeline: the pipeline cannot be laid out: conf/config.yaml has no "modell". Did you mean "model"? Add it there, or'),
        ({"pipeline.py": PIPELINE.replace("make(S", "cfg.model.kind\n    make(S")}, 'src/study/pipeline.py:6 broken-pipeline: the pipeline cannot be laid out: conf/model/forest.yaml has no "model.kind". Add it there, or'),
        ({"pipeline.py": "import json\nimport nowhere\n"}, "src/study/pipeline.py:2 broken-pipeline: cannot be imported: ModuleNotFoundError: No module named 'nowhere'. Add the package that has it: uv add nowhere"),
        ({"pipeline.py": PIPELINE.replace("make(S", "{None: 1}[cfg.model.get('name')]\n    make(S"), "conf/model/forest.yaml": "name: svm\nparams:\n  trees: 3\n"}, "src/study/pipeline.py:6 broken-pipeline: the pipeline cannot be laid out: KeyError: 'svm' (model.name in conf/model/forest.yaml). Add it to"),
        ({"pipeline.py": "def pipeline(cfg):\n    return 1\n"}, "src/study/pipeline.py broken-pipeline: the pipeline cannot be laid out: study.pipeline:pipeline returned 1."),
        ({"pipeline.py": "import os\n\n\ndef pipeline(cfg):\n    return os.listdir('data/raw')\n"}, "src/study/pipeline.py:5 broken-pipeline: the pipeline cannot be laid out: FileNotFoundError"),
        ({"pipeline.py": "def pipeline(cfg):\n    exit(3)\n"}, "src/study/pipeline.py:2 broken-pipeline: the pipeline cannot be laid out: SystemExit: 3"),
        ({"conf/model/forest.yaml": "params:\n  trees: ${oc.env:NO_SUCH_VARIABLE}\n"}, "conf/model/forest.yaml:2 broken-pipeline: the pipeline cannot be laid out: "),
        ({"pipeline.py": "import os, sys\nfrom pathlib import Path\nos.chdir('/')\nsys.stdout = Path.read_text = open = None\n1 / 0\n"}, "src/study/pipeline.py:5 broken-pipeline: cannot be imported: ZeroDivisionError"),
    ], 5),
    ids=["parameter", "import", "syntax", "tasks", "exit", "function", "setting", "file", "package", "key", "result", "folder", "exits", "variable", "patches"],
)  # fmt: skip
def test_a_pipeline_that_cannot_be_laid_out_is_found_once_and_where(
    find: Find, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], sentence: str
) -> None:
    monkeypatch.setattr(Path, "read_text", Path.read_text)  # undone after the student's code
    paths = {
        path if "/" in path and "conf" in path else f"src/study/{path}": text
        for path, text in files.items()
    }
    (found,) = sentences(find(*_RULES, **paths))
    assert found.startswith(sentence)


def test_a_rule_that_cannot_look_says_why(find: Find) -> None:
    broken = {"src/study/pipeline.py": "1 / 0\n"}
    broken["src/study/tasks/__init__.py"] = ""
    for rule in ("undocumented-task", "unseeded-random", "unused-key"):
        assert places(find(rule, **broken)) == ["src/study/pipeline.py:1 broken-pipeline"]


_PRINTS = "import os\nprint('aloud')\nos.system('echo louder')\nos.chdir('/')\n"


def test_what_the_code_prints_stays_out_of_the_output_and_is_still_shown(
    study: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(
        study,
        **{
            "src/study/pipeline.py": _PRINTS
            + PIPELINE.replace("    make(S", "    print('again')\n    make(S")
        },
    )
    write(study, **{"conf/model/forest.yaml": "params:\n  trees: 3\nnote: 1\n"})
    assert check(*_RULES, json=True) == 1
    output, errors = capfd.readouterr()
    assert [row["rule"] for row in json.loads(output)] == ["unused-key"]
    assert set(errors.split()) == {"aloud", "louder", "again"}
    assert Path.cwd() == study


def test_a_copied_projects_environment_that_imports_the_first_ones_code_is_found(
    find: Find, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path / "other",
        **{
            f"study/{name}": text
            for name, text in {
                "__init__.py": "",
                "tasks/__init__.py": TASKS,
                "pipeline.py": PIPELINE,
            }.items()
        },
    )
    monkeypatch.syspath_prepend(tmp_path / "other")
    (found,) = sentences(find(*_RULES))
    assert found.startswith(
        f"src/study/pipeline.py broken-pipeline: the pipeline cannot be laid out: study is imported from {tmp_path}"
    )


# Which settings are read


def test_a_setting_that_nothing_reads_is_found_where_it_is_written(find: Find) -> None:
    files = {
        "conf/config.yaml": "defaults:\n  - _self_\n  - model: forest\n  - experiment: null\nseed: 0\nsplit:\n  test_size: 0.25\nextra:\n  deep: 1\n  list: [1, 2]\nempty: {}\n",
        "conf/model/forest.yaml": "params:\n  trees: 300\n\n# why\nnote: hello\n",
        "conf/experiment/large.yaml": "# @package _global_\nmodel:\n  own: 1\n",
    }  # fmt: skip
    assert sentences(find("unused-key", **files)) == [
        "conf/config.yaml:9 unused-key: the pipeline never reads extra.deep",
        "conf/config.yaml:10 unused-key: the pipeline never reads extra.list",
        "conf/experiment/large.yaml:3 unused-key: the pipeline never reads model.own",
        "conf/model/forest.yaml:5 unused-key: the pipeline never reads model.note",
    ]


def test_a_setting_that_one_of_many_configurations_reads_is_used(find: Find) -> None:
    reads = PIPELINE.replace(
        "    make(S", "    if cfg.model.params.trees == 9:\n        cfg.only_big\n    make(S"
    )
    config = "defaults:\n  - _self_\n  - model: forest\nseed: 0\nonly_big: 1\nsplit:\n  test_size: 0.25\n"
    files = {"src/study/pipeline.py": reads, "conf/config.yaml": config}
    assert places(find("unused-key", **files)) == ["conf/config.yaml:5 unused-key"]
    assert find("unused-key", **{"conf/model/big.yaml": "params:\n  trees: 9\n"}) == []


def test_what_labkart_and_hydra_read_is_used(find: Find) -> None:
    config = "defaults:\n  - _self_\n  - model: forest\nseed: 0\nsplit:\n  test_size: 0.25\ntask: null\nlabkart:\n  tags: [a]\n"
    search = "# @package _global_\nsearch:\n  objectives:\n    accuracy: maximize\n  space:\n    seed: {low: 0, high: 2}\n"
    assert find(*_RULES, **{"conf/config.yaml": config, "conf/search/s.yaml": search}) == []
