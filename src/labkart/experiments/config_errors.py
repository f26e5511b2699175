"""Explains in a sentence why Hydra cannot compose `conf/` with some overrides.

Knows the exceptions of Hydra, OmegaConf and PyYAML. For the syntax of one override see
`override_syntax`, for values that a task does not take `tasks.make`.
"""

import re
from collections.abc import Iterable
from contextlib import suppress

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import GrammarParseError, KeyValidationError, OmegaConfBaseException
from yaml import MarkedYAMLError, YAMLError
from yaml.reader import ReaderError

from labkart import project
from labkart.errors import LabkartError
from labkart.experiments import sweep_file
from labkart.experiments.composition import NO_FILE_NAME, Composed, load
from labkart.experiments.override_syntax import explain_syntax
from labkart.experiments.yaml_syntax import explain_yaml
from labkart.tasks.config_values import suggest_setting
from labkart.wording import did_you_mean

# What composing raises for a person's mistakes; `ValueError` for files that are not UTF-8,
# `RecursionError` for files that include each other.
InvalidOverride = (HydraException, OmegaConfBaseException, YAMLError, ValueError, RecursionError)

# Parts of messages of Hydra 1.3.8, each with the sentence that it becomes.
_UNKNOWN_KEY = re.compile(
    r"Could not (?:override|append to config|delete from config)[^']*'([^']+)'"
)
_OF_OVERRIDE = {
    r"item is already at '(?P<name>.+?)'": '"{name}" exists already. Write {plain}.',
    r"The value of '(?P<name>.+?)' is (?P<old>.+) and not": "{name} is {old}. Write ~{name}.",
    r"Could not delete '(?P<name>.+?)=": "another file is chosen. Write ~{name}.",
    r"force-add of config groups .*'\+\+(?P<name>.+?)=": "one {name} is chosen. Write {plain}.",
    r"Multiple values for (?P<name>.+?)\.": "one {name} is chosen already. Write {plain}.",
    r"(?P<name>\S+) appears more than once in the": "it is chosen already. Write {plain}.",
}
_OF_FILES = {
    r"In '(?P<file>.+?)': Could not (?:find|load) '(?P<name>.+?)'": (
        'conf/{file}.yaml: its defaults name "{name}", and conf/{name}.yaml does not exist. {hint}'
    ),
    r"In '(?P<file>.+?)': Could not override '(?P<name>.+?)'": (
        'conf/{file}.yaml: its defaults override "{name}", which nothing chooses before. {hint}'
    ),
    r"In '(?P<file>.+?)': \w+ raised while composing config: Cannot merge": (
        "conf/{file}.yaml: a list here has names and values in another file, or the reverse."
    ),
    r"In '(?P<file>.+?)': (?:\w+ raised while composing config: )?(?P<reason>.+)": (
        "conf/{file}.yaml: {reason}."
    ),
    r"Invalid defaults list in '(?P<file>.+?)', .*\((?P<reason>got .+)\)": (
        'conf/{file}.yaml: "defaults" must be a list, as "- model: forest", {reason}.'
    ),
    r"Unsupported type in defaults : (?P<name>\w+)": (
        'conf: a line of "defaults" is no "- group: file", got {name}.'
    ),
    r"You must specify '(?P<name>.+?)'": (
        "conf: no {name} is chosen. Add {name}=... with the name of a file in conf/{name}/."
    ),
    r"Multiple values for (?P<name>.+?)\.": (
        'conf: the defaults choose "{name}" twice. Remove one of the lines.'
    ),
    r"Primary config directory not found|Cannot find primary config": (
        "conf/config.yaml does not exist. Restore it: git checkout conf/"
    ),
    r"primary config '(?P<file>.+?)' must be a DictConfig": (
        "conf/{file}.yaml is a list. Write names with values (name: value)."
    ),
    r"maximum recursion depth": "conf: files name each other in their defaults without end.",
}


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
    return f"{files[0]} names many experiments: add -m to run each of them." if files else ""


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
    return f'conf: no {group} "{option}". Choose one of {options} (conf/{group}/).'


