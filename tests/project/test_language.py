"""In a Japanese project the verbs speak Japanese; what other programs and people read stays English."""

import json
from pathlib import Path

import pytest

from labkart.cli.main import VERBS
from tests.support.bake import UV, Project
from tests.support.japanese import JAPANESE, english_lines


def test_all_help_is_japanese(japanese: Project) -> None:
    for verb in VERBS:
        printed = japanese.labkart(verb, "--help")
        assert JAPANESE.search(printed) and english_lines(printed) == [], verb


@pytest.mark.thorough
def test_what_the_verbs_print_is_japanese_and_files_are_english_lines(japanese: Project) -> None:
    assert english_lines(japanese.labkart("run", "seed=1")) == []
    records = japanese.root / "outputs/records/experiments"
    first, second = sorted(path.name for path in records.iterdir() if path.is_dir())
    expected = {
        ("status",): "個のタスクがすべて済みです",
        ("status", "seed=2"): "未実行",
        ("status", "-m", "seed=0,7"): "実験 2 個: ",
        ("graph",): "上に表示",
        ("runs", "-n", "1"): "... ほか 1 件 (--all で表示)",
        ("compare", first, second): "同じもの: ",
        ("output", "EvaluateModel", "-o", "reports/"): "元のコードと設定: ",
        ("log", "--help"): "実験のタスクが出力したもの",
        ("clean",): "消すものはありません",
        ("docs",): "読むには: ",
        ("sync",): "2 個の実験のうち 0 個を書き込みました",
        ("report", "seeds", "--figures", "none", "--allow", "dirty"): "標準偏差が 0 の",
        ("report", "--check"): "1 個のレポートは最新です",
        ("reproduce", first, "--from-cache"): "足りないものはありません",
    }
    for words, part in expected.items():
        printed = japanese.labkart(*words, UV=UV)
        assert part in printed and english_lines(printed) == [], words
    table = japanese.read("reports/seeds.md")
    assert "| 平均 |" in table and "標準偏差が 0 の" in table
    assert english_lines(table.partition("###")[2]) == []
    assert not JAPANESE.search(japanese.read("reports/seeds.csv"))
    states = json.loads(japanese.labkart("status", "seed=2", "--json"))["tasks"]
    assert {task["state"] for task in states} == {"done", "missing"}


def test_mistakes_are_told_in_japanese(japanese: Project, tmp_path: Path) -> None:
    expected = {
        ("rum",): "というコマンドはありません",
        ("runs", "model=nowhere", "foo=1"): "foo",
        ("log", "nowhere"): "nowhere",
        ("reproduce", "123456"): "123456",
        ("output", "EvaluateMode"): "EvaluateModel",
        ("status", "--fast"): "このようなオプションはありません",
        ("graph", "--svg", "x.png"): "ファイル名は .svg で終わる必要があります",
        ("output",): "どのタスクですか",
        ("output", "EvaluateModel", "-o", "x.csv"): "コピーも同じ形式になります",
        ("output", "EvaluateModel", "seed=7"): "出力はまだありません",
        ("runs", "-n", "0"): "正の整数を指定してください",
        ("search", "-n", "x"): "正の整数を指定してください",
        ("run", "--debug", "-m", "seed=1,2"): "一つの実験にだけ使えます",
        ("docs", "nowhere"): 'ページ "nowhere" はありません',
        ("report",): "どのレポートですか",
        ("report", "models"): "reports/models.yaml がありません",
        ("report", "models", "data=nowhere"): "条件に合う実験がありません",
        ("report", "models", "--metrics", "nothing"): "この指標をもつ実験がありません",
        ("report", "models", "--figures", "ranks"): "が必要です",
        ("reproduce", "reports/nowhere.tex"): "がありません。labkart report の表か",
        ("archive", "--verify", str(tmp_path / "nowhere.zip")): "がありません",
        ("archive",): "アーカイブできる表が reports/ にありません",
    }
    for words, part in expected.items():
        done = japanese.run("labkart", *words)
        assert done.returncode == 1, words
        assert part in done.stderr and english_lines(done.stderr) == [], words
