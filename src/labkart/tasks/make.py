"""From configuration to task: `make` checks a node against the task's parameters.

Knows where a wrong value comes from. Composes nothing, and gives no task its id.
"""

import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

import luigi
from gokart import ListTaskInstanceParameter, TaskInstanceParameter, TaskOnKart
from luigi.parameter import OptionalParameterMixin, ParameterException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from labkart.errors import LabkartError
from labkart.language import join_sentences, mistake, translate
from labkart.tasks import conversion
from labkart.tasks.config_values import explain_value_error
from labkart.tasks.context import context
from labkart.tasks.data_files import DataFile
from labkart.wording import describe_type, did_you_mean

TaskT = TypeVar("TaskT", bound=luigi.Task)

_UPSTREAM = (TaskInstanceParameter, ListTaskInstanceParameter)


def make(
    task: type[TaskT], node: Mapping[str, Any] | DictConfig | None = None, **given: Any
) -> TaskT:
    """A task from a node of the configuration and from what the pipeline gives it.

    Numbers are converted where nothing is lost: 2 becomes 2.0, but 2.5 is refused for an integer.

    Args:
        task: the class to make.
        node: its parameters by name.
        **given: upstream tasks, and parameters that come from elsewhere in the configuration.

    Raises:
        LabkartError: a parameter is unknown, missing, given twice or of the wrong type; the message
            says where, and what to do.

    Example:
        `make(SplitTable, cfg.split, table=table)`
    """
    maker = _Maker(task, node)
    values = maker.values(node)
    maker.check_names(values, given)
    maker.check_upstream({**values, **given})
    typed = {key: maker.typed(key, value, node) for key, value in values.items()}
    typed |= {key: maker.typed(key, value, None) for key, value in maker.values(given).items()}
    try:
        return task(**typed)
    except ParameterException:
        raise LabkartError(maker.describe_missing(set(typed))) from None
    except (AttributeError, TypeError, ValueError) as error:
        raise mistake(
            "pipeline: {task} does not take these values: {error}",
            task=task.__name__,
            error=error,
        ) from error


