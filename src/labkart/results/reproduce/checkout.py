"""The project as it was at a commit, with a diff applied, in a temporary checkout.

The student's files, index, branch and stash stay as they are. Knows git and no experiment.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from labkart import git, signals
from labkart.files import read_text
from labkart.language import mistake
from labkart.records.diff import restored
from labkart.tasks import lfs

_APPLY = ("apply", "--whitespace=nowarn", "-")
_SUBMODULE = "160000"  # the mode of a submodule in a tree


@contextmanager
def checked_out(root: Path, commit: str, diff: str = "") -> Iterator[Path]:
    """Check a commit out, and remove the checkout after the block.

    Yields:
        The project of `root` in the checkout.

    Raises:
        LabkartError: the repository does not have the commit, or the diff does not fit it.
    """
    if not _git(root, "cat-file", "-e", commit + "^{commit}").ok:
        raise mistake(
            "Commit {commit} is not in this repository. Fetch it, or ask the person "
            "who ran it to push it.",
            commit=commit[:10],
        )
    top = _git(root, "rev-parse", "--show-toplevel").output.rstrip("\n")
    prefix = _git(root, "rev-parse", "--show-prefix").output.rstrip("\n")
    with signals.temporary_folder() as folder:
        checkout = _place(folder.resolve(), top)
        try:
            try:
                with signals.deferred():  # a half-made checkout could not be removed
                    _add(root, checkout, commit)
                _fill_submodules(Path(top), commit, checkout, folder / "index")
                _apply(checkout, diff)
                yield checkout / prefix
            finally:
                _remove(root, folder, checkout)
        finally:  # again, if a signal came just before the first removal
            _remove(root, folder, checkout)


def _place(folder: Path, top: str) -> Path:
    """The checkout in its folder, with the whole path of the repository.

    So what lies beside the project has a place beside the checkout.
    """
    return folder.joinpath(*Path(top).parts[1:])


def _add(root: Path, checkout: Path, commit: str) -> None:
    add = ("worktree", "add", "--quiet", "--detach", str(checkout), commit)
    result = _git(root, *add)
    if not result.ok:  # perhaps files of Git LFS: data is restored by its digest
        result = _git(root, *add, env=lfs.POINTERS_ONLY)
    if not result.ok:
        raise mistake(
            "git cannot check out {commit}: {reason}", commit=commit[:10], reason=result.reason
        )


def _fill_submodules(source: Path, commit: str, checkout: Path, index: Path) -> None:
    """Give a checkout the files of those submodules that the student has."""
    variables = {"GIT_INDEX_FILE": str(index)}
    for entry in git.paths(source, "ls-tree", "-r", "-z", "--full-tree", commit):
        facts, _, path = entry.partition("\t")
        mode, _, own_commit = facts.split()
        own, place = source / path, checkout / path
        if mode == _SUBMODULE and (own / ".git").exists():
            _git(own, "read-tree", own_commit, env=variables)
            _git(own, "checkout-index", "--all", "--quiet", f"--prefix={place}/", env=variables)
            _fill_submodules(own, own_commit, place, index)


def _apply(checkout: Path, diff: str) -> None:
    if not diff:
        return
    whole = restored(diff, lambda path: read_text(checkout / path))
    result = _git(checkout, *_APPLY, stdin=whole)
    if not result.ok:
        raise mistake(
            "The recorded uncommitted changes do not fit the commit: {reason}.",
            reason=result.reason,
        )


def _remove(root: Path, folder: Path, checkout: Path) -> None:
    with signals.deferred():
        if folder.exists():
            result = _git(root, "worktree", "remove", "--force", "--force", str(checkout))
            shutil.rmtree(folder, ignore_errors=True)
            # Only if needed: it also forgets a student's worktree whose disk is not mounted now.
            if not result.ok:
                _git(root, "worktree", "prune")


def _git(
    folder: Path, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None
) -> git.GitResult:
    """Run git so that Ctrl-C in the terminal does not reach it."""
    return git.run(folder, *arguments, stdin=stdin, env=env, uninterrupted=True)