def _explain_syntax(error: BaseException) -> str:
    if not isinstance(error, OverrideParseException):
        return ""
    return explain_syntax(error.override, _one_line(error))


def _explain_file(error: BaseException) -> str:
    """Which file cannot be read, and where."""
    cause = _cause(error)
    if isinstance(cause, MarkedYAMLError | ReaderError):
        return explain_yaml(cause)
    if isinstance(cause, UnicodeDecodeError):
        line = cause.object[: cause.start].count(b"\n") + 1
        remedy = "Save the file as UTF-8 in your editor."
        return f"{_file_that_raises(cause)}, line {line}: this is not UTF-8. {remedy}"
    if isinstance(cause, KeyValidationError):
        return f"{_file_that_raises(cause)}: a name is null. Write it in quotes."
    if isinstance(cause, GrammarParseError):
        problem = f'"{cause.full_key}" has a "${{" that is not closed or not the name of a setting'
        return f"{_file_that_raises(cause)}: {problem}. Write ${{name}}, or \\${{ for the text."
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
        end = "." if is_group else f"; '{name}=[{values}]' is a list."
        return f"{override} names several values: add -m to run each of them{end}"
    if match := re.search(r"Sweep parameters '(.+)' requires --multirun", str(error)):
        return f"{match[1]} names several values: add -m to run each of them."
    return ""


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
            return f'{override}: "{is_number[1]}" is no number, and a list has only numbers.'
        if is_no_file and not name:
            return f"{override}: the name is missing. Write name=value, as model=forest."
        if is_no_file and _is_wrong_choice(name, value):
            return f"{override}: name a file of conf/{name}/. '~{name}' leaves it out."
        for pattern, sentence in _OF_OVERRIDE.items():
            match = re.search(pattern, message)
            if match and match["name"] == name and override != plain:
                return f"{override}: {sentence.format(plain=plain, **match.groupdict())}"
    return ""


def _is_wrong_choice(group: str, value: str) -> bool:
    folder = project.current().root / "conf" / group
    return folder.is_dir() and not (folder / f"{value}.yaml").is_file()


def _explain_merge(override: str, error: BaseException) -> str:
    reason = _one_line(_cause(error))
    if not reason.startswith("Cannot merge"):
        return f"{reason}."
    if "=[" in override:
        return "this is a section in conf/, not a list. Set one of its settings, name.of.it=value."
    return "this is a list in conf/, not a section. Write name=[...]."


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
        section, hint = suggest_setting(cfg, key.split("."))
        return f'{composed.source.describe(section)}: no setting "{key}". {hint}'
    return ""


def _explain_group(key: str, choices: Iterable[str], overrides: list[str]) -> str:
    """Under which names a group of files is used, if that is not its own."""
    group = key.partition("@")[0]
    uses = [name for name in choices if name.startswith(f"{group}@")]
    override = next((text for text in overrides if text.startswith(f"{key}=")), f"{key}=...")
    if not uses:
        return ""
    meant = " or ".join(f"{use}={override.partition('=')[2]}" for use in uses)
    return f"{override}: conf/{group}/ is used as {' and '.join(uses)}. Write {meant}."


def _explain_files(error: BaseException) -> str:
    """What is wrong with the defaults of a file, or with files together."""
    message = _one_line(error)
    for pattern, sentence in _OF_FILES.items():
        if match := re.search(pattern, message):
            parts = match.groupdict()
            if "{hint}" in sentence:
                parts["hint"] = _hint(parts["name"])
            return sentence.format(**parts).strip()
    return ""


def _hint(name: str) -> str:
    """The closest group of files in `conf/`."""
    folders = (project.current().root / "conf").iterdir()
    groups = sorted(folder.name for folder in folders if folder.is_dir())
    return did_you_mean(re.split("[/@]", name)[0], groups)


def _cause(error: BaseException) -> BaseException:
    """Hydra wraps the errors of OmegaConf and PyYAML."""
    return _cause(error.__cause__) if error.__cause__ else error


def _one_line(error: BaseException) -> str:
    text = re.split("See https|Config search path:|full_key:", str(error))[0]
    return " ".join(text.split())
