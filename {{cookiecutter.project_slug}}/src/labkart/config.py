"""From configuration to task: composing `conf/`, and `make`, which checks a node against the task's parameters."""

import copy
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import hydra
import luigi
from gokart import ListTaskInstanceParameter, TaskInstanceParameter
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import OverrideType
from hydra.errors import HydraException, MissingConfigException
from luigi.parameter import OptionalParameterMixin, ParameterException
from omegaconf import BooleanNode, DictConfig, FloatNode, IntegerNode, ListConfig, OmegaConf, StringNode, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from . import project
from .errors import LabkartError, did_you_mean

TaskT = TypeVar("TaskT", bound=luigi.Task)

# Which OmegaConf node checks which parameter, and what a student calls the type.
_TYPES: tuple[tuple[type, type, str], ...] = (
    (luigi.BoolParameter, BooleanNode, "true or false"),
    (luigi.IntParameter, IntegerNode, "a whole number"),
    (luigi.FloatParameter, FloatNode, "a number"),
    (luigi.StrParameter, StringNode, "a text"),
)
_TASKS = (TaskInstanceParameter, ListTaskInstanceParameter)

# What composing raises for what a person wrote: complaints of Hydra, OmegaConf and YAML, and files that are no UTF-8.
Miswritten = (HydraException, OmegaConfBaseException, YAMLError, ValueError)

_NOT_THERE = re.compile(r"Could not (?:override|append to config|delete from config)[^']*'([^']+)'")


def compose(*overrides: str) -> DictConfig:
    """The configuration that `labkart run` would compose from the same words: `compose("model=forest", "seed=3")`.

    Raises:
        LabkartError: an override names what is not there.
    """
    try:
        return _composed(overrides)
    except Miswritten as error:
        raise explained(error, overrides) from None


def _composed(overrides: Iterable[str]) -> DictConfig:
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(project.current().root / "conf"), version_base="1.3"):
        cfg = hydra.compose("config", overrides=list(overrides), return_hydra_config=True)
    HydraConfig.instance().set_config(cfg)
    with open_dict(cfg):
        del cfg["hydra"]
    return cfg


class Composer:
    """Many configurations that differ in a few plain values: the files are read and put together only once."""

    def __init__(self, *words: str) -> None:
        self._words, self._parser = words, OverridesParser.create()
        self._composed: dict[tuple[str, ...], tuple[DictConfig, Any]] = {}

    def compose(self, *words: str) -> DictConfig:
        """What `compose` makes of the words of all and these."""
        overrides = self._parser.parse_overrides(list(words))
        conf = project.current().root / "conf"
        values = [
            each
            for each in overrides
            if each.type == OverrideType.CHANGE
            and not each.is_sweep_override()
            and "@" not in str(each.input_line).partition("=")[0]
            and not (conf / each.key_or_group.replace(".", "/")).is_dir()
        ]
        files = tuple(str(each.input_line) for each in overrides if each not in values)
        if files not in self._composed:
            self._composed[files] = compose(*self._words, *files), HydraConfig.instance().cfg
        cfg, settings = self._composed[files]
        cfg = copy.deepcopy(cfg)
        OmegaConf.set_readonly(settings.hydra, False)
        settings.hydra.overrides.task = [*self._words, *words]
        HydraConfig.instance().cfg = settings
        try:
            for each in values:
                OmegaConf.update(cfg, each.key_or_group, each.value(), merge=True)
        except Miswritten as error:
            raise explained(error, [*self._words, *words]) from None
        return cfg


