"""The files of a project as rules see them: what git has or would take, their texts, the student's code as trees."""

import ast
import fnmatch
import os
import subprocess
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from labkart import project

# Files that tools of ours must understand: what is no text in them is a mistake.
READ = (".cff", ".ipynb", ".md", ".py", ".pyi", ".toml", ".yaml", ".yml")
_SHORT = 5_000_000  # bytes; what is longer is no text that somebody wrote
_ELSEWHERE = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")  # as git sets them for a hook


class Tree:
    """A project's files, each read once.

    Attributes:
        root: the project's folder.
        package: the name of the student's own package.
    """

    def __init__(self, here: project.Project) -> None:
        self.root, self.package = here.root, here.entry.partition(":")[0].partition(".")[0]
        self._texts: dict[str, str | None] = {}

    @cached_property
    def files(self) -> list[str]:
        """All that git has or would take, as paths from the root; without git, what `.gitignore` leaves."""
        said = self.git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        names = {os.fsdecode(name) for name in (said or b"").split(b"\0")} - {""}
        if "pyproject.toml" not in names:  # no repository, or one that ignores this folder
            names = set(self._walked())
        return sorted(name for name in names if os.path.lexists(self.root / name))

    def is_plain(self, path: str) -> bool:
        """Whether it is a file itself, and no link to one elsewhere."""
        return (self.root / path).is_file() and not (self.root / path).is_symlink()

    def text(self, path: str) -> str | None:
        """What a text file says; nothing where it is none. Raises UnicodeDecodeError where it is no UTF-8."""
        if path not in self._texts:
            self._texts[path] = self._text(path)
        return self._texts[path]

    def _text(self, path: str) -> str | None:
        file = self.root / path
        if not self.is_plain(path) or file.stat().st_size > _SHORT:
            return None
        content = file.read_bytes()
        if b"\0" in content[:8000] and not path.endswith(READ):
            return None
        return content.decode(
            "utf-8-sig"
        )  # some editors put a mark before the text, and Python reads past it

    def texts(self) -> Iterator[tuple[str, str]]:
        """The student's text files that can be read."""
        for path in self.files:
            try:
                text = self.text(path)
            except (OSError, UnicodeDecodeError):
                continue
            if text is not None:
                yield path, text

    @cached_property
    def code(self) -> dict[str, ast.Module]:
        """The modules of the student's package that are Python, by their paths."""
        inside = (each for each in self.texts() if each[0].startswith(f"src/{self.package}/"))
        found = {path: _parsed(text) for path, text in inside if path.endswith(".py")}
        return {path: tree for path, tree in found.items() if isinstance(tree, ast.Module)}

    def git(self, *words: str, stdin: bytes = b"") -> bytes | None:
        """What git says here; nothing where it fails or is not there."""
        env = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
        try:
            done = subprocess.run(
                ["git", *words], cwd=self.root, env=env, input=stdin, capture_output=True
            )
        except OSError:
            return None
        return done.stdout if done.returncode == 0 else None

    def ignored(self, paths: Iterable[str]) -> set[str]:
        """Those that git ignores, whether they are there or not."""
        said = self.git("check-ignore", "--stdin", "-z", stdin=b"\0".join(map(os.fsencode, paths)))
        return {os.fsdecode(name) for name in (said or b"").split(b"\0")} - {""}

    def _walked(self) -> Iterator[str]:
        try:
            lines = (self.root / ".gitignore").read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            lines = []
        patterns = [
            line.strip().rstrip("/") for line in lines if line.strip() and not line.startswith("#")
        ]

        def kept(path: str) -> bool:
            ways = (path if "/" in each else path.rpartition("/")[2] for each in patterns)
            return path != ".git" and not any(
                map(fnmatch.fnmatch, ways, (each.lstrip("/") for each in patterns))
            )

        for folder, inside, names in os.walk(self.root):
            here = Path(folder).relative_to(self.root)
            inside[:] = [name for name in inside if kept((here / name).as_posix())]
            linked = [name for name in inside if Path(folder, name).is_symlink()]
            yield from filter(kept, ((here / name).as_posix() for name in [*names, *linked]))


def _parsed(text: str) -> ast.Module | Exception:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        return error
