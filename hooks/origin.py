"""Where the template came from: its address, its commit, and what `.cruft.json` says of them.

The template writes `.cruft.json` itself, as `cruft create` would, because most projects begin with
`cookiecutter`. `labkart update` needs it.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cookiecutter.config import get_user_config
from cookiecutter.repository import expand_abbreviations, is_repo_url

from hooks.frames import caller_local

REPOSITORY = Path(__file__).resolve().parents[1]
# Cookiecutter goes elsewhere to render, after it has imported this.
_START = Path.cwd()
# Facts of one machine or one moment, which do not belong in a project.
_TRANSIENT = {"_template", "_commit", "_output_dir", "_repo_dir", "_checkout"}
_ELSEWHERE = {"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"}
# As GitHub and GitLab write the page of a repository: https://host/owner/repository
_WEB_PAGE = re.compile(r"https?://[^/]+(/[^/]+){2,}")
# What comes before the revision in the address of a file: `blob` where nothing else is known.
_VIEWS = {"bitbucket.org": "src"}


@dataclass(frozen=True)
class Origin:
    """The template that a project is made from.

    Attributes:
        address: where it can be had again: a git address, a folder or a zip file; no credentials.
        checkout: the branch or tag that was chosen, if any.
        commit: the commit of its files, if they are in git.
        tag: the newest version's tag at that commit, if any.
        is_changed: whether the files differ from those of the commit.
    """

    address: str
    checkout: str | None = None
    commit: str | None = None
    tag: str | None = None
    is_changed: bool = False

    @property
    def revision(self) -> str | None:
        """The tag at the commit, else the commit."""
        return self.tag or self.commit

    @property
    def is_zip(self) -> bool:
        """Whether the template is a zip file, as cookiecutter decides it."""
        return self.address.lower().endswith(".zip")

    @property
    def is_folder(self) -> bool:
        """Whether the address is a folder with the template's files, not a bare repository."""
        folder = Path(self.address)
        return folder.is_absolute() and (folder / "cookiecutter.json").is_file()


def read_origin(answers: dict[str, Any], repository: Path = REPOSITORY) -> Origin:
    """Find out where the template in `repository` came from.

    Args:
        answers: what cookiecutter hands to templates: the answers, and facts of its own.
        repository: the folder that cookiecutter or cruft generates from.
    """
    if "_commit" not in answers:
        commit = _commit(repository)
        return Origin(
            address=_address(answers["_template"], repository),
            checkout=answers.get("_checkout"),
            commit=commit,
            tag=_tag(repository, commit),
            is_changed=_git(repository, "status", "--porcelain") != "",
        )
    # Cruft generates. `labkart update` hands it a copy of the template, and names the original.
    address = os.environ.get("LABKART_TEMPLATE") or answers["_template"]
    return Origin(
        address=without_credentials(address),
        checkout=_option("-c", "--checkout"),
        commit=answers["_commit"],
        tag=_tag(repository, answers["_commit"]),
    )


def cruft_state(answers: dict[str, Any], repository: Path = REPOSITORY) -> str:
    """The content of `.cruft.json`; empty if the template is not a commit, which cruft needs."""
    origin = read_origin(answers, repository)
    if not origin.commit or origin.is_changed:
        return ""
    context = {name: value for name, value in answers.items() if name not in _TRANSIENT}
    state = {
        "template": origin.address,
        "commit": origin.commit,
        "checkout": origin.checkout,
        "context": {
            "cookiecutter": context | {"_template": origin.address, "_commit": origin.commit}
        },
        "directory": None,
    }
    return json.dumps(state, ensure_ascii=False, indent=2)


def docs_url(answers: dict[str, Any]) -> str:
    """The web address of the pages about Labkart for the version in use; empty if there is none."""
    language = "ja" if answers.get("language") == "ja" else "en"
    return pages_url(read_origin(answers), language)


def pages_url(origin: Origin, language: str) -> str:
    """The web address of a language's pages, on a server such as GitHub or GitLab; else empty."""
    page = origin.address.removesuffix("/").removesuffix(".git")
    if origin.is_zip or not _WEB_PAGE.fullmatch(page) or not origin.revision:
        return ""
    view = next((view for host, view in _VIEWS.items() if f"//{host}/" in page), "blob")
    return f"{page}/{view}/{origin.revision}/docs/{language}"


def template_folder() -> str:
    """The folder of the template that is in use."""
    return str(REPOSITORY)


def without_credentials(address: str) -> str:
    """The address without a password, token or query; the user of ssh, such as `git`, stays."""
    scheme, separator, rest = address.partition("://")
    if not separator:  # a folder, or `git@host:path`, where no password can be
        return address
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if scheme.endswith(("http", "https")):
        return f"{scheme}://{host}{slash}{re.sub('[?#].*', '', path)}"
    return f"{scheme}://{user.partition(':')[0]}{at}{host}{slash}{path}"


def _address(template: str, repository: Path) -> str:
    """Where cookiecutter got the template that was called `template`."""
    # What it has read already: from here, a relative path would lead elsewhere.
    config = caller_local("cookiecutter", "config_dict") or get_user_config()
    template = expand_abbreviations(template, config["abbreviations"])
    if template.lower().endswith(".zip"):
        return without_credentials(template if "://" in template else str(_START / template))
    # Cookiecutter keeps what it fetched, and takes its name alone the next time.
    kept = Path(config["cookiecutters_dir"]).expanduser().resolve()
    is_fetched = is_repo_url(template) or repository.is_relative_to(kept)
    remote = _git(repository, "config", "--get", "remote.origin.url") if is_fetched else None
    return without_credentials(remote or str(repository))


def _option(*names: str) -> str | None:
    """The value of an option of this process: templates are not told of it."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument(*names, dest="value")
    return parser.parse_known_args(sys.argv[1:])[0].value


def _commit(repository: Path) -> str | None:
    """The commit that is checked out in a folder, unless the repository is a folder above it."""
    top = _git(repository, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != repository.resolve():
        return None
    return _git(repository, "rev-parse", "--verify", "HEAD")


def _tag(repository: Path, commit: str | None) -> str | None:
    """The newest version's tag at a commit, if any."""
    if not commit:
        return None
    tags = _git(repository, "tag", "--points-at", commit, "--list", "v*", "--sort=-version:refname")
    return tags.split()[0] if tags else None


@cache  # each file of a project that needs an answer of git gets the same one
def _git(repository: Path, *arguments: str) -> str | None:
    """What git prints; None if it fails or is not installed."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=repository,
            capture_output=True,
            encoding="utf-8",
            check=False,
            # A git hook, or a shell that was set up for another repository, would lead git there.
            env={name: text for name, text in os.environ.items() if name not in _ELSEWHERE},
        )
    except OSError:
        return None
    return None if done.returncode else done.stdout.strip()