class _Maker:
    """Checks the values of one task; speaks of them as a student wrote them."""

    def __init__(self, task: type[luigi.Task], node: Any) -> None:
        self._task = task
        self._name = task.__name__
        self._node = node
        self._parameters: dict[str, luigi.Parameter[Any]] = dict(task.get_params())

    def values(self, node: Any) -> dict[str, Any]:
        """The values of a node as Python's own."""
        if not isinstance(node, DictConfig | Mapping | None):
            raise mistake(
                "{place}: {task} takes its parameters by name (name: value), got {value!r}.",
                place=_place(node),
                task=self._name,
                value=node,
            )
        try:
            return {str(key): _plain(value) for key, value in (node or {}).items()}
        except OmegaConfBaseException as error:
            raise LabkartError(explain_value_error(error)) from None

    def check_names(self, values: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """Refuse names that the task does not have, or that both the node and the pipeline give."""
        for key in {**values, **given}:
            where = context.source.describe(self._node, key) if key in values else "pipeline"
            if key not in self._parameters:
                names = self._settable if key in values else self._parameters
                problem = translate(
                    '{place}: {task} has no parameter "{key}".',
                    place=where,
                    task=self._name,
                    key=key,
                )
                raise LabkartError(join_sentences(problem, did_you_mean(key, names)))
            if key in values and key in given:
                raise mistake(
                    '{place}: "{key}" of {task} already comes from the pipeline.'
                    " Remove one of them.",
                    place=where,
                    key=key,
                    task=self._name,
                )

    def check_upstream(self, values: Mapping[str, Any]) -> None:
        """Refuse upstream tasks of another class than the parameter declares."""
        for key, value in values.items():
            parameter = self._parameters[key]
            if isinstance(parameter, TaskInstanceParameter):
                if not isinstance(value, parameter.expected_type):
                    noun = _class_noun(parameter.expected_type)
                    remedy = translate(
                        "Give it one, or declare {key} with expected_type=Task.", key=key
                    )
                    raise LabkartError(self._describe_class(key, noun, value, remedy))
            elif isinstance(parameter, ListTaskInstanceParameter):
                expected = parameter.expected_elements_type
                items = value if isinstance(value, list | tuple) else [value]
                wrong = [item for item in items if not isinstance(item, expected)]
                if wrong or items is not value:
                    noun = translate("a list of tasks")
                    if expected is not TaskOnKart:
                        noun = translate("a list of tasks of class {name}", name=expected.__name__)
                    remedy = translate("Give it [make(...), make(...)].")
                    raise LabkartError(self._describe_class(key, noun, [*wrong, value][0], remedy))

    def _describe_class(self, key: str, noun: str, value: Any, remedy: str) -> str:
        return translate(
            "pipeline: {name} must be {noun}, got {type}. {remedy}",
            name=f"{self._name}.{key}",
            noun=noun,
            type=describe_type(value),
            remedy=remedy,
        )

    def typed(self, key: str, value: Any, node: Any) -> Any:
        """The value as the parameter's type: 2 becomes 2.0, but 2.5 does not become 2."""
        parameter = self._parameters[key]
        is_none = value is None and isinstance(parameter, OptionalParameterMixin)
        if isinstance(parameter, _UPSTREAM) or is_none:
            return value
        name = f"{self._name}.{key}"
        try:
            typed = conversion.converted(parameter, value, name, self._annotation(key))
            if isinstance(parameter, DataFile) and node and (problem := parameter.problem(typed)):
                raise LabkartError(f"{name}: {problem}")
        except conversion.NotTextError as error:
            raise LabkartError(self._describe_text(key, error.value, node)) from None
        except LabkartError as error:
            raise LabkartError(f"{context.source.describe(node, name)}: {error}") from None
        return typed

    def _annotation(self, key: str) -> str:
        """How the student's class annotates a parameter, as it is written."""
        classes = [cls for cls in self._task.__mro__ if key in vars(cls)]
        annotations = inspect.get_annotations(classes[0]) if classes else {}
        return str(annotations.get(key, ""))

    def _describe_text(self, key: str, value: Any, node: Any) -> str:
        """What to quote, and where, of a text that was read as a number or as true or false."""
        place = context.source.find(node, key)
        reading = str(value).lower() if isinstance(value, bool) else str(value)
        parameter = f"{self._name}.{key}"
        if not (place.text or place.override or node):
            return translate(
                "pipeline: {name} is text, got {value}. Give it a text.",
                name=parameter,
                value=reading,
            )
        example = '"..."'  # for an item of a list
        if place.text and place.override:
            example = f"'{place.key}=\"{place.text}\"'"
        elif place.text:
            example = f'{place.key.rpartition(".")[2]}: "{place.text}"'
        return translate(
            "{place}: {name} is text: write it in quotes, {example}."
            " Without them {reader} reads {value}.",
            place=place,
            name=parameter,
            example=example,
            reader="Hydra" if place.override else "YAML",
            value=reading,
        )

    def describe_missing(self, present: set[str]) -> str:
        """Which parameter has neither a value nor a default, and where to add it."""
        missing = [
            key
            for key, parameter in self._parameters.items()
            if key not in present and not parameter.has_task_value(self._name, key)
        ]
        for key in missing:
            if key in self._settable:
                return translate(
                    '{place}: {task} needs "{key}" and nothing gives it.'
                    ' Add a line "{key}: ..." there.',
                    place=context.source.describe(self._node),
                    task=self._name,
                    key=key,
                )
        return translate(
            "pipeline: {task} needs its upstream task. Write make({task}, ..., {key}=...).",
            task=self._name,
            key=missing[0],
        )

    @property
    def _settable(self) -> list[str]:
        """The parameters that a configuration file can give: all but tasks."""
        params = self._parameters.items()
        return [key for key, parameter in params if not isinstance(parameter, _UPSTREAM)]


def _class_noun(expected: type) -> str:
    if expected is TaskOnKart:
        return translate("a task")
    return translate("a {name}", name=expected.__name__)


def _place(node: Any) -> str:
    """Where a node comes from that is no section."""
    if isinstance(node, ListConfig):
        return context.source.describe(node)
    overrides = context.source.overrides
    return next((text for text in overrides if text.partition("=")[2] == str(node)), "conf")


def _plain(value: Any) -> Any:
    """A value as Python's own lists and dictionaries. Raises if a value in it is missing."""
    if isinstance(value, DictConfig | ListConfig):
        return OmegaConf.to_container(value, resolve=True, throw_on_missing=True)
    return value
