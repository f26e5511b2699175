"""The template that a project was made from, and its versions. Changes nothing in the project."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory

from labkart.errors import LabkartError, did_you_mean
from labkart.files import read_json

NOTE = ".cruft.json"


@dataclass(frozen=True)
class Origin:
    """What `.cruft.json` says of a project: the template's address and commit, and what was answered."""

    address: str
    commit: str
    answers: dict[str, str]

    @classmethod
    def of(cls, root: Path, version: str) -> "Origin":
        """Read it; `version` is the one that the project's runtime says it has.

        Raises:
            LabkartError: the file is not there, or damaged.
        """
        if not (root / NOTE).exists():
            raise LabkartError(
                f"This project has no {NOTE}, which says what it was made from. Write one: "
                f"uv tool run cruft link <the template's address> --checkout v{version}\n"
                "Answer as you did when you made the project, commit the file, and try again."
            )
        try:
            note = read_json(root / NOTE)
            answers = note["context"]["cookiecutter"]
            told = {name: str(value) for name, value in answers.items() if not name.startswith("_")}
            return cls(str(note["template"]), str(note["commit"]), told)
        except (KeyError, TypeError, AttributeError):
            raise LabkartError(
                f"{NOTE} is damaged. Get it back: git log {NOTE} lists where it was whole."
            ) from None


@dataclass(frozen=True)
class Template:
    """A copy of the template's history, in `folder`."""

    folder: Path

    def commit(self, word: str) -> str | None:
        """The commit that a tag, a branch or the beginning of a commit means."""
        return self._git("rev-parse", "--verify", "--quiet", word + "^{commit}")

    def releases(self) -> list[str]:
        """The tags of versions, the newest first."""
        tags = (self._git("tag", "--list") or "").split()
        return sorted(
            filter(re.compile(r"v\d+\.\d+\.\d+").fullmatch, tags), key=_numbers, reverse=True
        )

    def wanted(self, word: str | None) -> str:
        """The commit to update to: what `word` names, or the newest release, or where there is none the newest commit.

        Raises:
            LabkartError: the template does not have it.
        """
        found = self.commit(word or next(iter(self.releases()), "HEAD"))
        if not found:
            raise LabkartError(
                f'The template has no version "{word}". {did_you_mean(word or "", self.releases())}'
            )
        return found

    def is_before(self, one: str, other: str) -> bool:
        """Whether a commit is part of another's history, or the same."""
        return self._git("merge-base", "--is-ancestor", one, other) is not None

    def is_same(self, one: str, other: str) -> bool:
        return self._git("diff", "--quiet", one, other) is not None

    def name(self, commit: str) -> str:
        """As a person calls it: its tag, or how far it is from one."""
        return (
            self._git("describe", "--tags", "--always", "--match", "v[0-9]*", commit) or commit[:7]
        )

    def gone_and_new(self, one: str, other: str) -> tuple[list[str], list[str]]:
        """The files of a project, of those whose names are no answers, that only one or only the other commit has."""
        names = [set(self._project(commit)) for commit in (one, other)]
        return sorted(names[0] - names[1]), sorted(names[1] - names[0])

    def news(self, commit: str, since: str) -> str:
        """What the template's CHANGELOG at `commit` says that it did not yet say at the commit `since`."""
        known = self._changes(since)
        released = {section.split("\n")[0] for section in known} - {"## Unreleased"}
        newer = takewhile(
            lambda section: section.split("\n")[0] not in released, self._changes(commit)
        )
        return "\n\n".join(section for section in newer if "\n" in section and section not in known)

    def _changes(self, commit: str) -> list[str]:
        """The sections of the CHANGELOG at a commit, the newest first."""
        sections = re.split(r"(?m)^(?=## )", self._git("show", f"{commit}:CHANGELOG.md") or "")[1:]
        return [section.strip() for section in sections]

    def _project(self, commit: str) -> list[str]:
        """The files of the folder that becomes a project; only its name begins with a brace."""
        tops = (self._git("ls-tree", "--name-only", "-z", commit) or "").split("\0")
        folder = next((top for top in tops if top.startswith("{")), "")
        return (self._git("ls-tree", "-r", "--name-only", "-z", f"{commit}:{folder}") or "").split(
            "\0"
        )

    def _git(self, *words: str) -> str | None:
        done = git(self.folder, *words)
        return None if done.returncode else done.stdout.strip()


@contextmanager
def fetch_template(origin: Origin) -> Iterator[Template]:
    """The template's whole history in a temporary folder.

    Raises:
        LabkartError: it cannot be had, or no longer has the commit that the project was made from.
    """
    with TemporaryDirectory(prefix="labkart-") as folder:
        done = git(
            Path.cwd(), "clone", "--quiet", "--bare", "--", origin.address, f"{folder}/template.git"
        )
        if done.returncode:
            raise LabkartError(
                f"git cannot get the template from {origin.address}: {last_line(done.stderr)}. Without a network, try "
                f'later; if it has moved, write its new address into {NOTE}, at "template", and commit that.'
            )
        template = Template(Path(folder) / "template.git")
        if not template.commit(origin.commit):
            raise LabkartError(
                f"{origin.address} does not have the commit {origin.commit[:7]} that this project was made from, so "
                f'there is nothing to compare with. If that was another template, correct "template" in {NOTE}.'
            )
        yield template


def git(folder: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """What git says. It asks for no password, and follows no variable to another repository."""
    clean = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE} | {
        "GIT_TERMINAL_PROMPT": "0"
    }
    command = ["git", "-C", str(folder), *words]
    try:
        return subprocess.run(
            command, input=stdin, capture_output=True, encoding="utf-8", env=clean
        )
    except FileNotFoundError:
        raise LabkartError("git is not installed, and it merges what is new. Install it.") from None


_ELSEWHERE = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")  # as git sets them for a hook


def last_line(text: str) -> str:
    """Of what a program said before it gave up, the end."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (
        lines[-1].removeprefix("fatal: ").removeprefix("error: ").rstrip(".")
        if lines
        else "it does not say why"
    )


def _numbers(tag: str) -> tuple[int, ...]:
    return tuple(map(int, tag[1:].split(".")))
