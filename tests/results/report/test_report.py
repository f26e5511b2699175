"""Tables and figures of experiments: what they say, what they refuse, where they say that they come from."""

import csv
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labkart.errors import LabkartError
from labkart.records import last_used
from labkart.records.direction import Directions
from labkart.records.record import ExperimentRecord
from labkart.records.seeds import Ranking
from labkart.results.report import comparability, config, formats, latex, origin, staleness
from labkart.results.report.arguments import ReportOptions, parser
from labkart.results.report.figures import figures
from labkart.results.report.figures.figures import draw
from labkart.results.report.method import method
from labkart.results.report.report import report as make_report
from labkart.results.report.table import compare_groups
from tests.records.test_record import TASK
from tests.support.runs import LABKART, SCORES, all_experiments, experiment, task_run
from tests.support.tiny import write

pytestmark = pytest.mark.integration


@pytest.fixture
def records(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[ExperimentRecord]:
    monkeypatch.setattr(figures, "_RESOLUTION", 20)  # fewer pixels take less time
    write(root, **{"reports/README.md": "Tables.\n"})
    return all_experiments()


PLAIN = ("--figures", "none")  # figures take their time


def report(words: Sequence[str]) -> None:
    """Make what a command with these words asks for."""
    make_report(ReportOptions.of(parser().parse_intermixed_args(words)))


def parsed(name: str = "models", **settings: Any) -> config.ReportConfig:
    return config.parse(name, settings, "here")


def table_of(records: list[ExperimentRecord], **settings: Any):
    return compare_groups(
        parsed(**settings),
        Ranking(metric="score").group(records),
        Ranking(metric="score", directions=Directions(["score"])),
    )


def refusal(*words: str) -> str:
    with pytest.raises(LabkartError) as caught:
        report(words)
    return str(caught.value)


def files(root: Path) -> set[str]:
    return {each.name for each in (root / "reports").iterdir()}


# What it says


def test_a_report_is_a_table_in_three_forms_figures_and_its_definition(
    records: object, root: Path
) -> None:
    report(["models", "--metrics", "score", "--baseline", "model=linear"])
    made = {f"models.{ending}" for ending in ("yaml", "tex", "md", "csv", "provenance.json")}
    figures = {"models-comparison.pdf", "models-comparison.png"}
    assert files(root) == {"README.md", "numbers.tex"} | made | figures
    assert (
        "| linear | 4 | 0.828 ± 0.028 | \\[0.784, 0.871\\] |  |  |  |"
        in (root / "reports/models.md").read_text()
    )
    assert (root / "reports/models-comparison.png").read_bytes().startswith(b"\x89PNG")
    before = {name: (root / "reports" / name).read_bytes() for name in files(root)}
    report(["models"])
    assert {name: (root / "reports" / name).read_bytes() for name in files(root)} == before, (
        "the same, byte for byte"
    )


def test_all_numbers_are_in_the_csv_as_they_are(records: object, root: Path) -> None:
    from scipy import stats

    report(["models", "--metrics", "score", "--baseline", "model=linear", *PLAIN])
    lines = [
        line
        for line in (root / "reports/models.csv").read_text().splitlines()
        if not line.startswith("#")
    ]
    rows = {row["model"]: row for row in csv.DictReader(lines)}
    p = {
        model: stats.ttest_rel(SCORES[model], SCORES["linear"]).pvalue
        for model in ("forest", "deep")
    }
    assert {model: float(rows[model]["p"]) for model in p} == pytest.approx(p)
    (less, low), (more, high) = sorted(p.items(), key=lambda each: each[1])
    assert float(rows[less]["p_holm"]) == pytest.approx(2 * low)
    assert float(rows[more]["p_holm"]) == pytest.approx(max(2 * low, high))
    assert [rows[model]["best"] for model in ("forest", "deep", "linear")] == ["1", "1", "0"], (
        "the same mean"
    )
    assert (rows["linear"]["p"], rows["linear"]["pairs"]) == ("", "")


def test_the_best_is_the_least_where_lower_is_better(records: list[ExperimentRecord]) -> None:
    table = table_of(records, metrics=["val_loss"])
    assert [line.group.settings["model"] for line in table.lines["val_loss"]][-1] == "linear"
    assert not table.lines["val_loss"][-1].best


def test_the_method_its_assumption_and_its_correction_are_named(
    records: list[ExperimentRecord],
) -> None:
    text = method(table_of(records, baseline="model=linear", test="wilcoxon", interval="bootstrap"))
    assert "No test: too few pairs that differ, 4 of at least 6." in text
    assert "bootstrap" in text
    text = method(table_of(records, baseline="model=linear"))
    assert (
        "paired t-test (Student 1908, doi:10.1093/biomet/6.1.1), which assumes normally distributed differences, Holm-corrected (1979) for 4 tests"
        in text
    )
    assert "baseline (model linear) in pairs of runs of the same seeds" in text
    assert "d_z: Cohen's d_z" in text


def test_what_a_reader_must_know_is_on_the_terminal_too(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = {"linear": [0.5, 0.5, 0.5, 0.5], "forest": [0.52, 0.51, 0.53, 0.515]}
    for model, values in scores.items():
        for seed, score in enumerate(values):
            experiment(model, seed, score)
    report(
        ["models", "model=*", "--repeat", "fold", "--pairs", "all", "--metrics", "score", *PLAIN]
    )
    printed = capsys.readouterr().out
    assert "with the correction for folds, where a plain t-test would say 0.02" in printed
    assert "All pairs, first minus second" in printed


def test_items_are_paired_over_the_means_of_their_seeds(
    records: list[ExperimentRecord], root: Path
) -> None:
    for each, (record, high) in enumerate([(records[0], 0), (records[4], 1)]):
        task = task_run(tables=["folds.csv"], code="c1")
        task.id = f"items{each}"
        rows = "".join(f"{fold},{fold + high * (1 + fold / 10)}\n" for fold in range(5))
        write(
            root, **{f"outputs/records/tasks/Evaluate_{task.id}/folds.csv": f"fold,score\n{rows}"}
        )
        records[4 * each] = replace(record, tasks=[task])
    table = table_of(
        [records[0], records[4]],
        metrics=["score"],
        baseline="model=forest",
        items="folds.csv:fold:score",
    )
    (line,) = [line for line in table.lines["score"] if line.test]
    assert line.test
    assert (line.test.pairs, line.test.difference) == (5, pytest.approx(1.2))
    assert "in pairs of items" in method(table)
    with pytest.raises(LabkartError, match=r"folds\.csv has no column f1"):
        table_of(
            [records[0], records[4]],
            metrics=["score"],
            baseline="model=forest",
            items="folds.csv:fold:f1",
        )
    with pytest.raises(LabkartError, match="logged no such table"):
        table_of(records, metrics=["score"], baseline="model=forest", items="fold.csv:fold:score")


def test_what_two_tasks_log_under_one_name_is_not_mixed(
    records: list[ExperimentRecord], root: Path
) -> None:
    tasks = [task_run(tables=["folds.csv"], steps=3), task_run(tables=["folds.csv"], steps=2)]
    for task, label in zip(tasks, ("Fit l1", "Fit l2"), strict=True):
        task.label = task.id = label
        folder = f"outputs/records/tasks/Evaluate_{label}"
        write(root, **{f"{folder}/folds.csv": "fold,score\n1,0.5\n2,0.75\n"})
    both = [replace(each, tasks=tasks) for each in (records[0], records[4])]
    figures = draw(table_of(both, metrics=["score"], figures=["curves"]))
    panels = figures["curves"].axes
    assert [axes.get_ylabel() for axes in panels] == ["Fit l1.val_loss", "Fit l2.val_loss"]
    assert [len(axes.lines[0].get_ydata()) for axes in panels] == [3, 2]
    settings = {"metrics": ["score"], "baseline": "model=forest"}
    table_of(both, items="Fit l2/folds.csv:fold:score", **settings)
    with pytest.raises(LabkartError, match=r"Choose one of|Did you mean \"Fit l\d/folds.csv"):
        table_of(both, items="folds.csv:fold:score", **settings)


def test_letters_that_latex_and_markdown_read_in_their_own_way_are_written_as_they_are(
    records: list[ExperimentRecord],
) -> None:
    table = table_of(records, labels={"forest": "a_b & 50% $x$ #1 {y} ~ ^ \\"})
    assert (
        r"a\_b \& 50\% \$x\$ \#1 \{y\} \textasciitilde{} \textasciicircum{} \textbackslash{}"
        in latex.latex(table)
    )
    assert "a\\_b & 50% $x$" in formats.markdown(table)


def test_a_metric_that_is_not_finite_is_told_and_ruins_nothing_else(
    records: object, root: Path
) -> None:
    for seed in range(4):
        experiment("diverged", seed, float("nan") if seed else float("inf"))
    report(["models", "model=*", "--metrics", "score", "--baseline", "model=linear", *PLAIN])
    table = (root / "reports/models.md").read_text()
    assert "| diverged | 4 | nan | - |" in table
    assert "not all values are finite" in table
    assert "Holm-corrected (1979) for 2 tests" in table


def test_a_difference_has_its_own_digits_and_its_sign(records: list[ExperimentRecord]) -> None:
    close = [
        experiment("close", seed, score - 0.0041 - seed / 1e5)
        for seed, score in enumerate(SCORES["forest"])
    ]
    table = table_of([*records[:4], *close], metrics=["score"], baseline="model=forest")
    assert "\N{MINUS SIGN}0.0041" in formats.markdown(table)


def test_a_setting_that_is_a_list_is_no_distance_to_latex(records: list[ExperimentRecord]) -> None:
    text = latex.latex(table_of(records, labels={"forest": "[64, 64]", "deep": "*"}))
    assert "\n{}[64, 64] &" in text
    assert "\n{}* &" in text


def test_equal_values_are_told_as_they_are(records: list[ExperimentRecord]) -> None:
    table = table_of([*records, *(experiment("flat", seed, 0.5) for seed in range(4))])
    text = method(table)
    assert "95% confidence interval" in text
    assert "Where the deviation is 0 all runs gave the same" in text


def test_each_figure_is_drawn_where_there_is_something_to_show(records: object, root: Path) -> None:
    every = [
        experiment(model, seed, 0.8 + seed / 50 + depth / 100, task_run(steps=5), id=f"{model}{seed}{depth}",
                   overrides=[f"model={model}", f"depth={depth}"], settings={"model": model, "depth": depth, "seed": seed},
                   config={"model": model, "depth": depth, "seed": seed})
        for model in "ab" for seed in range(3) for depth in (2, 4, 10)
    ]  # fmt: skip
    figures = draw(table_of(every, metrics=["score"]))
    assert list(figures) == ["comparison", "curves"]
    assert next(
        line.get_ydata().tolist() for line in figures["curves"].axes[0].lines
    ) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])
    with pytest.raises(
        LabkartError, match="figures: curves needs metrics that tasks log with a step"
    ):
        draw(table_of([replace(each, tasks=[task_run()]) for each in every], figures=["curves"]))


