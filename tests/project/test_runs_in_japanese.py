"""In a Japanese project, runs, sweeps, searches and what goes wrong in them are told in Japanese; records are English."""

import json

import pytest

from tests.support.bake import Project
from tests.support.japanese import english_lines

SEARCH = """\
# @package _global_
search:
  objectives: {accuracy: maximize}
  space:
    model.params.c: {choices: [1.0]}
"""
SPLIT = "src/my_thesis/tasks/split.py"


@pytest.mark.thorough
def test_runs_are_told_in_japanese(japanese: Project) -> None:
    (japanese.root / "conf/search/c.yaml").write_text(SEARCH, encoding="utf-8")
    expected = {
        ("run",): "  4 個のタスクはすべてキャッシュ済みで、実行するものはありません",
        (
            "run",
            "-m",
            "seed=0",
        ): "  実験 1 個、タスク 4 個: キャッシュ済み 4 個、実行するものはありません",
        ("search", "search=c", "-n", "1"): "  試行 0   ",
        ("run", "seed=1"): "  TrainLogistic   ",
        ("status", "seed=2"): "seed=2 ではまだ実行していません",
    }
    for words, part in expected.items():
        printed = japanese.labkart(*words)
        assert part in printed and english_lines(printed) == [], words

    japanese.edit(SPLIT, "self.dump(", "self.log_metric('half', 0.5)\n        self.dump(")
    assert "上流 SplitTable" in japanese.labkart("status")
    assert "が前の結果を残しました: tasks/split.py" in japanese.labkart("accept")
    assert "引き継ぐ結果はありません" in japanese.run("labkart", "accept").stderr
    described = json.loads(japanese.labkart("status", "--json"))
    assert described["tasks"][1]["reason"].endswith(": tasks/split.py: SplitTable.run")
    assert described["tasks"][1]["reason"].startswith("accepted by ")

    japanese.edit(SPLIT, "0.5)", "'half')")
    failed = japanese.run("labkart", "run")
    assert "失敗" in failed.stdout and "未実行" in failed.stdout
    assert '指標 "half" は一つの数値にしてください' in failed.stderr
    assert english_lines(failed.stdout + failed.stderr) == []
    assert (
        "2 個の実験のうち 2 個に結果がありません:"
        in japanese.run("labkart", "run", "-m", "seed=0,1").stderr
    )


@pytest.mark.thorough
def test_mistakes_in_runs_are_told_in_japanese(japanese: Project) -> None:
    (japanese.root / "conf/sweep").mkdir()
    (japanese.root / "conf/sweep/wrong.yaml").write_text("model: forest\n", encoding="utf-8")
    expected = {
        ("run", "model=lineal"): 'conf: model に "lineal" はありません。',
        ("run", "modle=forest"): 'という設定はありません。"model" のことですか?',
        ("run", "seed:1"): 'seed:1: 設定は ":" ではなく "=" で書きます。seed=1 と書いてください',
        ("run", "seed=1,2"): "-m を付けると、それぞれを実行します。",
        ("run", "seed=abc"): "TrainLogistic.seed に書けるのは、整数です",
        ("run", "labkart.workers=0"): "labkart.workers に書けるのは、正の整数、または null です",
        ("run", "--nosuch"): "--nosuch: このようなオプションはありません。",
        ("run", "task=Nothing"): "task=Nothing: このタスクはパイプラインにありません",
        ("run", "hydra.job.chdir=true"): "hydra.job.chdir=true は使えません。",
        ("run", "-m", "seed=range(0)"): "に値がないため、実行するものがありません。",
        ("run", "-m", "sweep=wrong"): "conf/sweep/wrong.yaml の 1 行目: 格子のリスト",
        ("search",): "探索が選ばれていません。",
        ("search", "search=forest", "model.params.trees=9"): "の値は探索が決めます。",
        ("status", "data=nowhere"): 'conf: data に "nowhere" はありません。',
        ("accept", "data=wine"): "残せる結果がありません。",
        ("compare", "feed", "beef"): '"feed" で始まる実験はありません。',
        ("runs", "since=1"): "このような設定や指標を持つ実験はありません。",
        ("runs", "accuracy>x"): '"x" は数値ではありません。',
    }
    for words, part in expected.items():
        done = japanese.run("labkart", *words)
        assert done.returncode == 1, words
        assert part in done.stderr and english_lines(done.stderr) == [], (words, done.stderr)

    japanese.edit("conf/config.yaml", "seed: 0", "seed: 0\n\tdepth: 1")
    assert "タブがあります。空白で字下げしてください。" in japanese.run("labkart", "run").stderr
