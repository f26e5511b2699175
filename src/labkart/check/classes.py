"""The classes of the student's package as syntax trees: which are tasks, by what they inherit from. Imports nothing."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from labkart.check.tree import Tree

OUR_TASK = {"labkart.Task", "labkart.task.Task"}
_FOREIGN = ("gokart", "luigi")


@dataclass
class Class:
    """A class, where it is, and the dotted names of what it inherits from."""

    path: str
    name: str
    node: ast.ClassDef
    bases: list[str]
    names: "Names"

    @property
    def foreign(self) -> str:
        """The task of gokart or luigi that it inherits from itself; empty where there is none."""
        return next((base for base in self.bases if _is_foreign_task(base)), "")


class Names:
    """What the names at the top of a module stand for.

    Attributes:
        aliases: the dotted name of what is given a second name there, as `Table` by `Table = Task[pd.DataFrame]`.
    """

    def __init__(self, module: str, is_package: bool, tree: ast.Module) -> None:
        self._meaning = dict[str, str]()
        here = module.split(".") if is_package else module.split(".")[:-1]
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for each in node.names:
                    name = each.name if each.asname else each.name.partition(".")[0]
                    self._meaning[each.asname or name] = name
            elif isinstance(node, ast.ImportFrom):
                above = here[: len(here) - node.level + 1] if node.level else []
                origin = ".".join([*above, *([node.module] if node.module else [])])
                self._meaning |= {
                    each.asname or each.name: f"{origin}.{each.name}" for each in node.names
                }
            elif isinstance(node, ast.ClassDef):
                self._meaning.setdefault(node.name, f"{module}.{node.name}")
        self.aliases = dict[str, str]()
        for node in tree.body:
            if (
                isinstance(node, ast.Assign | ast.AnnAssign)
                and node.value
                and (origin := self.dotted(node.value))
            ):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name) and target.id != origin:
                    self.aliases[f"{module}.{target.id}"] = self._meaning[target.id] = origin

    def dotted(self, node: ast.expr) -> str:
        """The dotted name that an expression stands for, without what is in brackets; empty where it is none."""
        if isinstance(node, ast.Subscript):
            return self.dotted(node.value)
        if isinstance(node, ast.Attribute):
            inner = self.dotted(node.value)
            return f"{inner}.{node.attr}" if inner else ""
        return self._meaning.get(node.id, node.id) if isinstance(node, ast.Name) else ""


@cache
def tasks(tree: Tree) -> list[Class]:
    """The classes that are tasks, of whatever kind."""
    every = {f"{_module(each.path)}.{each.name}": each for each in _classes(tree)}

    def is_task(name: str, seen: frozenset[str] = frozenset()) -> bool:
        if name in OUR_TASK or _is_foreign_task(name):
            return True
        found = None if name in seen else every.get(name)
        return found is not None and any(is_task(base, seen | {name}) for base in found.bases)

    return [each for name, each in every.items() if is_task(name)]


@cache
def names(tree: Tree) -> dict[str, Names]:
    """What the names in each module stand for, by its path."""
    return {
        path: Names(_module(path), path.endswith("__init__.py"), module)
        for path, module in tree.code.items()
    }


def _classes(tree: Tree) -> Iterator[Class]:
    aliases = {
        name: origin for each in names(tree).values() for name, origin in each.aliases.items()
    }

    def origin(name: str) -> str:
        seen = set[str]()
        while name in aliases and name not in seen:
            seen.add(name)
            name = aliases[name]
        return name

    for path, known in names(tree).items():
        for node in ast.walk(tree.code[path]):
            if isinstance(node, ast.ClassDef):
                yield Class(
                    path,
                    node.name,
                    node,
                    [origin(known.dotted(base)) for base in node.bases],
                    known,
                )


def _module(path: str) -> str:
    """The dotted name of a module by its path below `src/`."""
    return path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _is_foreign_task(name: str) -> bool:
    return name.partition(".")[0] in _FOREIGN and name.endswith(("Task", "TaskOnKart", ".Config"))
