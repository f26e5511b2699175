"""Which way a metric points: by what a person says, else by known names, else unknown."""

import pytest

from labkart.records.direction import Direction, Directions, is_share, known_direction

HIGHER = [
    "accuracy",
    "val_accuracy",
    "test-Accuracy",
    "testAccuracy",
    "balanced_accuracy",
    "f1",
    "f1_macro",
    "F1[macro]",
    "recall@5",
    "ndcg@10",
    "nDCG@10",
    "MAP",
    "map_cut_100",
    "mrr",
    "P@5",
    "roc_auc",
    "r2",
    "r2_score",
    "log_likelihood",
    "neg_mean_squared_error",
    "neg_log_loss",
    "Score.accuracy",
    "score.ndcg",
    "average_precision",
    "matthews_corrcoef",
    "accuracy(%)",
]
LOWER = [
    "loss",
    "val_loss",
    "test/loss",
    "valLoss",
    "log_loss",
    "logloss",
    "error",
    "error_rate",
    "mse",
    "rmse",
    "mae",
    "mean_absolute_error",
    "perplexity",
    "runtime_seconds",
    "latency_ms",
    "fit_time",
    "nll",
    "negative_log_likelihood",
    "cross_entropy",
    "wer",
    "brier_score",
    "Train.loss",
]
UNKNOWN = [
    "tokens_per_second",
    "accuracy_std",
    "f1_diff",
    "error_reduction",
    "score",
    "cost",
    "gain",
    "glossary",
    "loss2",
    "entropy",
    "accuracy_loss",
    "time_to_accuracy",
    "false_negative_rate",
    "map_error",
    "mapping",
    "peak_memory_mb",
    "lossless",
]


@pytest.mark.parametrize(
    ("metric", "direction"),
    [(name, Direction.HIGHER) for name in HIGHER]
    + [(name, Direction.LOWER) for name in LOWER]
    + [(name, Direction.UNKNOWN) for name in [*UNKNOWN, ""]],
)
def test_a_known_name_tells_and_others_do_not(metric: str, direction: Direction) -> None:
    assert known_direction(metric) is direction


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("score", Direction.HIGHER),
        ("val_score", Direction.HIGHER),
        ("cost_total", Direction.LOWER),
        ("accuracy", Direction.LOWER),
        ("val_accuracy", Direction.LOWER),
        ("accuracy@1", Direction.HIGHER),
        ("f1", Direction.HIGHER),
        ("gain", Direction.UNKNOWN),
    ],
)
def test_what_a_person_says_counts_first_and_a_whole_name_before_a_word(
    metric: str, direction: Direction
) -> None:
    said = Directions(higher=["score", "accuracy@1"], lower=["cost_*", "accuracy"])
    assert said.of(metric) is direction


def test_a_report_counts_before_the_configuration_of_a_run() -> None:
    conf = Directions(higher=["score", "gain"])
    report = Directions(lower=["score"], otherwise=conf)
    assert (report.of("score"), report.of("gain")) == (Direction.LOWER, Direction.HIGHER)


def test_shares_lie_between_0_and_1() -> None:
    assert all(map(is_share, ("accuracy", "val_f1", "ndcg@10", "error_rate")))
    assert not any(map(is_share, ("r2", "loss", "mean_absolute_error", "neg_brier_score", "bleu")))
