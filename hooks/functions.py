"""The functions that the template's files call."""

import sys
from pathlib import Path

from jinja2 import Environment
from jinja2.ext import Extension

from hooks.origin import cruft_state, docs_url, template_folder
from hooks.requirement import is_local, library_version, requirement


class Functions(Extension):
    """Makes the functions known to one environment of Jinja; the next imports these modules again.

    `cruft update` generates two versions of the template in one process, from one folder: with the
    modules of the first, the second could not use what is new in its own.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.globals.update(
            cruft_state=cruft_state,
            docs_url=docs_url,
            is_local=is_local,
            library_version=library_version,
            requirement=requirement,
            template_folder=template_folder,
        )
        for name in [name for name in sys.modules if name.partition(".")[0] == "hooks"]:
            _forget(name)


def _forget(name: str) -> None:
    """Let Python import a module again, from its source.

    Python recognises bytecode by the source's size and second, and may take it for the other
    version's.
    """
    spec = sys.modules.pop(name).__spec__
    if spec and spec.cached:
        Path(spec.cached).unlink(missing_ok=True)