def explained(error: Exception, words: Iterable[str] = ()) -> LabkartError:
    """What is wrong with the words of a command or with a file in `conf/`, as a sentence."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options:
        group, _, option = error.missing_cfg_file.rpartition("/")
        options = ", ".join(sorted(error.options))
        return LabkartError(f'conf: no {group} "{option}". Choose one of {options} (conf/{group}/).')
    if not_there := _NOT_THERE.search(str(error)):
        parent, _, name = not_there[1].rpartition(".")
        # The files as the other words choose them, if these compose without the wrong one.
        others = [word for word in words if "=" in word and not_there[1] not in word]
        with suppress(*Miswritten):
            cfg = _composed(others)
            node = OmegaConf.select(cfg, parent) if parent else cfg
            known = [str(key) for key in node] if isinstance(node, DictConfig) else []
            return LabkartError(f'{_place(node)}: no setting "{not_there[1]}". {did_you_mean(name, known)}')
    return LabkartError(f"conf: {' '.join(str(error).split())}")


def check_additions(overrides: Iterable[str]) -> None:
    """Refuse `+name=value` at the top, where no task could read it: Hydra takes any new name without a word."""
    conf = project.current().root / "conf"
    known = {str(key) for key in OmegaConf.load(conf / "config.yaml")} - {"defaults", "hydra"}
    known |= {folder.name for folder in conf.iterdir() if folder.is_dir()} - {"local"}
    for override in overrides:
        top = re.split("[=.@/]", override.lstrip("+"))[0]
        if override.startswith("+") and top not in known:
            raise LabkartError(f'{override}: no setting "{top}" in conf/config.yaml. {did_you_mean(top, known)}')


def make(task: type[TaskT], node: Mapping[str, Any] | DictConfig | None = None, **given: Any) -> TaskT:
    """A task from a node of the configuration and from what the pipeline gives it.

    Args:
        task: the class to make.
        node: its parameters by name.
        **given: upstream tasks, and parameters that come from elsewhere in the configuration.

    Raises:
        LabkartError: a parameter is unknown, missing, given twice or of the wrong type; says where, and what to do.
    """
    name, declared = task.__name__, dict(task.get_params())
    values = _values(name, node)
    for key in {**values, **given}:
        place, known = (_place(node), _settable(declared)) if key in values else ("pipeline", declared)
        if key not in declared:
            raise LabkartError(f'{place}: {name} has no parameter "{key}". {did_you_mean(key, known)}')
        if key in values and key in given:
            raise LabkartError(f'{place}: "{key}" of {name} already comes from the pipeline. Remove one of them.')
        wanted = declared[key].expected_type if isinstance(declared[key], TaskInstanceParameter) else object
        if not isinstance(given.get(key, values.get(key)), wanted):
            other = type(given.get(key, values.get(key))).__name__
            remedy = f"Give it one, or declare {key} with expected_type=Task"
            raise LabkartError(f"pipeline: {name}.{key} wants a {wanted.__name__}, not a {other}. {remedy}.")
    typed = {key: _typed(declared[key], value, node, f"{name}.{key}") for key, value in values.items()}
    typed |= {key: _typed(declared[key], value, None, f"{name}.{key}") for key, value in _values(name, given).items()}
    try:
        return task(**typed)
    except ParameterException:
        raise LabkartError(_missing(name, declared, set(typed), node)) from None
    except (AttributeError, TypeError, ValueError) as error:
        raise LabkartError(f"pipeline: {name} does not take these values: {error}") from error


def _values(name: str, node: Any) -> dict[str, Any]:
    if not isinstance(node, DictConfig | Mapping | None):
        raise LabkartError(f"conf: {name} wants its parameters by name (name: value), not {node!r}.")
    for key in node or ():
        if isinstance(node, DictConfig) and OmegaConf.is_missing(node, key):
            path = node._get_full_key(key)
            raise LabkartError(f'{_place(node)}: "{path}" has no value yet. Write one there, or add {path}=... here.')
    try:
        return {str(key): _plain(value) for key, value in (node or {}).items()}
    except OmegaConfBaseException as error:
        raise LabkartError(f"{_place(node)}: {str(error).splitlines()[0]}") from None


def _plain(value: Any) -> Any:
    """A node of the configuration as Python's own lists and dictionaries; raises where a value is still missing."""
    nested = isinstance(value, DictConfig | ListConfig)
    return OmegaConf.to_container(value, resolve=True, throw_on_missing=True) if nested else value


def _typed(parameter: luigi.Parameter[Any], value: Any, node: Any, name: str) -> Any:
    """The value as the parameter's type, converted only where nothing is lost (2 to 2.0, but not 2.5 to 2)."""
    if isinstance(parameter, _TASKS) or (value is None and isinstance(parameter, OptionalParameterMixin)):
        return value
    plain = type(parameter) in (luigi.Parameter, luigi.OptionalParameter)  # luigi's word for a text
    rest = (StringNode if plain else None, "a text")
    check, words = next(((check, words) for kind, check, words in _TYPES if isinstance(parameter, kind)), rest)
    try:
        if check:
            return check(value, is_optional=False)._value()
        return parameter.parse(str(value)) if isinstance(value, str | int | float | None) else value
    except Exception as error:  # each kind of parameter has its own
        said = f"wants {words}, not {value!r}" if check else f"does not take {value!r}: {error}"
        raise LabkartError(f"{_place(node, name)}: {name} {said}.") from None


def _missing(name: str, declared: Mapping[str, luigi.Parameter[Any]], present: set[str], node: Any) -> str:
    absent = [key for key in declared if key not in present and not declared[key].has_task_value(name, key)]
    for key in absent:
        if key in _settable(declared):
            return f'{_place(node)}: {name} needs "{key}" and nothing gives it. Add a line "{key}: ..." there.'
    return f"pipeline: {name} needs its upstream task. Write make({name}, ..., {absent[0]}=...)."


def _settable(declared: Mapping[str, luigi.Parameter[Any]]) -> list[str]:
    """The parameters that a configuration file can give: all but tasks."""
    return [key for key, parameter in declared.items() if not isinstance(parameter, _TASKS)]


def _place(node: Any, name: str = "") -> str:
    """Where a person finds a value: the word of the command that set it, or else the file that its node is from."""
    path = str(node._get_full_key(None)) if isinstance(node, DictConfig) else ""
    settings = HydraConfig.get() if HydraConfig.initialized() else None
    for override in settings.overrides.task if settings else ():
        if name and override.lstrip("+").startswith(f"{path}.{name.rpartition('.')[2]}=".lstrip(".")):
            return str(override)
    group = path.partition(".")[0]
    option = settings.runtime.choices.get(group) if settings else None
    return f"conf/{group}/{option}.yaml" if option else "conf/config.yaml"
