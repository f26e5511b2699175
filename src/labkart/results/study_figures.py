"""A study as figures: how it went on, which settings matter, which values are good.

Writes PNG into `reports/`.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState

from labkart import _compat
from labkart.files import write_atomically


def write(study: optuna.Study, objectives: Sequence[str], folder: Path) -> None:
    """Write all figures that the finished trials are enough for."""
    # Not before the trials: the processes that run their tasks would be larger.
    import matplotlib as mpl
    import numpy as np
    from matplotlib import pyplot as plt

    mpl.use("Agg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna calls this part of it experimental
        _compat.import_importances()
        for name, draw in _figures(study, objectives):
            with suppress(ValueError, RuntimeError):  # too few trials, or all the same
                axes: Any = draw()
                figure = np.ravel(axes)[0].figure
                figure.savefig(drawn := BytesIO(), format="png", bbox_inches="tight", dpi=120)
                write_atomically(folder / f"{name}.png", drawn.getvalue())
            plt.close("all")


def _figures(
    study: optuna.Study, objectives: Sequence[str]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    from optuna.visualization import matplotlib as draw

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    kinds = {
        "history": draw.plot_optimization_history,
        "importances": draw.plot_param_importances,
        "slices": draw.plot_slice,
    }
    for at, objective in enumerate(objectives):
        options: dict[str, Any] = {"target_name": objective}
        suffix = ""
        if len(objectives) > 1:
            options["target"] = lambda trial, at=at: trial.values[at]
            suffix = f"_{objective.replace('/', '_')}"
        is_constant = len({trial.values[at] for trial in complete}) < 2
        for kind, plot in kinds.items():
            if not (is_constant and kind == "importances"):
                yield f"{kind}{suffix}", partial(plot, study, **options)
    if len(objectives) in (2, 3):
        yield "pareto", partial(draw.plot_pareto_front, study, target_names=list(objectives))