def test_a_figure_speaks_of_intervals_where_it_has_some(records: list[ExperimentRecord]) -> None:
    for chosen, has_intervals in ((records, True), (records[::4], False)):
        figure = draw(table_of(chosen, metrics=["score"], figures=["comparison"]))["comparison"]
        assert figure.axes[0].get_xlabel() == "score ↑"
        assert ("bar: 95% interval of the mean" in figure.get_supxlabel()) == has_intervals


@pytest.mark.thorough
def test_japanese_labels_are_no_boxes(records: list[ExperimentRecord]) -> None:
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    if not any("CJK" in name for name in font_manager.findSystemFonts()):
        pytest.skip("no CJK font is installed: apt-get install fonts-noto-cjk")
    figure = draw(
        table_of(
            records, labels={"forest": "決定木の森", "score": "正解率"}, figures=["comparison"]
        )
    )["comparison"]
    (label,) = [
        each for each in figure.axes[0].get_yticklabels() if "決定木の森" in each.get_text()
    ]
    fonts = font_manager.fontManager._find_fonts_by_props(label.get_fontproperties())
    known = set().union(
        *(map(chr, FT2Font(font).get_charmap()) for font in fonts if "LastResort" not in font)
    )
    assert set(label.get_text()) <= known
    figure.savefig(Path("figure.pdf"))


