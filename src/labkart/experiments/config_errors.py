"""Explains in a sentence why Hydra cannot compose `conf/` with some overrides.

Knows the exceptions of Hydra, OmegaConf and PyYAML. For the syntax of one override see
`override_syntax`, for values that a task does not take `tasks.make`.
"""

import re
from collections.abc import Iterable
from contextlib import suppress

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import GrammarParseError, KeyValidationError
from yaml import MarkedYAMLError
from yaml.reader import ReaderError

from labkart import project
from labkart.errors import LabkartError
from labkart.experiments import sweep_file
from labkart.experiments.config import NO_FILE_NAME, Composed, InvalidOverride, load
from labkart.experiments.hydra_messages import OF_FILES, OF_OVERRIDE
from labkart.experiments.override_syntax import explain_syntax
from labkart.experiments.place import encoding_error
from labkart.experiments.yaml_syntax import explain_yaml
from labkart.language import join_sentences, translate
from labkart.tasks.config_values import suggest_setting
from labkart.wording import join_alternatives, join_names

_UNKNOWN_KEY = re.compile(
    r"Could not (?:override|append to config|delete from config)[^']*'([^']+)'"
)


def explain_error(error: BaseException, overrides: Iterable[str] = ()) -> LabkartError:
    """What is wrong with an override or with a file in `conf/`, by one of `InvalidOverride`."""
    overrides = list(overrides)
    return LabkartError(
        _explain_sweep_file(overrides)
        or _explain_unknown_option(error, overrides)
        or _explain_syntax(error)
        or _explain_file(error)
        or _explain_several_values(error)
        or _explain_override(error, overrides)
        or _explain_unknown_key(error, overrides)
        or _explain_files(error)
        or f"conf: {_one_line(error)}"
    )


def _explain_sweep_file(overrides: list[str]) -> str:
    files = [override for override in overrides if sweep_file.names_file(override)]
    if not files:
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


def _explain_file(error: BaseException) -> str:
    """Which file cannot be read, and where."""
    cause = _cause(error)
    if isinstance(cause, MarkedYAMLError | ReaderError):
        return str(explain_yaml(cause))
    if isinstance(cause, UnicodeDecodeError):
        return str(encoding_error(_file_that_raises(cause), cause))
    if isinstance(cause, KeyValidationError):
        return translate(
            "{file}: a name is null. Write it in quotes.", file=_file_that_raises(cause)
        )
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
    match = re.search(r"Ambiguous value for argument '(.+?)'\s+1\.", str(error), re.DOTALL)
    if match:
        override = match[1]
        name, _, values = override.partition("=")
        is_group = (project.current().root / "conf" / name).is_dir()
        if not is_group:
            return translate(
                "{override} names several values: add -m to run each of them;"
                " '{name}=[{values}]' is a list.",
                override=override,
                name=name,
                values=values,
            )
        return _several_values(override)
    if match := re.search(r"Sweep parameters '(.+)' requires --multirun", str(error)):
        return _several_values(match[1])
    return ""


def _several_values(override: str) -> str:
    return translate(
        "{override} names several values: add -m to run each of them.", override=override
    )


def _explain_override(error: BaseException, overrides: list[str]) -> str:
    """Which override does not fit the files, and what to write instead."""
    message = _one_line(error)
    if match := re.match(r"Error merging override (.+)", message):
        return f"{match[1]}: {_explain_merge(match[1], error)}"
    is_number = re.match(r"invalid literal for int\(\) .*'(.+)'", message)
    is_no_file = message.startswith(NO_FILE_NAME)
    for override in overrides:
        plain = override.lstrip("+~")
        name, _, value = plain.partition("=")
        if is_number and is_number[1] in name.split("."):
            return translate(
                '{override}: "{name}" is no number, and a list has only numbers.',
                override=override,
                name=is_number[1],
            )
        if is_no_file and not name:
            return translate(
                "{override}: the name is missing. Write name=value, as model=forest.",
                override=override,
            )
        if is_no_file and _is_wrong_choice(name, value):
            return translate(
                "{override}: name a file of conf/{name}/. '~{name}' leaves it out.",
                override=override,
                name=name,
            )
        for pattern, sentence in OF_OVERRIDE.items():
            match = re.search(pattern, message)
            if match and match["name"] == name and override != plain:
                return f"{override}: {sentence(plain=plain, **match.groupdict())}"
    return ""


def _is_wrong_choice(group: str, value: str) -> bool:
    folder = project.current().root / "conf" / group
    return folder.is_dir() and not (folder / f"{value}.yaml").is_file()


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
    key = match[1]
    # The files as the other overrides choose them, if these compose without the wrong one.
    others = [override for override in overrides if "=" in override and key not in override]
    with suppress(*InvalidOverride):
        composed = Composed.of(load(others))
        if explanation := _explain_group(key, composed.choices, overrides):
            return explanation
        composed.activate()
        cfg = composed.hydra if key.startswith("hydra") else composed.cfg
        suggestion = suggest_setting(cfg, key.split("."))
        file = composed.source.describe(suggestion.section)
        problem = translate('{file}: no setting "{key}".', file=file, key=key)
        return join_sentences(problem, suggestion.hint)
    return ""


def _explain_group(key: str, choices: Iterable[str], overrides: list[str]) -> str:
    """How to choose of a group of files that has another name in config.yaml, or none."""
    group = key.partition("@")[0]
    uses = [name for name in choices if name.startswith(f"{group}@")]
    override = next((text for text in overrides if text.startswith(f"{key}=")), f"{key}=...")
    if not uses and (project.current().root / "conf" / group).is_dir():
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


def _explain_files(error: BaseException) -> str:
    """What is wrong with the defaults of a file, or with files together."""
    message = _one_line(error)
    for pattern, sentence in OF_FILES.items():
        if match := re.search(pattern, message):
            return sentence(**match.groupdict()).strip()
    return ""


def _cause(error: BaseException) -> BaseException:
    """Hydra wraps the errors of OmegaConf and PyYAML."""
    return _cause(error.__cause__) if error.__cause__ else error


def _one_line(error: BaseException) -> str:
    text = re.split("See https|Config search path:|full_key:", str(error))[0]
    return " ".join(text.split())
