"""A study as figures: how it went on, which settings matter, which values are good.

Writes PNG into `reports/`.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from labkart.files import write_atomically


def write(study: optuna.Study, objectives: Sequence[str], folder: Path) -> list[Path]:
    """Write all figures that the finished trials are enough for, and return their files."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    written: list[Path] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna calls this part of it experimental
        for name, draw in _all(study, objectives):
            with suppress(ValueError, RuntimeError):  # too few trials, or all the same
                axes: Any = draw()
                figure = np.ravel(axes)[0].figure
                figure.savefig(drawn := BytesIO(), format="png", bbox_inches="tight", dpi=120)
                write_atomically(folder / f"{name}.png", drawn.getvalue())
                written.append(folder / f"{name}.png")
            plt.close("all")
    return written


def _all(study: optuna.Study, objectives: Sequence[str]) -> Iterator[tuple[str, Callable[[], Any]]]:
    from optuna.visualization import matplotlib as draw

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    several = len(objectives) > 1
    for at, objective in enumerate(objectives):
        suffix = f"_{objective.replace('/', '_')}" if several else ""

        def target(trial: FrozenTrial, at: int = at) -> float:
            return trial.values[at]

        options: dict[str, Any] = {"target_name": objective} | (
            {"target": target} if several else {}
        )
        yield (
            f"history{suffix}",
            lambda options=options: draw.plot_optimization_history(study, **options),
        )
        if len({trial.values[at] for trial in complete}) > 1:
            yield (
                f"importances{suffix}",
                lambda options=options: draw.plot_param_importances(study, **options),
            )
        yield f"slices{suffix}", lambda options=options: draw.plot_slice(study, **options)
    if len(objectives) in (2, 3):
        yield "pareto", lambda: draw.plot_pareto_front(study, target_names=list(objectives))
