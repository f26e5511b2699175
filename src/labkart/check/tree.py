"""A project as rules see it: the files that git has or would add, their texts, the student's code.

Knows no rule, and runs no code.
"""

import ast
import fnmatch
import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from labkart import git, project
from labkart.files import read_text

_LONGEST = 5_000_000  # bytes; nobody wrote a longer text


class Tree:
    """A project's files, each read once."""

    def __init__(self, checked: project.Project) -> None:
        self.root = checked.root
        self.entry = checked.entry  # the pipeline function as `module:function`
        self.package = checked.entry.partition(":")[0].partition(".")[0]  # the student's own
        self._texts: dict[str, str | None] = {}

    @cached_property
    def files(self) -> list[str]:
        """What git has or would add, as paths from the root; without git, what is not ignored."""
        names = git.paths(self.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        if "pyproject.toml" not in names:  # no repository, or one that ignores this folder
            names = list(self._walk())
        return sorted(name for name in set(names) if os.path.lexists(self.root / name))

    def is_plain(self, path: str) -> bool:
        """Whether a path is a file, and no link to one elsewhere."""
        return (self.root / path).is_file() and not (self.root / path).is_symlink()

    def text(self, path: str) -> str | None:
        """The content of a text file; None if it is something else, or cannot be read."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def _read(self, path: str) -> str | None:
        file = self.root / path
        if not self.is_plain(path) or file.stat().st_size > _LONGEST:
            return None
        with suppress(OSError, UnicodeDecodeError):
            content = file.read_bytes()
            # Python, too, skips the mark that some editors write.
            return None if b"\0" in content else content.decode("utf-8-sig")
        return None

    def lines(self, path: str, pattern: str) -> list[int]:
        """The numbers of the lines of a text file that start with a pattern."""
        lines = enumerate((self.text(path) or "").split("\n"), 1)
        return [number for number, line in lines if re.match(pattern, line)]

    def texts(self) -> Iterator[tuple[str, str]]:
        """The text files with their content."""
        for path in self.files:
            text = self.text(path)
            if text is not None:
                yield path, text

    @cached_property
    def code(self) -> dict[str, ast.Module]:
        """The modules of the student's package as syntax trees, by path; without broken ones."""
        return self._modules(f"src/{self.package}/")

    @cached_property
    def tests(self) -> dict[str, ast.Module]:
        """The modules of the tests in the same way."""
        return self._modules("tests/")

    def _modules(self, folder: str) -> dict[str, ast.Module]:
        modules = dict[str, ast.Module]()
        for path, text in self.texts():
            if path.startswith(folder) and path.endswith(".py"):
                with suppress(SyntaxError, ValueError, RecursionError):
                    modules[path] = ast.parse(text)
        return modules

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The table `[tool.labkart]` of `pyproject.toml`."""
        content = (self.root / "pyproject.toml").read_text(encoding="utf-8")
        return tomllib.loads(content)["tool"]["labkart"]

    def ignored(self, paths: Iterable[str]) -> set[str]:
        """Those of the paths that git ignores, whether they exist or not."""
        return set(git.paths(self.root, "check-ignore", "--stdin", "-z", stdin="\0".join(paths)))

    def is_in_lfs(self, path: str) -> bool:
        """Whether Git LFS keeps the content of a file, and git only its digest."""
        answer = git.paths(self.root, "check-attr", "-z", "filter", "--", path)
        return answer[2:3] == ["lfs"]

    def _walk(self) -> Iterator[str]:
        """The files that the lines of `.gitignore` leave, read without git's finer points."""
        lines = read_text(self.root / ".gitignore").splitlines()
        patterns = [line.strip().rstrip("/") for line in lines if not line.startswith("#")]

        def is_kept(path: str) -> bool:
            name = path.rpartition("/")[2]
            return path != ".git" and not any(
                fnmatch.fnmatch(path if "/" in pattern else name, pattern.lstrip("/"))
                for pattern in patterns
            )

        for folder, folders, files in os.walk(self.root):
            above = Path(folder).relative_to(self.root)
            folders[:] = [name for name in folders if is_kept((above / name).as_posix())]
            links = [name for name in folders if Path(folder, name).is_symlink()]
            yield from filter(is_kept, ((above / name).as_posix() for name in [*files, *links]))