# What it refuses


@pytest.mark.parametrize(
    ("kind", "changed", "message"),
    [
        ("code", {"task": task_run(code="c2")}, "Evaluate ran with 2 versions of its code"),
        ("packages", {"task": task_run(packages="p2")}, "Evaluate ran with 2 sets of packages"),
        ("data", {"task": task_run(data="d2")}, "data/raw/table.csv had 2 contents (d1, d2)"),
        (
            "dirty",
            {"code": {"commit": "b", "dirty": True}},
            "forest1 (model=forest seed=1) ran on code that was not",
        ),
        ("failed", {"status": "failed"}, "forest1 (model=forest seed=1): failed. Run it again: "),
    ],
)
def test_runs_that_do_not_belong_together_are_refused_unless_it_is_said(
    records: object, root: Path, kind: str, changed: dict[str, Any], message: str
) -> None:
    experiment("forest", 1, 0.93, **changed)
    text = refusal("models", "model=*")
    assert f"  {kind}: {message}" in text
    assert text.endswith(f"Or add --allow {kind} to the command; the caption will say so.")
    assert files(root) == {"README.md"}, "nothing is half-written"
    report(["models", "model=*", "--allow", kind, *PLAIN])
    assert (
        f"Not the same in all runs, as allowed: {kind}." in (root / "reports/models.md").read_text()
    )


