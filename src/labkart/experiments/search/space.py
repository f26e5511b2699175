"""The space of a search: parameters as Optuna's distributions, values as overrides.

A parameter may depend on others: it exists only `when` these have certain values.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
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

from labkart.errors import LabkartError
from labkart.experiments.override_syntax import write_value
from labkart.language import join_sentences, mistake, translate
from labkart.wording import did_you_mean

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
    distribution: BaseDistribution
    when: Mapping[str, Sequence[str]]

    @property
    def examples(self) -> Sequence[Any]:
        """All choices, or the lowest number."""
        if isinstance(self.distribution, CategoricalDistribution):
            return self.distribution.choices
        return [getattr(self.distribution, "low")]  # noqa: B009 (choices have none)

    def text(self, value: Any) -> str:
        """A value as an override has it."""
        if isinstance(value, float) and getattr(self.distribution, "step", None):
            value = float(f"{value:.12g}")  # 0.3 and not 0.30000000000000004
        return str(value)

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
        raise AssertionError(self.distribution)


class Space:
    """All parameters, in the order of the file.

    Args:
        parameters: the arguments of each, by its name.
        path: of the file, for messages.

    Raises:
        LabkartError: a parameter cannot be understood.
    """

    def __init__(self, parameters: Mapping[str, Any], path: str) -> None:
        self._path = path
        self.parameters: dict[str, Parameter] = {}
        for name, arguments in parameters.items():
            self.parameters[name] = self._parameter(name, arguments)

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
        """How many combinations of values there are; not more than `most` are counted.

        The sampler tries each combination once.

        Raises:
            LabkartError: a parameter has no end of values.
        """
        for name, parameter in self.parameters.items():
            distribution = parameter.distribution
            if isinstance(distribution, FloatDistribution) and distribution.step is None:
                raise mistake(
                    "{file}: {name} has no end of values to try."
                    " Give it a step, or take another sampler.",
                    file=self._path,
                    name=name,
                )
        study = optuna.create_study(sampler=sampler)
        study.optimize(lambda trial: len(self.suggest(trial)), n_trials=most)  # or until it ends
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

    def _parameter(self, name: str, arguments: Any) -> Parameter:
        place = f"{self._path}: {name}"
        if not isinstance(arguments, Mapping):
            problem = translate(
                "{place}: {value} is not a range of values.", place=place, value=arguments
            )
            raise LabkartError(join_sentences(problem, _how_to_write()))
        for key in arguments:
            problem = translate('{place}: a parameter has no "{name}".', place=place, name=key)
            check_name(key, _ARGUMENTS, problem)
        when = {
            str(parent): self._allowed(place, str(parent), values)
            for parent, values in (arguments.get("when") or {}).items()
        }
        try:
            return Parameter(name, _distribution(arguments), when)
        except (TypeError, ValueError) as error:
            raise LabkartError(f"{place}: {error} {_how_to_write()}") from None

    def _allowed(self, place: str, name: str, values: Any) -> list[str]:
        """The values of a parameter with which another one exists, as texts."""
        check_name(
            name,
            self.parameters,
            translate('{place}: when: above it the space has no "{name}".', place=place, name=name),
        )
        texts = list(map(write_value, values if isinstance(values, list) else [values]))
        parameter = self.parameters[name]
        for text in texts if isinstance(parameter.distribution, CategoricalDistribution) else ():
            problem = translate(
                '{place}: when: {name} is never "{value}".', place=place, name=name, value=text
            )
            check_name(text, parameter.examples, problem)
        return texts


def check_name(name: Any, known: Iterable[Any], problem: str) -> None:
    """Refuse a name that is not known.

    Raises:
        LabkartError: it is not; the message begins with the problem.
    """
    names = list(map(str, known))
    if str(name) not in names:
        raise LabkartError(join_sentences(problem, did_you_mean(str(name), names)))


def _how_to_write() -> str:
    return translate(
        "Write {{low: 1, high: 10}}, with step or log: true if you like, or {{choices: [a, b]}}."
    )


def _distribution(arguments: Mapping[str, Any]) -> BaseDistribution:
    """Optuna's distribution with these arguments; of integers if all numbers are."""
    given = {name: value for name, value in arguments.items() if name != "when"}
    if "choices" in given:
        choices = given.pop("choices")
        if given or not isinstance(choices, list) or not choices:
            raise ValueError(translate("choices must be a list, and stand alone."))
        return CategoricalDistribution(list(dict.fromkeys(map(write_value, choices))))
    types = {type(value) for name, value in given.items() if name != "log"}
    if not {"low", "high"} <= given.keys() or not types <= {int, float}:
        raise ValueError(translate("low and high must be numbers."))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a step that does not reach `high`
        return (IntDistribution if types == {int} else FloatDistribution)(**given)
