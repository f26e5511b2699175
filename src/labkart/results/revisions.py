"""The code that experiments ran, as git has it: a commit and the uncommitted changes on it. Changes nothing in git."""

import re
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from labkart import git, project
from labkart.records.record import ExperimentRecord

# Nothing of the student's own settings.
_PLAIN = (
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "-U3",
)


def diff(one: ExperimentRecord, other: ExperimentRecord, files: Iterable[str]) -> str | None:
    """What differs in some files (`my_thesis/tasks/train.py`) between what two experiments ran; of none, nothing.

    Returns:
        A unified diff; None where git does not have both.
    """
    root = project.current().root
    top = git.output(root, "rev-parse", "--show-toplevel")
    prefix = git.output(root, "rev-parse", "--show-prefix")
    objects = git.output(root, "rev-parse", "--path-format=absolute", "--git-path", "objects")
    if top is None or prefix is None or objects is None:
        return None
    paths = [f"{prefix}{folder}{file}" for file in files for folder in ("src/", "")]
    with TemporaryDirectory() as folder:
        # What is written goes to objects of its own, and those of the repository are only read.
        scratch = {"GIT_OBJECT_DIRECTORY": folder, "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects}
        scratch |= {"GIT_INDEX_FILE": f"{folder}/index"}
        trees = [_tree(Path(top), each, paths, scratch) for each in (one, other)]
        if trees[0] is None or trees[1] is None:
            return None
        words = ("diff", *_PLAIN, trees[0], trees[1], "--", *paths)
        result = git.run(Path(top), "--literal-pathspecs", *words, env=scratch)
        return result.output if result.ok else None


def _tree(
    top: Path, record: ExperimentRecord, paths: list[str], scratch: dict[str, str]
) -> str | None:
    """The tree of git that holds these files as an experiment had them."""
    commit = record.code.get("commit")
    if record.code.get("dirty") is None or not re.fullmatch("[0-9a-f]{4,64}", commit or "0000"):
        return None
    if git.output(top, "read-tree", commit or "--empty", env=scratch) is None:
        return None
    patch = _patch(record)
    if patch is None or (record.code["dirty"] and not patch and not record.code.get("left_out")):
        return None
    # Of the patch these files alone: what was masked in others would not fit any more.
    mine = [f"--include={path}" for path in paths]
    if (
        patch
        and not git.run(
            top, "apply", "--cached", "--whitespace=nowarn", *mine, "-", env=scratch, stdin=patch
        ).ok
    ):
        return None
    return git.output(top, "write-tree", env=scratch)


def _patch(record: ExperimentRecord) -> str | None:
    """The recorded uncommitted changes; nothing where they cannot be read."""
    try:
        return (
            (record.folder / "uncommitted.patch.txt").read_bytes().decode(errors="surrogateescape")
        )
    except FileNotFoundError:
        return ""
    except OSError:
        return None
