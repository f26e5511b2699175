"""The design of a search, as a file of `conf/search/` says it: objectives, space, sampler.

Runs nothing.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import optuna
from omegaconf import DictConfig, OmegaConf
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from labkart import project
from labkart.errors import LabkartError, did_you_mean
from labkart.experiments.composer import Composer
from labkart.experiments.config import compose_overrides
from labkart.experiments.plan import plan
from labkart.experiments.search.distributions import Space
from labkart.experiments.search.trials import Direction, StudyPlan

_DIRECTIONS = ("maximize", "minimize")
_SAMPLERS = ("tpe", "random", "grid", "gp")
_PRUNERS = {
    "median": optuna.pruners.MedianPruner,
    "halving": optuna.pruners.SuccessiveHalvingPruner,
}
_KEYS = ("objectives", "sampler", "pruner", "seed", "trials", "space")


class SearchConfig:
    """A search that can begin: its names are those of `conf/`, its values fit the tasks.

    Attributes:
        name: of its study; what could change a trial's values or its result makes another name.
        overrides: of the command, for every trial.
        trials: how many there are to be in all.
        composer: composes the configurations of trials.
        path: of the file, for messages.

    Raises:
        LabkartError: something does not fit; says where, and what to do.
    """

    def __init__(self, *overrides: str) -> None:
        self.overrides, self.composer = overrides, Composer()
        composed = self.composer.compose(overrides)
        node, option = composed.cfg.get("search"), composed.choices.get("search")
        if not isinstance(node, DictConfig):
            raise _missing_search(option)
        self.path = f"conf/search/{option}.yaml" if option else "conf/config.yaml"
        values: Any = OmegaConf.to_container(node, resolve=True)
        for key in values:
            if key not in _KEYS:
                raise LabkartError(
                    f'{self.path}: a search has no "{key}". {did_you_mean(str(key), _KEYS)}'
                )
        self.objectives = self._objectives(values.get("objectives"))
        self.sampler = self._one_of("sampler", values.get("sampler", "tpe"), _SAMPLERS)
        self.pruner = values.get("pruner") and self._one_of("pruner", values["pruner"], _PRUNERS)
        self.seed = self._integer("seed", values.get("seed", 0))
        self.trials = self._integer("trials", values.get("trials", 30))
        self.space_texts = self._mapping(
            "space", values.get("space"), "a setting and its values: seed: range(10)"
        )
        self.space = Space(self.space_texts, overrides, self.path)
        self._check_sampler()
        self.name = f"{option or 'search'}-{self._digest()}"

    @property
    def settings(self) -> dict[str, Any]:
        """What fixed it, to be shown."""
        return {
            "sampler": self.sampler,
            "pruner": self.pruner or "none",
            "seed": self.seed,
        } | self.space_texts

    def plan(self) -> StudyPlan:
        """What fixes the study, for its journal."""
        pruner: BasePruner | None = _PRUNERS[self.pruner]() if self.pruner else None
        most: int | None = None
        if self.sampler == "grid":
            most = 1
            for values in self.space.grid.values():
                most *= len(values)
        directions: list[Direction] = [
            "maximize" if direction == "maximize" else "minimize"
            for direction in self.objectives.values()
        ]
        return StudyPlan(
            directions, self.space.distributions, self._sampler, pruner, self.seed, most
        )

    def _sampler(self, seed: int) -> BaseSampler:
        match self.sampler:
            case "random":
                return optuna.samplers.RandomSampler(seed)
            case "grid":
                return optuna.samplers.GridSampler(self.space.grid, self.seed)
            case "gp":
                return optuna.samplers.GPSampler(seed=seed)
            case _:
                return optuna.samplers.TPESampler(seed=seed)

    def _check_sampler(self) -> None:
        if self.sampler == "grid":
            _ = self.space.grid
        missing = [
            name for name in ("torch", "scipy") if self.sampler == "gp" and not find_spec(name)
        ]
        if missing:
            remedy = f"uv add {' '.join(missing)}"
            raise LabkartError(
                f"{self.path}: the sampler gp needs {' and '.join(missing)}: {remedy}"
            )

    def _objectives(self, value: Any) -> dict[str, str]:
        objectives = self._mapping(
            "objectives", value, "a metric and its direction: accuracy: maximize"
        )
        for name, direction in objectives.items():
            if direction not in _DIRECTIONS:
                remedy = did_you_mean(str(direction), _DIRECTIONS)
                raise LabkartError(
                    f'{self.path}: objectives: {name}: no direction "{direction}". {remedy}'
                )
        return {str(name): str(direction) for name, direction in objectives.items()}

    def _mapping(self, key: str, value: Any, example: str) -> dict[str, Any]:
        if not isinstance(value, Mapping) or not value:
            raise LabkartError(
                f"{self.path}: {key} names nothing. Write a line for each: {example}"
            )
        return {str(name): item for name, item in value.items()}

    def _one_of(self, key: str, value: Any, names: Sequence[str] | Mapping[str, Any]) -> str:
        if value not in names:
            raise LabkartError(
                f'{self.path}: no {key} "{value}". {did_you_mean(str(value), names)}'
            )
        return str(value)

    def _integer(self, key: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < (key == "trials"):
            raise LabkartError(f"{self.path}: {key} must be an integer, got {value!r}.")
        return value

    def _digest(self) -> str:
        """The digest of what fixes the study.

        That is the design, and the ids of experiments that show every code and data it can meet.
        """
        ids: list[str] = []
        for example in self.space.examples():
            overrides = (*self.overrides, *self.space.words(example))
            # The first one by Hydra itself, which says what does not exist.
            compose = self.composer.compose if ids else lambda texts: compose_overrides(*texts)
            ids.append(plan(compose(overrides)).record.id)
        fixed = [self.objectives, self.sampler, self.pruner, self.seed, self.space_texts, ids]
        return hashlib.sha256(json.dumps(fixed, default=str).encode()).hexdigest()[:8]


def _missing_search(option: str | None) -> LabkartError:
    files = sorted(
        file.stem for file in (project.current().root / "conf" / "search").glob("*.yaml")
    )
    if option:
        remedy = "Begin it with the line # @package _global_ and put its lines below search:"
        return LabkartError(f"conf/search/{option}.yaml: there is no search: in it. {remedy}")
    names = (
        f"Choose one of {', '.join(files)} (conf/search/)"
        if files
        else "Write one: conf/search/<name>.yaml"
    )
    return LabkartError(
        f"No search is chosen. {names}: labkart search search={files[0] if files else '<name>'}"
    )
