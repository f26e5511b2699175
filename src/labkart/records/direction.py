"""Whether a metric is better higher or lower: as a person says it, or else by names that are known.

Where neither tells, nothing is best. Knows no record.
"""

import fnmatch
import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise


class Direction(IntEnum):
    """Which values of a metric are better; the sign of a better value's difference."""

    HIGHER = 1
    LOWER = -1
    UNKNOWN = 0

    @property
    def arrow(self) -> str:
        """What stands beside the metric's name in a table."""
        return {1: "\N{UPWARDS ARROW}", -1: "\N{DOWNWARDS ARROW}", 0: ""}[self]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words in the names of metrics, and pairs of words. Those of shares, between 0 and 1, come first.
_SHARES = _words(
    "accuracy acc f1 f1score fscore precision recall sensitivity specificity tpr tnr ppv npv auc"
    " auroc auprc aucpr ap map mrr ndcg iou jaccard dice hitrate"
)
_HIGHER = _SHARES | _words(
    "r2 r² bleu rouge meteor chrf kappa mcc corrcoef likelihood psnr ssim ari nmi ami hits"
)
_SHARES_OF_ERRORS = _words("errorrate fpr fnr eer hamming brier")
_LOWER = _SHARES_OF_ERRORS | _words(
    "error loss logloss mse rmse mae mape smape msle rmsle perplexity ppl nll deviance fid cer wer"
    " crossentropy time seconds second milliseconds ms minutes hours latency runtime duration"
)
# Words that turn a direction round, as scikit-learn's `neg_mean_squared_error` does.
_TURNING = _words("neg negative")
# Words that make another number of a metric: how it varies or changes, or a rate.
_DERIVING = _words(
    "std stdev sd var variance gap diff difference delta change drop reduction improvement saved"
    " ratio persecond persec perminute perhour"
)
_CAMEL = re.compile(r"(?<=[a-z\d])(?=[A-Z])")
_AT_RANK = re.compile(r"(?:p|r|precision|recall)@\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Directions:
    """What a person says of metrics: their names, patterns (`cost_*`), or words in their names.

    Attributes:
        higher: those of which higher is better.
        lower: those of which lower is better.
        otherwise: what somebody else says of the other metrics.
    """

    higher: Collection[str] = ()
    lower: Collection[str] = ()
    otherwise: "Directions | None" = None

    def of(self, metric: str) -> Direction:
        """The direction of a metric; a task's label or a study's part may stand before its name."""
        for says in (_is_named, _has_word):
            is_higher, is_lower = says(metric, self.higher), says(metric, self.lower)
            if is_higher != is_lower:
                return Direction.HIGHER if is_higher else Direction.LOWER
        return self.otherwise.of(metric) if self.otherwise else known_direction(metric)


def known_direction(metric: str) -> Direction:
    """The direction that a metric's name tells, if its words do not contradict one another."""
    name = _last_name(metric)
    words = _words_of(name)
    directions = {Direction.HIGHER for word in words if word in _HIGHER}
    directions |= {Direction.LOWER for word in words if word in _LOWER}
    if _AT_RANK.fullmatch(name):
        directions.add(Direction.HIGHER)
    if len(directions) != 1 or not _DERIVING.isdisjoint(words):
        return Direction.UNKNOWN
    turns = sum(word in _TURNING for word in words)
    return Direction(directions.pop() * (-1) ** turns)


def is_share(metric: str) -> bool:
    """Whether a metric's name tells that its values lie between 0 and 1."""
    words = _words_of(_last_name(metric))
    is_other = not (_TURNING | _DERIVING).isdisjoint(words)
    return not (is_other or (_SHARES | _SHARES_OF_ERRORS).isdisjoint(words))


def _last_name(metric: str) -> str:
    """The name without the task's label before it."""
    return re.split(r"[./:]", metric)[-1]


def _words_of(name: str) -> list[str]:
    """The words of a name in small letters, and pairs of them.

    `val_logLoss@10` has `val`, `log`, `loss`, `10`, `vallog`, `logloss` and `loss10`.
    """
    words = re.split(r"[\W_]+", _CAMEL.sub("_", name).lower())
    return [*words, *map("".join, pairwise(words))]


def _is_named(metric: str, names: Collection[str]) -> bool:
    return any(fnmatch.fnmatchcase(metric, name) for name in names)


def _has_word(metric: str, names: Collection[str]) -> bool:
    return not set(_words_of(metric)).isdisjoint(name.lower() for name in names)
