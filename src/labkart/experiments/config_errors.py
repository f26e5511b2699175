"""Explains in a sentence why Hydra cannot compose `conf/` with some overrides.

Knows the exceptions and messages of Hydra 1.3.8 and OmegaConf. For files that are not YAML see
`yaml_errors`, for the syntax of one override `override_syntax`.
"""

import re
from collections.abc import Iterable
from contextlib import suppress

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import GrammarParseError

from labkart import project
from labkart.errors import LabkartError
from labkart.experiments import sweep_file
from labkart.experiments.config import NO_FILE_NAME, Composed, InvalidOverride, load
from labkart.experiments.override_syntax import explain_syntax
from labkart.experiments.yaml_errors import NotYaml, yaml_error
from labkart.language import join_sentences, translate
from labkart.tasks.config_values import suggest_setting
from labkart.wording import join_alternatives, join_names

_SEVERAL = re.compile(
    r"Ambiguous value for argument '(.+?)'\s+1\.|Sweep parameters '(.+)' requires --multirun",
    re.DOTALL,
)
_IS_SET = re.compile(
    "item is already at|force-add of config groups|Multiple values for|appears more than once"
)
_HAS_ANOTHER_VALUE = re.compile(r"The value of '.+?' is .+ and not|Could not delete '[^']*=")
_UNKNOWN_KEY = re.compile(
    r"Could not (?:override|append to config|delete from config)[^']*'([^']+)'"
)


def explain_error(error: BaseException, overrides: Iterable[str] = ()) -> LabkartError:
    """What is wrong with an override or with a file in `conf/`, by an `InvalidOverride`."""
    overrides = list(overrides)
    return LabkartError(
        _explain_sweep_file(overrides)
        or _explain_unknown_option(error, overrides)
        or _explain_syntax(error)
        or _explain_text(error)
        or _explain_several_values(error)
        or _explain_override(error, overrides)
        or _explain_unknown_key(error, overrides)
        or _explain_defaults(error)
        or _explain_otherwise(error, overrides)
    )


def _explain_otherwise(error: BaseException, overrides: list[str]) -> str:
    """What Hydra says, and of which file or with which overrides."""
    what = f" ({' '.join(overrides)})" if overrides else ""
    return f"{_file_that_raises(_cause(error))}: {_one_line(error)}{what}"


def _explain_sweep_file(overrides: list[str]) -> str:
    files = [override for override in overrides if sweep_file.names_file(override)]
    if not files or not {"-m", "--multirun"}.isdisjoint(overrides):
        return ""
    return translate(
        "{override} names many experiments: add -m to run each of them.", override=files[0]
    )


def _explain_unknown_option(error: BaseException, overrides: list[str]) -> str:
    is_missing = isinstance(error, MissingConfigException)
    if not (is_missing and error.missing_cfg_file and error.options):
        return ""
    group, _, option = error.missing_cfg_file.rpartition("/")
    for override in overrides:  # the option may have slashes, too
        name = override.partition("=")[0].lstrip("+")
        if error.missing_cfg_file.startswith(f"{name}/"):
            group, option = name, error.missing_cfg_file.removeprefix(f"{name}/")
    options = ", ".join(sorted(error.options))
    return translate(
        'conf: no {group} "{option}". Choose one of {options} (conf/{group}/).',
        group=group,
        option=option,
        options=options,
    )


def _explain_syntax(error: BaseException) -> str:
    if not isinstance(error, OverrideParseException):
        return ""
    return explain_syntax(error.override, _one_line(error))


def _explain_text(error: BaseException) -> str:
    """Which file cannot be read, and where."""
    cause = _cause(error)
    if isinstance(cause, NotYaml):
        return str(yaml_error(cause, _file_that_raises(cause)))
    if isinstance(cause, GrammarParseError):
        return translate(
            '{file}: "{key}" has a "${{" that is not closed or not the name of a setting.'
            " Write ${{name}}, or \\${{ for the text.",
            file=_file_that_raises(cause),
            key=cause.full_key,
        )
    return ""


def _file_that_raises(error: BaseException) -> str:
    """The first file of `conf/` in which reading raises the same error."""
    root = project.current().root
    for file in sorted((root / "conf").rglob("*.yaml")):
        try:
            OmegaConf.load(file)
        except Exception as same:  # whatever it is, it is compared
            if (type(same), str(same)) == (type(error), str(error)):
                return file.relative_to(root).as_posix()
    return "conf"


def _explain_several_values(error: BaseException) -> str:
    match = _SEVERAL.search(str(error))
    if not match:
        return ""
    override = match[1] or match[2]
    name, _, values = override.partition("=")
    if match[2] or _is_group(name):
        return translate(
            "{override} names several values: add -m to run each of them.", override=override
        )
    return translate(
        "{override} names several values: add -m to run each of them;"
        " '{name}=[{values}]' is a list.",
        override=override,
        name=name,
        values=values,
    )


def _is_group(name: str) -> bool:
    return (project.current().root / "conf" / name).is_dir()


