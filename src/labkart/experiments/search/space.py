"""The space of a search: parameters as Optuna's distributions, values as overrides.

A parameter may depend on others: it exists only `when` these have certain values.
"""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler
from optuna.trial import create_trial

from labkart.errors import LabkartError
from labkart.experiments.override_syntax import write_value
from labkart.language import join_sentences, mistake, translate
from labkart.wording import check_name, did_you_mean

_ARGUMENTS = ("low", "high", "step", "log", "choices", "when")


@dataclass(frozen=True)
class Parameter:
    """One setting that is searched.

    Attributes:
        name: as an override begins, `model.params.trees`.
        distribution: its values; choices are texts, as an override has them.
        when: the values that other parameters must have, as texts; else it does not exist.
    """

    name: str
    distribution: Any
    when: Mapping[str, Sequence[str]]

    @property
    def examples(self) -> Sequence[Any]:
        """All choices, or the lowest number."""
        is_choice = isinstance(self.distribution, CategoricalDistribution)
        return self.distribution.choices if is_choice else [self.distribution.low]

    def text(self, value: Any) -> str:
        """A value as an override has it."""
        if isinstance(self.distribution, FloatDistribution):
            # With a step, 0.3 and not 0.30000000000000004.
            value = float(f"{value:.12g}" if self.distribution.step else value)
        return str(value)

    def check(self, value: Any) -> str:
        """A value as an override has it. Raises ValueError if it is none of the distribution."""
        distributions = {self.name: self.distribution}
        create_trial(value=0.0, params={self.name: value}, distributions=distributions)
        return self.text(value)

    def exists(self, texts: Mapping[str, str]) -> bool:
        """Whether it exists beside the values of other parameters."""
        return all(texts.get(name) in allowed for name, allowed in self.when.items())

    def suggest(self, trial: optuna.Trial) -> Any:
        """The value that a trial is to try."""
        match self.distribution:
            case CategoricalDistribution(choices=choices):
                return trial.suggest_categorical(self.name, choices)
            case IntDistribution(low=low, high=high, step=step, log=log):
                return trial.suggest_int(self.name, low, high, step=step, log=log)
            case FloatDistribution(low=low, high=high, step=step, log=log):
                return trial.suggest_float(self.name, low, high, step=step, log=log)


class Space:
    """All parameters, in the order of the file.

    Args:
        parameters: the arguments of each, by its name.
        path: of the file, for messages.

    Raises:
        LabkartError: a parameter cannot be understood.
    """

    def __init__(self, parameters: Mapping[Any, Any], path: str) -> None:
        self.parameters: dict[str, Parameter] = {}
        for name, arguments in parameters.items():
            parameter = self._parameter(f"{path}: {name}", str(name), arguments)
            self.parameters[parameter.name] = parameter

    def choose(self, value_of: Callable[[Parameter], Any]) -> list[str]:
        """A value for each parameter that exists beside the values chosen before, as overrides."""
        texts = dict[str, str]()
        for name, parameter in self.parameters.items():
            if parameter.exists(texts):
                texts[name] = parameter.text(value_of(parameter))
        return [f"{name}={text}" for name, text in texts.items()]

    def suggest(self, trial: optuna.Trial) -> list[str]:
        """The values that a trial is to try, as overrides."""
        return self.choose(lambda parameter: parameter.suggest(trial))

    def overrides(self, values: Mapping[str, Any]) -> list[str]:
        """The values of a trial as overrides."""
        return [f"{name}={self.parameters[name].text(value)}" for name, value in values.items()]

    def count(self, most: int, sampler: BaseSampler) -> int:
        """How many trials a sampler proposes before it ends; not more than `most`."""
        study = optuna.create_study(sampler=sampler)
        study.optimize(lambda trial: len(self.suggest(trial)), n_trials=most)
        return len(study.trials)

    def examples(self) -> list[list[str]]:
        """Overrides that show every choice and every parameter that a trial can meet."""
        examples: dict[tuple[str, ...], None] = {}
        for parameter in self.parameters.values():
            for value in parameter.examples:
                fixed = {**self._conditions(parameter), parameter.name: value}
                example = self.choose(lambda one, fixed=fixed: fixed.get(one.name, one.examples[0]))
                examples[tuple(example)] = None
        return list(map(list, examples))

    def _conditions(self, parameter: Parameter) -> dict[str, str]:
        """Values of others with which a parameter exists."""
        conditions = dict[str, str]()
        for name, texts in parameter.when.items():
            conditions |= {**self._conditions(self.parameters[name]), name: texts[0]}
        return conditions

    def _parameter(self, place: str, name: str, arguments: Any) -> Parameter:
        if not isinstance(arguments, Mapping):
            problem = translate(
                "{place}: {value} is not a range of values.", place=place, value=arguments
            )
            raise LabkartError(join_sentences(problem, _how_to_write()))
        for key in arguments:
            problem = translate('{place}: a parameter has no "{name}".', place=place, name=key)
            check_name(key, _ARGUMENTS, problem)
        when = arguments.get("when") or {}
        if not isinstance(when, Mapping):
            when = {when: []}
        allowed = {str(parent): self._allowed(place, str(parent), when[parent]) for parent in when}
        given = {key: value for key, value in arguments.items() if key != "when"}
        try:
            return Parameter(name, _distribution(given), allowed)
        except (TypeError, ValueError) as error:
            raise LabkartError(f"{place}: {error} {_how_to_write()}") from None

    def _allowed(self, place: str, name: str, values: Any) -> list[str]:
        """The values of a parameter with which another one exists, as texts."""
        check_name(
            name,
            self.parameters,
            translate('{place}: when: above it the space has no "{name}".', place=place, name=name),
        )
        parameter, texts = self.parameters[name], list[str]()
        is_choice = isinstance(parameter.distribution, CategoricalDistribution)
        for value in values if isinstance(values, list) else [values]:
            text = write_value(value)
            try:
                texts.append(parameter.check(text if is_choice else value))
            except (TypeError, ValueError):
                problem = translate(
                    '{place}: when: {name} is never "{value}".', place=place, name=name, value=text
                )
                hint = did_you_mean(text, parameter.examples) if is_choice else ""
                raise LabkartError(join_sentences(problem, hint)) from None
        if not texts:
            raise mistake("{place}: when: no value of {name} is named.", place=place, name=name)
        return texts


def _how_to_write() -> str:
    return translate(
        "Write {{low: 1, high: 10}}, with step or log: true if you like, or {{choices: [a, b]}}."
    )


def _distribution(arguments: Mapping[str, Any]) -> BaseDistribution:
    """Optuna's distribution with these arguments; of integers if all numbers are."""
    if "choices" in arguments:
        choices = arguments["choices"]
        if len(arguments) > 1 or not isinstance(choices, list) or not choices:
            raise ValueError(translate("choices must be a list, and stand alone."))
        return CategoricalDistribution(list(dict.fromkeys(map(write_value, choices))))
    numbers = [value for name, value in arguments.items() if name != "log"]
    types = {type(number) for number in numbers}
    is_range = {"low", "high"} <= arguments.keys() and types <= {int, float}
    if not is_range or not all(map(math.isfinite, numbers)):
        raise ValueError(translate("low and high must be numbers."))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a step that does not reach `high`
        return (IntDistribution if types == {int} else FloatDistribution)(**arguments)
