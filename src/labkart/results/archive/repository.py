"""The project's repository in one file: a git bundle of the last commit and those of the runs.

Leaves the student's repository as it is: references of the bundle are made in another one.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from labkart import git
from labkart.language import mistake, translate
from labkart.secrets import masking
from labkart.secrets.names import Names
from labkart.wording import and_more

BRANCH = "archive"
_LONGEST = 5_000_000  # bytes; nobody wrote a longer text
_MOST = 5  # names that a person reads


def bundle(root: Path, commits: Sequence[str], file: Path, scratch: Path) -> list[str]:
    """Write the bundle. A clone of it has the last commit on the branch `archive`.

    Args:
        root: the project.
        commits: those of the runs.
        file: the bundle.
        scratch: where to make another repository.

    Returns:
        What is not in it, in sentences.

    Raises:
        LabkartError: there is no commit, or not the whole history.
    """
    head = git.output(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if not head:
        raise mistake("The project has no commit in git. Commit it, then archive it.")
    if git.output(root, "rev-parse", "--is-shallow-repository") == "true":
        raise mistake(
            "This clone has only a part of the history. Get all of it: git fetch --unshallow"
        )
    known = [commit for commit in commits if _has(root, commit)]
    _run(root, "init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(scratch))
    objects = git.output(root, "rev-parse", "--path-format=absolute", "--git-path", "objects")
    (scratch / "objects/info/alternates").write_text(f"{objects}\n")
    _run(scratch, "update-ref", f"refs/heads/{BRANCH}", head)
    for commit in known:
        _run(scratch, "update-ref", f"refs/heads/run-{commit[:12]}", commit)
    _run(scratch, "bundle", "create", "--quiet", str(file), "HEAD", "--branches")
    lost = [commit for commit in commits if commit not in known]
    return [
        translate(
            "Commit {commit} of a run is not in this repository: fetch it", commit=commit[:10]
        )
        for commit in lost
    ] + list(_left_out(root))


def folder(root: Path) -> str:
    """The project's folder below the top of its repository; `.` if it is the top."""
    return (git.output(root, "rev-parse", "--show-prefix") or ".").rstrip("/")


def uses_lfs(root: Path) -> bool:
    """Whether the last commit has files of which Git LFS keeps the content."""
    return bool(git.output(root, "grep", "-l", "filter=lfs", "HEAD", "--", "*.gitattributes"))


def secrets(root: Path, commits: Sequence[str]) -> list[str]:
    """Where the bundle's history has what looks like a secret, as `conf/config.yaml:3`."""
    known = ["HEAD", *(commit for commit in commits if _has(root, commit))]
    places = dict[str, None]()
    for path, text in _texts(root, known):
        for start, _ in sorted(masking.find(text, path, Names.current())):
            places[f"{path}:{text.count(chr(10), 0, start) + 1}"] = None
    return list(places)


def _left_out(root: Path) -> Iterator[str]:
    changes = git.paths(root, "status", "--porcelain", "-z", "--no-renames", "--", ".", ":!reports")
    names = [change[3:] for change in changes if change[3:] != "uv.lock"]
    if names:
        yield translate(
            "Changes are not committed, and not in the archive: {names}",
            names=and_more(names[:_MOST], len(names) - _MOST),
        )
    if uses_lfs(root):
        yield translate(
            "Of files in Git LFS the archive has pointers, but for the data that the runs read"
        )
    if git.output(root, "ls-files", "--", ".gitmodules"):
        yield translate("Submodules are not in the archive, only their addresses and commits")


def _texts(root: Path, commits: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The text files of a history, each version with its path."""
    listed = git.output(root, "rev-list", "--objects", *commits) or ""
    paths = dict(line.split(" ", 1) for line in listed.splitlines() if " " in line)
    sizes = _batch(root, "--batch-check", paths)
    small = [
        line.split()[0]
        for line in sizes.splitlines()
        if line.split()[1] == "blob" and int(line.split()[2]) <= _LONGEST
    ]
    content = _batch(root, "--batch", small).encode(errors="surrogateescape")
    start = 0
    while start < len(content):
        end = content.index(b"\n", start)
        name, _, size = content[start:end].decode().split()
        blob = content[end + 1 : end + 1 + int(size)]
        start = end + 2 + int(size)
        if b"\0" not in blob[:8000]:
            yield paths[name], blob.decode(errors="replace")


def _batch(root: Path, option: str, names: Sequence[str] | dict[str, str]) -> str:
    return git.run(root, "cat-file", option, stdin="".join(f"{name}\n" for name in names)).output


def _has(root: Path, commit: str) -> bool:
    return git.run(root, "cat-file", "-e", commit + "^{commit}").ok


def _run(folder: Path, *arguments: str) -> None:
    result = git.run(folder, *arguments)
    if not result.ok:
        raise mistake("git cannot make the bundle: {reason}.", reason=result.reason)