def _explain_override(error: BaseException, overrides: list[str]) -> str:
    """Which override does not fit the files, and what to write instead."""
    message = _one_line(error)
    if match := re.match(r"Error merging override (.+)", message):
        return f"{match[1]}: {_explain_merge(match[1], error)}"
    for override in overrides:
        name, _, value = override.lstrip("+~").partition("=")
        if message.startswith(NO_FILE_NAME) or not name:
            problem = _explain_choice(name, value)
        else:
            problem = _explain_prefix(override, message)
        if problem:
            return f"{override}: {problem}"
    return ""


def _explain_choice(name: str, value: str) -> str:
    """What is wrong with the choice of a file; empty if it is another override's."""
    if not name:
        return translate("the name is missing. Write name=value, as model=forest.")
    if not _is_group(name) or (project.current().root / "conf" / name / f"{value}.yaml").is_file():
        return ""
    return translate("name a file of conf/{name}/. '~{name}' leaves it out.", name=name)


def _explain_prefix(override: str, message: str) -> str:
    """Why an override must not begin with + or ~; empty if the message is about another one."""
    plain = override.lstrip("+~")
    name = plain.partition("=")[0]
    if plain == override or not re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", message):
        return ""
    if _IS_SET.search(message):
        return translate('"{name}" is set already. Write {plain}.', name=name, plain=plain)
    if _HAS_ANOTHER_VALUE.search(message):
        return translate("it has another value. Write ~{name}.", name=name)
    return ""


def _explain_merge(override: str, error: BaseException) -> str:
    reason = _one_line(_cause(error))
    if not reason.startswith("Cannot merge"):
        return f"{reason}."
    if "=[" in override:
        return translate(
            "this is a section in conf/, not a list. Set one of its settings, name.of.it=value."
        )
    return translate("this is a list in conf/, not a section. Write name=[...].")


def _explain_unknown_key(error: BaseException, overrides: list[str]) -> str:
    match = _UNKNOWN_KEY.search(str(error))
    if not match or _one_line(error).startswith("In '"):
        return ""
    # The files as the other overrides choose them, if these compose without the wrong one.
    others = [
        override
        for override in overrides
        if "=" in override and match[1] not in override and not _is_sweep(override)
    ]
    inner = str(getattr(_cause(error), "full_key", ""))
    key = inner if inner.startswith(f"{match[1]}.") else match[1]  # split={width: 3}
    with suppress(*InvalidOverride):
        composed = Composed.of(load(others))
        if explanation := _explain_group(key, composed.choices, overrides):
            return explanation
        composed.activate()
        cfg = composed.hydra if key.startswith("hydra") else composed.cfg
        suggestion = suggest_setting(cfg, key.split("."))
        file = composed.source.describe(suggestion.section)
        problem = translate('{file}: no setting "{key}".', file=file, key=key)
        return join_sentences(problem, suggestion.hint, _explain_single_value(key, overrides))
    return ""


def _explain_single_value(key: str, overrides: list[str]) -> str:
    """How to set what only the files of a sweep have: Hydra reads one value with the defaults."""
    value = next((text for text in overrides if text.startswith(f"{key}=")), "").partition("=")[2]
    if not value or not any(map(_is_sweep, overrides)):
        return ""
    return translate(
        "If the files that -m chooses have it, write '{key}=choice({value})'.", key=key, value=value
    )


def _is_sweep(override: str) -> bool:
    is_setting = "=" in override and not override.startswith("-")
    return is_setting and OverridesParser.create().parse_override(override).is_sweep_override()


def _explain_group(key: str, choices: Iterable[str], overrides: list[str]) -> str:
    """How to choose of a group of files that has another name in config.yaml, or none."""
    group = key.partition("@")[0]
    uses = [name for name in choices if name.startswith(f"{group}@")]
    override = next((text for text in overrides if text.startswith(f"{key}=")), f"{key}=...")
    if not uses and _is_group(group):
        return translate(
            "{override}: conf/config.yaml chooses no file of conf/{group}/. Add this line to it,"
            ' below defaults: "- {group}: null"',
            override=override,
            group=group,
        )
    if not uses:
        return ""
    proposals = [f"{use}={override.partition('=')[2]}" for use in uses]
    return translate(
        "{override}: conf/{group}/ is used as {names}. Write {meant}.",
        override=override,
        group=group,
        names=join_names(uses),
        meant=join_alternatives(proposals),
    )


def _explain_defaults(error: BaseException) -> str:
    """What is wrong with the defaults of a file, or with files together."""
    message = _one_line(error)
    if match := re.match(r"In '(.+?)': Could not (?:find|load) '(.+?)'", message):
        return translate(
            'conf/{file}.yaml: its defaults name "{name}", and conf/{name}.yaml does not exist.',
            file=match[1],
            name=match[2],
        )
    if match := re.match(r"In '(.+?)': (?:\w+ raised while composing config: )?(.+)", message):
        return f"conf/{match[1]}.yaml: {match[2]}"
    if re.match("Primary config directory not found|Cannot find primary config", message):
        return translate("conf/config.yaml does not exist. Restore it: git checkout conf/")
    if isinstance(error, RecursionError):
        return translate("conf: files name each other in their defaults without end.")
    return ""


def _cause(error: BaseException) -> BaseException:
    """Hydra wraps the errors of OmegaConf and PyYAML."""
    return _cause(error.__cause__) if error.__cause__ else error


def _one_line(error: BaseException) -> str:
    text = re.split("See https|Config search path:|full_key:", str(error))[0]
    return " ".join(text.split())
