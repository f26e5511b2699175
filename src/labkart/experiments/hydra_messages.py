"""What Hydra's messages mean for whoever wrote an override or a file of `conf/`.

Knows no exception: see `config_errors`.
"""

import re
from collections.abc import Callable

from labkart import project
from labkart.language import translate
from labkart.wording import did_you_mean


def _hint(name: str) -> str:
    """The closest group of files in `conf/`."""
    folders = (project.current().root / "conf").iterdir()
    groups = sorted(folder.name for folder in folders if folder.is_dir())
    return did_you_mean(re.split("[/@]", name)[0], groups)


_Sentence = Callable[..., str]  # made of the named parts of a match
# Parts of messages of Hydra 1.3.8, each with the sentence that it becomes.
OF_OVERRIDE: dict[str, _Sentence] = {
    r"item is already at '(?P<name>.+?)'": (
        lambda **parts: translate('"{name}" exists already. Write {plain}.', **parts)
    ),
    r"The value of '(?P<name>.+?)' is (?P<old>.+) and not": (
        lambda **parts: translate("{name} is {old}. Write ~{name}.", **parts)
    ),
    r"Could not delete '(?P<name>.+?)=": (
        lambda **parts: translate("another file is chosen. Write ~{name}.", **parts)
    ),
    r"force-add of config groups .*'\+\+(?P<name>.+?)=": (
        lambda **parts: translate("one {name} is chosen. Write {plain}.", **parts)
    ),
    r"Multiple values for (?P<name>.+?)\.": (
        lambda **parts: translate("one {name} is chosen already. Write {plain}.", **parts)
    ),
    r"(?P<name>\S+) appears more than once in the": (
        lambda **parts: translate("it is chosen already. Write {plain}.", **parts)
    ),
}
OF_FILES: dict[str, _Sentence] = {
    r"In '(?P<file>.+?)': Could not (?:find|load) '(?P<name>.+?)'": (
        lambda **parts: translate(
            'conf/{file}.yaml: its defaults name "{name}", and conf/{name}.yaml does not exist.'
            " {hint}",
            **parts,
            hint=_hint(parts["name"]),
        )
    ),
    r"In '(?P<file>.+?)': Could not override '(?P<name>.+?)'": (
        lambda **parts: translate(
            'conf/{file}.yaml: its defaults override "{name}", which nothing chooses before.'
            " {hint}",
            **parts,
            hint=_hint(parts["name"]),
        )
    ),
    r"In '(?P<file>.+?)': \w+ raised while composing config: Cannot merge": (
        lambda **parts: translate(
            "conf/{file}.yaml: a list here has names and values in another file, or the reverse.",
            **parts,
        )
    ),
    r"In '(?P<file>.+?)': (?:\w+ raised while composing config: )?(?P<reason>.+)": (
        "conf/{file}.yaml: {reason}.".format
    ),
    r"Invalid defaults list in '(?P<file>.+?)', .*\((?P<reason>got .+)\)": (
        lambda **parts: translate(
            'conf/{file}.yaml: "defaults" must be a list, as "- model: forest", {reason}.', **parts
        )
    ),
    r"Unsupported type in defaults : (?P<name>\w+)": (
        lambda **parts: translate(
            'conf: a line of "defaults" is no "- group: file", got {name}.', **parts
        )
    ),
    r"You must specify '(?P<name>.+?)'": (
        lambda **parts: translate(
            "conf: no {name} is chosen. Add {name}=... with the name of a file in conf/{name}/.",
            **parts,
        )
    ),
    r"Multiple values for (?P<name>.+?)\.": (
        lambda **parts: translate(
            'conf: the defaults choose "{name}" twice. Remove one of the lines.', **parts
        )
    ),
    r"Primary config directory not found|Cannot find primary config": (
        lambda **_: translate("conf/config.yaml does not exist. Restore it: git checkout conf/")
    ),
    r"primary config '(?P<file>.+?)' must be a DictConfig": (
        lambda **parts: translate(
            "conf/{file}.yaml is a list. Write names with values (name: value).", **parts
        )
    ),
    r"maximum recursion depth": (
        lambda **_: translate("conf: files name each other in their defaults without end.")
    ),
}
