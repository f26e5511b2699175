"""What the template does with an answer: check it, ask again, and never render it as a template."""

import json
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from cookiecutter.exceptions import FailedHookException
from jinja2 import Environment
from rich import get_console
from rich.prompt import Prompt

from hooks import texts
from hooks.checks import CHECKS, InvalidAnswer
from hooks.frames import caller_local
from hooks.functions import Functions

FOLDER = "{{cookiecutter.project_slug}}"
NO_HOOKS = {
    "en": "The template's hook copies the sample and makes the git repository; without it, nothing "
    "would run. Accept it: leave out --accept-hooks no.",
    "ja": "サンプルのコピーと git リポジトリの作成は、テンプレートのフックが行います。"
    "フックなしでは何も動きません。--accept-hooks no を付けずに実行してください。",
}


class Refusal(FailedHookException, SystemExit):
    """Ends the command with one sentence and exit code 1.

    Cookiecutter handles the first base class; cruft handles only the second.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.code = sentence


class Answers(Functions):
    """The filters and functions of the template, and the checks that need no prompt.

    A file of answers names the extensions of the template that wrote it: one name, which stays.
    """

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        file = Path(__file__).parents[1] / "cookiecutter.json"
        template = json.loads(file.read_text(encoding="utf-8"))
        self.prompts = template["__prompts__"]
        self.defaults = {text for text in template.values() if isinstance(text, str)}
        self.no_input = caller_local("prompt_for_config", "no_input")
        environment.filters.update(
            check_answer=self.check_answer, check_all=self.check_all, **texts.FILTERS
        )
        with suppress(AttributeError):  # a terminal without Japanese letters shows question marks
            sys.stdout.reconfigure(errors="replace")

    def preprocess(
        self,
        source: str,
        name: str | None,  # noqa: ARG002  Jinja hands it over
        filename: str | None = None,  # noqa: ARG002  Jinja hands it over
    ) -> str:
        """Cookiecutter would render the answers of its command line: keep those as they are.

        The project's folder is what it renders first of all: check all answers there.
        """
        if self.no_input is not None and source not in self.defaults:
            return "{{ " + ascii(source) + " }}"
        return "{{ cookiecutter | check_all }}" + source if source == FOLDER else source

    def check_answer(self, answers: dict[str, Any], question: str) -> str:
        """The valid answer to a question just asked; empty if a replay file has the answer."""
        return self._valid_answer(answers, question) if question in answers else ""

    def check_all(self, answers: dict[str, Any]) -> str:
        """Check what no prompt has checked: answers of a replay file, and what follows from them.

        Returns:
            An empty text, for the template to render.
        """
        for question in CHECKS:
            self._valid_answer(answers, question)
        if caller_local("generate_files", "accept_hooks") is False:
            raise Refusal(NO_HOOKS[language(answers)])
        answers["__package"] = answers["project_slug"].replace("-", "_")
        project = Path(caller_local("generate_files", "output_dir"), answers["project_slug"])
        if not caller_local("generate_files", "overwrite_if_exists"):
            problem = obstacle(project.absolute())
            if problem:
                raise Refusal(problem[language(answers)])
        return ""

    def _valid_answer(self, answers: dict[str, Any], question: str) -> str:
        """The final form of an answer; an invalid one is asked again on a terminal, or refused."""
        while True:
            answer = answers.get(question)
            try:
                answers[question] = CHECKS[question](answer if isinstance(answer, str) else "")
                return answers[question]
            except InvalidAnswer as error:
                sentence = error.sentences[language(answers)]
                if not self._can_ask():
                    raise Refusal(f'{question} "{texts.excerpt(answer)}": {sentence}') from None
                answers[question] = self._ask_again(question, sentence, error.suggestion)

    def _can_ask(self) -> bool:
        return self.no_input is False and sys.stdin.isatty() and sys.stdout.isatty()

    def _ask_again(self, question: str, sentence: str, suggestion: str) -> str:
        capitalised = sentence[0].upper() + sentence[1:]
        get_console().print(f"  {capitalised}", style="red", markup=False, highlight=False)
        prompt = self.prompts[question].splitlines()[-1].strip()
        return Prompt.ask(f"  {prompt}", default=suggestion or ...)


def language(answers: dict[str, Any]) -> str:
    """The language of messages: English until Japanese is chosen."""
    return "ja" if answers.get("language") == "ja" else "en"


def obstacle(project: Path) -> dict[str, str]:
    """Why a project cannot be made in a folder, in both languages; empty if it can."""
    if os.path.lexists(project):
        return {
            "en": f"{project} exists already. "
            "Choose another folder name, or move that folder away.",
            "ja": f"{project} はすでにあります。"
            "別のフォルダ名にするか、そのフォルダを移してください。",
        }
    parent = next(folder for folder in project.parents if folder.exists())
    try:
        tempfile.TemporaryDirectory(dir=parent).cleanup()
    except OSError as error:
        return {
            "en": f"Cannot make a folder in {parent} ({error.strerror}). "
            "Change to a folder of your own, or give one with -o.",
            "ja": f"{parent} にはフォルダを作れません ({error.strerror})。"
            "自分のフォルダに移るか、-o で指定してください。",
        }
    return {}
