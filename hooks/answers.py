"""What the template does with an answer: ask again for a wrong one, and take it as it is, never as a template.

`cruft update` renders the old template and the new one in one process, where the old one's modules stay loaded: whoever
changes what a filter takes or gives, or its name, gives the modules of `hooks/` new names, too.
"""

import json
import os
import sys
import tempfile
from contextlib import suppress
from inspect import currentframe
from pathlib import Path
from typing import Any

from cookiecutter.exceptions import FailedHookException
from jinja2 import Environment
from jinja2.ext import Extension
from rich import get_console
from rich.prompt import Prompt

from hooks import texts
from hooks.checks import CHECKS, Wrong

FOLDER = "{{cookiecutter.project_slug}}"


class Refused(FailedHookException, SystemExit):
    """Ends in its sentence and exit code 1: cookiecutter knows it as the one, cruft, which knows none of ours, as the other."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.code = sentence


class Answers(Extension):
    """The filters, and what must happen where cookiecutter asks nobody."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        template = json.loads(
            (Path(__file__).parents[1] / "cookiecutter.json").read_text(encoding="utf-8")
        )
        self.prompts, self.ours = (
            template["__prompts__"],
            {text for text in template.values() if isinstance(text, str)},
        )
        self.no_input = told("prompt_for_config", "no_input")
        environment.filters.update(checked=self.checked, complete=self.complete, **texts.FILTERS)
        with suppress(AttributeError):  # a terminal without Japanese letters shows question marks
            sys.stdout.reconfigure(errors="replace")

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Cookiecutter renders what its command line answers: keep that as it is. Look at all before it writes."""
        if self.no_input is not None and source not in self.ours:
            return "{{ " + ascii(source) + " }}"
        return "{{ cookiecutter | complete }}" + source if source == FOLDER else source

    def checked(self, answers: dict[str, Any], question: str) -> str:
        """The answer to the question before; none where cookiecutter only asks what a replay file lacks."""
        return self._right(answers, question) if question in answers else ""

    def _right(self, answers: dict[str, Any], question: str) -> str:
        """The answer, put right if need be: asked again on a terminal, else refused."""
        while True:
            answer = answers.get(question)
            try:
                answers[question] = CHECKS[question](answer if isinstance(answer, str) else "")
                return answers[question]
            except Wrong as wrong:
                sentence = wrong.sentences[language(answers)]
                if self.no_input is not False or not (sys.stdin.isatty() and sys.stdout.isatty()):
                    raise Refused(f'{question} "{texts.shown(answer)}": {sentence}') from None
                get_console().print(
                    f"  {sentence[0].upper()}{sentence[1:]}",
                    style="red",
                    markup=False,
                    highlight=False,
                )
                again = self.prompts[question].splitlines()[-1].strip()
                answers[question] = Prompt.ask(f"  {again}", default=wrong.instead or ...)

    def complete(self, answers: dict[str, Any]) -> str:
        """Nothing, when all is well: answers may come from a file, by --replay, or the command line may name what follows."""
        for question in CHECKS:
            self._right(answers, question)
        answers["__package"] = answers["project_slug"].replace("-", "_")
        project = Path(told("generate_files", "output_dir"), answers["project_slug"]).absolute()
        if not told("generate_files", "overwrite_if_exists") and (obstacle := in_the_way(project)):
            raise Refused(obstacle[language(answers)])
        return ""


def told(function: str, name: str) -> Any:
    """What a function of cookiecutter that is running was told, else None; it tells its extensions nothing."""
    frame = currentframe()
    while frame and frame.f_code.co_name != function:
        frame = frame.f_back
    return frame.f_locals[name] if frame else None


def language(answers: dict[str, Any]) -> str:
    return "ja" if answers.get("language") == "ja" else "en"


def in_the_way(project: Path) -> dict[str, str]:
    """Why a project cannot be made there, in both languages; nothing if it can."""
    if os.path.lexists(project):
        return {
            "en": f"{project} exists already. Choose another folder name, or move that folder away.",
            "ja": f"{project} はすでにあります。別のフォルダ名にするか、そのフォルダを移してください。",
        }
    folder = next(parent for parent in project.parents if parent.exists())
    try:
        tempfile.TemporaryDirectory(dir=folder).cleanup()
    except OSError as why:
        return {
            "en": f"No folder can be made in {folder} ({why.strerror}). Go to one of your own, or name one with -o.",
            "ja": f"{folder} にはフォルダを作れません ({why.strerror})。自分のフォルダに移るか、-o で指定してください。",
        }
    return {}