@pytest.mark.parametrize("kind", ["experiments/forest1", "tasks/Evaluate_c1p1d1"])
def test_a_record_that_was_edited_is_refused_whatever_is_allowed(
    records: object, root: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(staleness, "_changed", lambda *_: "")
    replace(TASK, name="Evaluate", id="c1p1d1", wall_seconds=0.93).write()
    report(["models", "model=*", *PLAIN])
    file = root / f"outputs/records/{kind}/record.json"
    file.write_text(file.read_text().replace("0.93", "0.99"))
    text = refusal("models", "--allow", "failed")
    whose, record = ("forest1", "its own") if "forest" in kind else ("deep3", "Evaluate")
    assert f"edited: {whose} (model=" in text and f"a record was edited ({record})" in text
    assert "--allow" not in text
    if "forest" in kind:
        assert "models: the record of forest1 was edited" in refusal("--check")


def test_a_run_that_is_missing_is_named_with_the_command_that_makes_it(
    records: object, root: Path
) -> None:
    shutil.rmtree(root / "outputs/records/experiments/deep2")
    assert "missing: model=deep has no run with seed=2. Run it: " in refusal("models", "model=*")


def test_missing_seeds_are_one_command_and_name_no_setting_that_a_group_lacks(
    records: object, root: Path
) -> None:
    for seed in range(3):
        config = {
            "model": "lsa",
            "split": {"seed": seed},
            "labkart": {"seeds": ["seed", "split.seed"]},
        }
        changes = {"settings": {"model": "lsa"}, "config": config}
        experiment("lsa", seed, 0.5, overrides=["model=lsa", f"split.seed={seed}"], **changes)
    experiment("few", 0, 0.5)
    text = refusal("models", "model=*")
    assert "model=few has no run with seed=1, seed=2, seed=3. Run it: " in text
    assert "labkart run -m model=few seed=1,2,3\n" in text
    assert "lsa has no run" not in text


def test_a_later_run_of_the_same_settings_takes_the_place_of_an_earlier_one(
    records: list[ExperimentRecord],
) -> None:
    later = experiment("forest", 1, 0.5, started="2026-11-02T10:00:00+00:00")
    newest = comparability.latest_runs([*records, later], Ranking())
    assert len(newest) == len(records)
    assert later in newest
    assert records[1] not in newest


def test_of_runs_with_the_same_words_the_last_one_counts(records: list[ExperimentRecord]) -> None:
    edited = {
        "config": {"model": "forest", "seed": 1, "clean": 3, "labkart": LABKART},
        "overrides": ["seed=1"],
    }
    later = experiment("forest", 1, 0.5, started="2026-11-02T10:00:00+00:00", **edited)
    newest = comparability.latest_runs([*records, later], Ranking())
    assert later in newest and records[1] not in newest and len(newest) == len(records)


def test_a_run_that_was_asked_for_again_is_as_new_as_one_that_ran(
    records: list[ExperimentRecord],
) -> None:
    later = experiment("forest", 1, 0.5, started="2026-11-02T10:00:00+00:00", status="failed")
    last_used.mark_used(records[1])
    newest = comparability.latest_runs([*records, later], Ranking())
    assert records[1] in newest and later not in newest


def test_what_may_not_be_meant_is_named_with_the_words_that_leave_it_out(
    records: object, root: Path
) -> None:
    for seed in range(4):
        settings = {"model": "forest", "seed": seed, "data": "coffee"}
        experiment(
            "forest",
            seed,
            0.5,
            id=f"c{seed}",
            status="failed" if seed else "finished",
            settings=settings,
            config={**settings, "labkart": LABKART},
        )
    text = refusal("models", "model=*")
    assert (
        "Perhaps not all are meant: data is null, coffee. Name those that are, such as data=null."
        in text
    )
    assert (
        text.count("failed: ") == 3
        and "Or take only what finished successfully: status=finished" in text
    )
    report(["models", "model=*", "data=null", *PLAIN])


def test_a_setting_that_failed_is_not_what_is_meant(records: object, root: Path) -> None:
    settings = {"model": "forest", "seed": 1, "size": 1.5}
    config = {**settings, "labkart": LABKART}
    late = "2026-11-02T10:00:00+00:00"
    experiment(
        "forest", 1, 0.5, id="f1", status="failed", settings=settings, config=config, started=late
    )
    assert "Name those that are, such as size=null." in refusal("models", "model=*")


def test_a_configuration_of_which_no_run_ended_well_needs_no_more_seeds(
    records: object, root: Path
) -> None:
    experiment("broken", 1, 0.5, status="failed")
    assert "missing" not in refusal("models", "model=*")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Which report?"),
        (["models", "model=nosuch"], "no experiment meets these conditions"),
        (
            ["models", "modell=forest"],
            'modell: no experiment has such a setting or metric. Did you mean "model"?',
        ),
        (
            ["models", "--metrics", "skore"],
            'none of these experiments has such a metric. Did you mean "score"?',
        ),
        (
            ["models", "--baseline", "model=*"],
            "must hold for one of the groups, but holds for 3. They are: model=",
        ),
        (["models", "--sweep", "abc"], 'No sweep begins with "abc"'),
        (["models", "--since", "yesterday"], "yesterday: must be a day, such as 2026-11-25"),
        (["../x", "model=forest"], '"../x" cannot name a report'),
        (["nosuch"], "reports/nosuch.yaml does not exist; existing reports: none yet"),
        (["models", "--primary", "skore"], 'such a metric. Did you mean "score"?'),
        (["--check", "models"], "--all and --check take no name"),
    ],
)
def test_bad_words_are_a_sentence_and_leave_no_file(
    records: object, root: Path, words: list[str], message: str
) -> None:
    assert message in refusal(*words)
    assert files(root) == {"README.md"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "metrcs: [score]\n",
            'reports/models.yaml: metrcs is not a setting of a report. Did you mean "metrics"?',
        ),
        (
            "metrics: 95\n",
            "reports/models.yaml: metrics must be a list of texts, got 95.",
        ),
        ("test: z\n", 'test must be one of t, wilcoxon, permutation, mcnemar, none, got "z".'),
        (
            "figures: [pie]\n",
            "figures must be a list of comparison, curves, ranks, none, got ",
        ),
        (
            "labels: [forest]\n",
            "labels must be names and their labels, such as forest: Random forest, got ['forest']",
        ),
        ("- score\n", "reports/models.yaml must contain names and values"),
        ("where: [model]\n", "model: must be a name and a value"),
        ("a: [\n", "reports/models.yaml: while parsing"),
    ],
)
def test_a_definition_that_says_what_is_none_is_named(
    records: object, root: Path, text: str, message: str
) -> None:
    write(root, **{"reports/models.yaml": text})
    assert message in refusal("models")


