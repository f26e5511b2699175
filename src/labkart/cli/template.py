"""The template that a project was made from, and its versions. Changes nothing in the project."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labkart import __version__, git, signals
from labkart.files import read_json
from labkart.language import mistake
from labkart.wording import did_you_mean

STATE_FILE = ".cruft.json"
_VERSION = re.compile(r"v\d+\.\d+\.\d+")


@dataclass(frozen=True)
class Origin:
    """What `.cruft.json` says of a project: its template, the commit of that, and the answers."""

    address: str
    commit: str
    answers: dict[str, str]


def read_origin(root: Path) -> Origin:
    """Read where the project in `root` came from.

    Raises:
        LabkartError: the file is missing or damaged.
    """
    if not (root / STATE_FILE).exists():
        raise mistake(
            "This project has no {file}, which says what it was made from. Write "
            "one: uv tool run cruft link <the template's address> --checkout "
            "v{version}\nAnswer as you did when you made the project, commit the "
            "file, and try again.",
            file=STATE_FILE,
            version=__version__,
        )
    state = read_json(root / STATE_FILE)
    try:
        answers = state["context"]["cookiecutter"].items()
        given = {name: str(answer) for name, answer in answers if not name.startswith("_")}
        return Origin(str(state["template"]), str(state["commit"]), given)
    except (KeyError, TypeError, AttributeError):
        raise mistake(
            "{file} is damaged. Restore it: git log {file} lists its versions.", file=STATE_FILE
        ) from None


@contextmanager
def fetch_template(origin: Origin) -> Iterator["Template"]:
    """Fetch the template's whole history into a temporary folder.

    Raises:
        LabkartError: it cannot be fetched, or does not have the project's commit.
    """
    with signals.temporary_folder() as folder:
        template = Template(folder / "template.git")
        clone = ("clone", "--quiet", "--bare", "--", origin.address, str(template.folder))
        result = git.run(Path.cwd(), *clone)
        if not result.ok:
            raise mistake(
                "git cannot fetch the template from {address}: {reason}. Without a "
                "network, try again later; if the template has moved, write its new "
                'address into {file}, at "template", and commit that.',
                address=origin.address,
                reason=result.reason,
                file=STATE_FILE,
            )
        if not template.commit(origin.commit):
            raise mistake(
                "{address} does not have the commit {commit} that this project was made "
                "from, so there is nothing to compare with. If that was another "
                'template, correct "template" in {file}.',
                address=origin.address,
                commit=origin.commit[:7],
                file=STATE_FILE,
            )
        yield template


@dataclass(frozen=True)
class Template:
    """A copy of the template's history in `folder`."""

    folder: Path

    def commit(self, revision: str) -> str | None:
        """The commit that a tag, a branch or the beginning of a commit means."""
        return self._git("rev-parse", "--verify", "--quiet", revision + "^{commit}")

    def target(self, revision: str | None) -> str:
        """The commit of a tag, branch or commit; of None, the newest release or else commit.

        Raises:
            LabkartError: the template does not have it.
        """
        releases = self._releases()
        name = revision or next(iter(releases), "HEAD")
        if commit := self.commit(name):
            return commit
        raise mistake(
            'The template has no version "{name}". {hint}',
            name=name,
            hint=did_you_mean(name, releases),
        )

    def is_ancestor(self, commit: str, other: str) -> bool:
        """Whether a commit is the other one, or in its history."""
        return self._git("merge-base", "--is-ancestor", commit, other) is not None

    def has_same_files(self, commit: str, other: str) -> bool:
        """Whether two commits have the same files."""
        return self._git("diff", "--quiet", commit, other) is not None

    def name(self, commit: str) -> str:
        """What a person calls a commit: its tag, or the distance from one."""
        name = self._git("describe", "--tags", "--always", "--match", "v[0-9]*", commit)
        return name or commit[:7]

    def news(self, commit: str, since: str) -> str:
        """What the CHANGELOG says at a commit and did not say at an earlier one."""
        earlier = self._changes(since)
        released = {section.partition("\n")[0] for section in earlier} - {"## Unreleased"}
        news = list[str]()
        for section in self._changes(commit):
            title, _, text = section.partition("\n")
            if text and title not in released and section not in earlier:
                news.append(section)
        return "\n\n".join(news)

    def _changes(self, commit: str) -> list[str]:
        """The sections of the CHANGELOG at a commit, the newest first."""
        text = self._git("show", f"{commit}:CHANGELOG.md") or ""
        return [section.strip() for section in re.split(r"(?m)^(?=## )", text)[1:]]

    def _releases(self) -> list[str]:
        """The tags of versions, the newest first."""
        tags = self._git("tag", "--list", "--sort=-version:refname") or ""
        return list(filter(_VERSION.fullmatch, tags.split()))

    def _git(self, *arguments: str) -> str | None:
        return git.output(self.folder, *arguments)
