"""`reports/<name>.provenance.json`: the runs and the numbers of a table, read without any record."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from labkart.errors import LabkartError
from labkart.results.report import origin, provenance
from labkart.results.report.provenance import Provenance
from tests.results.report.test_report import PLAIN, report
from tests.support.bake import clean_environment
from tests.support.runs import all_experiments, experiment, task_run


@pytest.fixture
def table(root: Path) -> Path:
    """The provenance of a table whose records are gone."""
    all_experiments()
    report(["models", "--metrics", "score", "--baseline", "model=linear", *PLAIN])
    shutil.rmtree(root / "outputs")
    return root / "reports/models.provenance.json"


def test_it_names_the_runs_and_the_stamp_in_the_table_stays_short(table: Path) -> None:
    facts = provenance.read(table)
    assert len(facts.experiments) == 12
    run = facts.experiments["forest2"]
    assert (run.overrides, run.code["commit"]) == (["model=forest", "seed=2"], "a" * 40)
    assert run.tasks[0].result["data"]["file"]["sha256"] == "d1"
    assert not {"host", "user"} & run.environment.keys()
    stamp = next(line for line in table.with_name("models.tex").read_text().splitlines()[:2][1:])
    assert len(stamp) < 300
    facts_of_tex = origin.read(table.with_name("models.tex"))
    assert facts_of_tex and facts_of_tex["provenance"] == origin.digest(table.read_bytes())


def again(facts: Provenance, **scores: float) -> dict[str, object]:
    return {
        id: replace(run, metrics={**run.metrics, "score": scores.get(id, run.metrics["score"])})
        for id, run in facts.experiments.items()
    }


def test_runs_with_the_same_metrics_give_the_same_numbers(table: Path) -> None:
    facts = provenance.read(table)
    assert facts.changed_numbers(again(facts), table, 1e-9) == []


def test_each_number_that_differs_is_a_sentence(table: Path) -> None:
    facts = provenance.read(table)
    changes = facts.changed_numbers(again(facts, forest0=0.95), table, 1e-6)
    assert "score of model=forest: mean 0.9275 -> 0.9375" in changes
    tested = "score of model=forest"
    assert f"{tested}: difference 0.1 -> 0.11" in changes
    assert any(change.startswith(f"{tested}: p ") for change in changes)
    assert not any("deep" in change and "mean" in change for change in changes)


def test_a_run_that_is_missing_lowers_n(table: Path) -> None:
    facts = provenance.read(table)
    runs = again(facts)
    del runs["forest0"]
    assert "score of model=forest: n 4 -> 3" in facts.changed_numbers(runs, table, 1e-6)


def test_a_test_over_items_is_made_again_from_the_tables_of_the_new_runs(
    root: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    for model, more in (("linear", 0), ("forest", 1)):
        task = task_run(model, tables=["per_query.csv"])
        record = experiment(model, 0, 0.5, task)
        rows = "".join(f"q{n},{n + more * (n % 3)}\n" for n in range(9))
        for folder in (root / "outputs/records/tasks", new / record.id):
            file = folder / f"{task.name}_{task.id}" / "per_query.csv"
            file.parent.mkdir(parents=True)
            file.write_text(f"query,score\n{rows}")
    words = ["--metrics", "score", "--baseline", "model=linear", "--items", "per_query"]
    report(["models", *words, "--allow", "code", *PLAIN])
    shutil.rmtree(root / "outputs")
    facts = provenance.read(root / "reports/models.provenance.json")
    assert facts.changed_numbers(again(facts), new, 1e-9) == []
    file.write_text(file.read_text().replace("q8,10", "q8,11"))
    tested = "score of model=forest"
    changes = facts.changed_numbers(again(facts), new, 1e-6)
    assert f"{tested}: difference 1 -> 1.111111111" in changes
    assert any(change.startswith(f"{tested}: p ") for change in changes)
    file.unlink()
    assert "per_query.csv of experiment forest0 does not exist" in str(
        facts.changed_numbers(again(facts), new, 1e-6)
    )


def test_a_curve_is_kept_as_its_last_value(root: Path) -> None:
    for seed in range(3):
        experiment("forest", seed, 0.9 + seed / 100, task_run(steps=500))
    report(["models", "--metrics", "score", *PLAIN])
    file = root / "reports/models.provenance.json"
    run = provenance.read(file).experiments["forest1"]
    assert [metric.value for metric in run.tasks[0].result["metrics"]] == [1 / 500]


@pytest.mark.parametrize("content", [None, "{", "{}", '{"experiments": 1}'])
def test_a_missing_or_damaged_file_is_a_sentence(table: Path, content: str | None) -> None:
    table.unlink()
    if content:
        table.write_text(content)
    with pytest.raises(LabkartError, match=r"models.provenance.json does not exist or is damaged"):
        provenance.read(table)


@pytest.mark.parametrize("facts", [{"experiments": []}, {"groups": []}, {"code": None}])
def test_an_edited_file_is_a_sentence(table: Path, facts: dict[str, object]) -> None:
    content = json.loads(table.read_text())
    changed = content if facts.keys() <= content.keys() else content["experiments"][0]
    changed.update(facts)
    table.write_text(json.dumps(content))
    with pytest.raises(LabkartError, match=r"git restore reports/models.provenance.json\."):
        provenance.read(table)


def test_the_lock_is_taken_from_the_commit_if_it_is_that_of_the_run(root: Path) -> None:
    def git(*words: str) -> str:
        command = ["git", "-C", str(root), *words]
        done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True)
        return done.stdout.strip()

    (root / "uv.lock").write_text("version = 1\n")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "First")):
        git(*words)
    record = experiment("forest", 0, 0.9, code={"commit": git("rev-parse", "HEAD")})
    record.write(shared={"uv.lock": "version = 1\n", "packages.txt": "gokart==1.0\n"})
    report(["models", "--metrics", "score", "--allow", "missing", *PLAIN])
    shutil.rmtree(root / "outputs")
    (root / "uv.lock").write_text("version = 2\n")
    file = root / "reports/models.provenance.json"
    run = provenance.read(file).experiments["forest0"]
    assert run.text("uv.lock") == "version = 1\n"
    assert run.text("packages.txt") == "gokart==1.0\n"
    facts = json.loads(file.read_text())
    assert "version = 1\n" not in facts["texts"].values()
    other = replace(run, texts={"uv.lock": "0" * 64})
    assert other.text("uv.lock") == ""