# Where it comes from


def test_each_file_says_where_it_comes_from(records: list[ExperimentRecord], root: Path) -> None:
    report(["models", "model=*"])
    for ending in (".tex", ".md", ".csv"):
        text = origin.read(root / f"reports/models{ending}")
        assert text
        assert text["commits"] == ["a" * 40]
        assert text["command"] == "labkart report models"
    for ending in (".png", ".pdf"):
        assert (
            b"labkart report models" in (root / f"reports/models-comparison{ending}").read_bytes()
        )


def test_words_are_kept_in_the_definition_and_added_to_it(records: object, root: Path) -> None:
    report(["models", "model=forest,linear", *PLAIN])
    report(["models", "--title", "Two models", *PLAIN])
    assert config.read("models") == parsed(
        where=["model=forest,linear"], title="Two models", figures=["none"]
    )
    (root / "reports/models.yaml").write_text("# Chapter 4\nwhere: [model=forest]\n")
    assert "has comments, which would be lost" in refusal("models", "--title", "One")
    assert (root / "reports/models.yaml").read_text().startswith("# Chapter 4")


@pytest.mark.parametrize("word", ["--all", "--check"])
def test_without_any_definition_there_is_nothing_to_do(
    root: Path, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report([word])
    assert "There is no reports/*.yaml yet" in capsys.readouterr().out


def test_all_are_made_again_and_one_that_is_refused_keeps_none_of_the_others(
    records: object, root: Path
) -> None:
    write(
        root,
        **{"reports/bad.yaml": "metrics: [nosuch]\n", "reports/good.yaml": "metrics: [score]\n"},
    )
    text = refusal("--all")
    assert "bad: nosuch: none of these experiments" in text
    assert "1 of 2 reports were not made" in text
    assert {"good.tex", "good.md", "good.csv"} <= files(root)


def test_figures_of_an_earlier_definition_go(records: object, root: Path) -> None:
    write(root, **{"reports/models-comparison-old.png": "mine"})
    report(["models", "model=*"])
    report(["models", "--figures", "none"])
    assert {name for name in files(root) if name.endswith(("png", "pdf"))} == {
        "models-comparison-old.png"
    }


def test_a_table_is_current_until_a_figure_or_the_experiments_change(
    records: list[ExperimentRecord], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the overrides mean today is another test's matter.
    monkeypatch.setattr(staleness, "_changed", lambda *_: "")
    report(["models", "model=forest,linear"])
    report_config = config.read("models")
    assert staleness.stale(report_config) == ""
    experiment("forest", 9, 0.9)
    experiment("linear", 9, 0.8)
    assert (
        staleness.stale(report_config)
        == "2 experiments that meet its conditions are not in it, and 0 of those in it do not meet them any more"
    )
    shutil.rmtree(root / "outputs")
    assert staleness.stale(report_config) == "", "another machine, as CI's"
    (root / "reports/models-comparison.png").write_bytes(b"junk")
    assert staleness.stale(report_config) == "models-comparison.png does not exist, or was changed"


def test_a_table_loses_no_run_without_a_word(records: list[ExperimentRecord], root: Path) -> None:
    report(["models", "model=*", *PLAIN])
    before = (root / "reports/models.md").read_text()
    for seed in range(4):
        shutil.rmtree(root / f"outputs/records/experiments/deep{seed}")
    shutil.rmtree(root / "outputs/records/experiments/linear3")
    text = refusal("models")
    assert (
        "model=deep: the table has 4 runs of it, 4 of them without a record here. Run it: " in text
    )
    assert "labkart run -m model=deep seed=0,1,2,3\n" in text
    assert "model=linear: the table has 4 runs of it, 1 of them without a record here" in text
    assert "--allow missing" in text
    assert (root / "reports/models.md").read_text() == before
    report(["models", "--allow", "missing"])
    report(["models"])
    assert "deep" not in (root / "reports/models.md").read_text()


def test_on_another_machine_no_run_is_lost(
    records: list[ExperimentRecord], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in CI, which runs one of the experiments before it looks at the table."""
    monkeypatch.setattr(staleness, "_changed", lambda *_: "")
    report(["models", "model=*", *PLAIN])
    shutil.rmtree(root / "outputs")
    experiment("forest", 0, 0.9)
    assert staleness.stale(config.read("models")) == ""
    assert "model=deep: the table has 4 runs of it, 4 of" in refusal("--all")


def test_a_failed_run_leaves_a_table_current(
    records: list[ExperimentRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staleness, "_changed", lambda *_: "")
    report(["models", "model=*", *PLAIN])
    experiment("forest", -1, 0.0, status="failed")
    assert staleness.stale(config.read("models")) == ""
    text = refusal("--all")
    assert text.startswith("models: these runs do not belong in one table.\n  failed: ")
    assert "missing" not in text


def test_a_row_whose_records_are_gone_is_told(
    records: list[ExperimentRecord], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staleness, "_changed", lambda *_: "")
    report(["models", "model=*", *PLAIN])
    for seed in range(4):
        shutil.rmtree(root / f"outputs/records/experiments/deep{seed}")
    assert refusal("--check").startswith(
        "models: 4 of its 12 experiments have no record any more (deep0, deep1, deep2 and 1 more). "
        "Run it: "
    )
    assert refusal("--check").endswith("labkart report models")
    report(["models", "--allow", "missing"])
    report(["--check"])


@pytest.mark.parametrize(
    "words",
    [
        ["models", "--metrics", "score", "model=forest,linear", "--figures", "none"],
        [
            "--figures",
            "none",
            "model=forest,linear",
            "--title",
            "x",
            "models",
            "--metrics",
            "score",
        ],
        [
            "--metrics",
            "score",
            "--figures",
            "none",
            "model=forest,linear",
            "--title",
            "x",
            "models",
        ],
        ["model=forest,linear", "--figures", "none", "--metrics", "score", "--", "models"],
    ],
)
def test_options_and_conditions_stand_in_any_order(words: list[str]) -> None:
    options = ReportOptions.of(parser().parse_intermixed_args(words))
    settings = {key: value for key, value in options.settings.items() if key != "title"}
    assert settings == {"metrics": ["score"], "figures": ["none"], "where": ["model=forest,linear"]}
    assert options.name == "models"


def test_a_file_that_cannot_be_written_is_named(records: object, root: Path) -> None:
    (root / "reports/models.tex").mkdir()
    assert "reports/models.tex: Is a directory. Fix that" in refusal("models", "model=*", *PLAIN)


def test_runs_that_stopped_early_are_no_group(records: list[ExperimentRecord], root: Path) -> None:
    one = records[0]
    replace(one, id="early", config={**one.config, "task": "Split"}, metrics={"rows": 5.0}).write()
    report(["models", "model=*", *PLAIN])
    assert "rows" not in (root / "reports/models.md").read_text()


def test_what_only_a_search_tried_is_left_out_unless_searches_are_named(
    records: list[ExperimentRecord], root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a trial's configuration that somebody ran with other seeds, or in a sweep, the trial is one of the runs."""
    tried = {"study": "deep-1", "trial": 3}
    experiment("wide", 0, 0.99, **tried)
    replace(records[0], **tried).write()
    experiment("narrow", 0, 0.5, sweeps=["s"], **tried)
    for seed in (1, 2, 3):
        experiment("narrow", seed, 0.5)
    report(["models", "--metrics", "score", *PLAIN])
    table = (root / "reports/models.md").read_text()
    assert "wide" not in table and "| forest | 4 |" in table and "| narrow | 4 |" in table
    assert "without what only deep-1 tried" in capsys.readouterr().out
    report(["search", "--study", "deep-1", "--metrics", "score", *PLAIN])
    assert "| wide | 1 |" in (root / "reports/search.md").read_text()
    assert "without" not in capsys.readouterr().out
