"""The design of a search, as a file of `conf/search/` describes it: objectives, space, sampler.

Runs nothing.
"""

import hashlib
import inspect
import json
import math
import re
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
import optuna
import yaml
from omegaconf import DictConfig, OmegaConf
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler

from labkart import project
from labkart.errors import LabkartError
from labkart.experiments.composer import Composer
from labkart.experiments.plan import plan
from labkart.experiments.search.space import Space
from labkart.language import join_sentences, mistake, translate
from labkart.wording import check_name, did_you_mean

# A new object of them proposes, from the trials so far, what one that saw these would.
_SAMPLERS = ("TPESampler", "RandomSampler", "BruteForceSampler", "GPSampler")
_PRUNERS = ("MedianPruner", "PercentilePruner", "SuccessiveHalvingPruner", "ThresholdPruner")
_DEFAULTS = {"sampler": "TPESampler", "pruner": None, "n_trials": 30}


class SearchConfig:
    """A search that can begin: its names are those of `conf/`, its values fit the tasks.

    Attributes:
        option: the name of its file.
        name: of its study; what could change a trial's values or its result makes another name.
        overrides: of the command, for every trial.
        n_trials: how many there are to be in all.
        objectives: the metrics, each with its direction.
        settings: what the file says of the rest, to be shown.
        pruner: decides whether a trial stops early, for that reason; without one it is empty.
        composer: composes the configurations of trials.
        path: of the file, for messages.

    Raises:
        LabkartError: something does not fit; says where, and what to do.
    """

    def __init__(self, *overrides: str) -> None:
        self.overrides, self.composer = overrides, Composer()
        composed = self.composer.compose(overrides)
        self.option = composed.choices.get("search")
        self.path = f"conf/search/{self.option}.yaml" if self.option else "conf/config.yaml"
        values = self._values(composed.cfg.get("search"))
        self.n_trials = self._integer("n_trials", values["n_trials"], 1)
        self.objectives: dict[str, str] = values["objectives"]
        self.space = Space(values["space"], self.path)
        self._check_overrides()
        self._sampler = self._class("sampler", values["sampler"], _SAMPLERS)
        self.pruner, self.pruning_reason = self._pruner(values["pruner"])
        shown = {"sampler": values["sampler"], "pruner": values["pruner"], **values["space"]}
        self.settings = {str(name): _in_one_line(value) for name, value in shown.items()}
        self.name = f"{self.option or 'search'}-{self._digest()}"

    def sampler(self, number: int) -> BaseSampler:
        """What proposes the values of a trial; all its randomness comes from the trial's number."""
        kind, arguments = self._sampler
        sequence = np.random.SeedSequence([arguments.get("seed", 0), number])
        return _make(kind, {**arguments, "seed": int(sequence.generate_state(1)[0])})

    def limit(self, n_trials: int) -> int:
        """So many trials, or as many as there are combinations if each is tried once."""
        is_exhaustive = self._sampler[0] is optuna.samplers.BruteForceSampler
        return self.space.count(n_trials, self.sampler(0)) if is_exhaustive else n_trials

    def _values(self, node: Any) -> dict[str, Any]:
        """The values in the file, and defaults for what may be left out."""
        if not isinstance(node, DictConfig):
            raise _missing_search(self.option)
        values: Any = _DEFAULTS | OmegaConf.to_container(node, resolve=True)  # pyright: ignore[reportOperatorIssue]
        required = {
            "objectives": translate("a metric and its direction: accuracy: maximize"),
            "space": translate("a setting and its values: seed: {{low: 0, high: 9}}"),
        }
        for key in values:
            problem = translate('{file}: a search has no "{name}".', file=self.path, name=key)
            check_name(key, [*_DEFAULTS, *required], problem)
        for key, example in required.items():
            if not isinstance(values.get(key), Mapping) or not values[key]:
                raise mistake(
                    "{file}: {key} names nothing. Write a line for each: {example}",
                    file=self.path,
                    key=key,
                    example=example,
                )
        for metric, direction in values["objectives"].items():
            place = f"{self.path}: objectives: {metric}"
            problem = translate('{place}: no direction "{name}".', place=place, name=direction)
            check_name(direction, ["maximize", "minimize"], problem)
        return values

    def _pruner(self, value: Any) -> tuple[BasePruner, str]:
        if not value:
            return NopPruner(), ""
        if len(self.objectives) > 1:
            raise mistake(
                "{file}: a pruner needs a single objective. Write pruner: null", file=self.path
            )
        kind, arguments = self._class("pruner", value, _PRUNERS)
        is_median = kind is optuna.pruners.MedianPruner
        reason = translate("behind the median") if is_median else translate("not among the best")
        return _make(kind, arguments), reason

    def _class(self, key: str, value: Any, names: tuple[str, ...]) -> tuple[type, dict[str, Any]]:
        """Optuna's class of a name, and arguments that it accepts."""
        arguments = dict(value) if isinstance(value, Mapping) else {"name": value}
        name = arguments.pop("name", names[0])
        problem = translate('{file}: no {key} "{name}".', file=self.path, key=key, name=name)
        check_name(name, names, problem)
        if name == "GPSampler" and not (find_spec("torch") and find_spec("scipy")):
            raise mistake(
                "{file}: {name} needs packages: uv add torch scipy", file=self.path, name=name
            )
        kind = getattr(getattr(optuna, f"{key}s"), name)
        for argument in arguments:
            problem = translate(
                '{file}: {kind} has no argument "{name}".',
                file=self.path,
                kind=name,
                name=argument,
            )
            check_name(argument, inspect.signature(kind).parameters, problem)
        self._integer("seed", arguments.get("seed", 0), 0)
        try:
            made = _make(kind, arguments)
            if isinstance(made, BaseSampler):
                self.space.count(1, made)
        except (TypeError, ValueError) as error:
            raise LabkartError(f"{self.path}: {name}: {error}") from None
        return kind, arguments

    def _integer(self, name: str, value: Any, least: int) -> int:
        if type(value) is not int or value < least:
            raise mistake(
                "{file}: {name} must be an integer, {least} or more, got {value!r}.",
                file=self.path,
                name=name,
                least=least,
                value=value,
            )
        return value

    def _check_overrides(self) -> None:
        names = set(map(_setting_name, self.space.parameters))
        for override in self.overrides:
            if (name := _setting_name(override)) in names:
                raise mistake(
                    "{override}: the search tries values of {name} itself."
                    " Leave it out here, or remove it from the space.",
                    override=override,
                    name=name,
                )

    def _digest(self) -> str:
        """The digest of what fixes the study.

        That is the design, and the ids of experiments that show every code and data it can meet.
        """
        examples = [(*self.overrides, *example) for example in self.space.examples()]
        ids = [plan(self.composer.compose(example)).record.id for example in examples]
        fixed = [self.objectives, self.settings, ids]
        return hashlib.sha256(json.dumps(fixed, default=str).encode()).hexdigest()[:8]


def _make(kind: type, arguments: Mapping[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna calls some classes experimental
        return kind(**arguments)


def _in_one_line(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=math.inf, sort_keys=False)
    return text.splitlines()[0]


def _setting_name(override: str) -> str:
    """The setting of an override, however it is spelt: `+/model=forest` sets `model`."""
    return re.split("[=@]", override.lstrip("+~/"))[0].replace("/", ".")


def _missing_search(option: str | None) -> LabkartError:
    if option:
        return mistake(
            "conf/search/{option}.yaml: there is no search: in it. Begin it with the line"
            " # @package _global_ and put its lines below search:",
            option=option,
        )
    names = (file.stem for file in project.current().root.glob("conf/search/*.yaml"))
    problem = translate(
        "No search is chosen: labkart search search=<name>, of conf/search/<name>.yaml."
    )
    return LabkartError(join_sentences(problem, did_you_mean("", names)))
