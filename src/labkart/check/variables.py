"""The rule on environment variables that tasks read."""

import ast
import re
from collections.abc import Iterator
from typing import ClassVar

from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree
from labkart.secrets.names import NEVER, Names

# They say where a task runs, and not what it computes.
_MACHINE = re.compile(
    r"(?:CUDA|NCCL|OMP|MKL|MASTER|PBS|ROCR|SLURM)_\w+|(?:LOCAL_)?RANK|WORLD_SIZE|HOME|TMPDIR|USER"
)


class EnvironmentVariable(Rule):
    """A task takes its values from parameters, and only secrets from environment variables."""

    reason = "The cache does not see the variable: with another value a run returns the old result."
    fix = (
        "Make it a parameter of the task, and write ${{oc.env:NAME}} in conf/. A password, key or"
        " token may be read from the environment, and so may what the machine says of itself, such"
        " as SLURM_JOB_ID."
    )
    messages: ClassVar[dict[str, str]] = {"read": "{name} is an environment variable"}

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Look at what the modules in tasks/ read from `os.environ`."""
        settings = tree.settings
        names = Names(
            frozenset(settings.get("secrets", ())), frozenset(settings.get("not-secrets", ()))
        )
        for path, module in tree.code.items():
            if not path.startswith(f"src/{tree.package}/tasks/"):
                continue
            for node in ast.walk(module):
                name = _variable(node)
                if name and not _MACHINE.fullmatch(name) and names.level(name) == NEVER:
                    yield self.finding(path, "read", getattr(node, "lineno", 0), name=name)


def _variable(node: ast.AST) -> str:
    """The variable that an expression reads; empty if it is something else."""
    match node:
        case ast.Subscript(value=owner, slice=ast.Constant(str(name)), ctx=ast.Load()):
            return name if _last_name(owner) == "environ" else ""
        case ast.Call(
            func=ast.Attribute(value=owner, attr="get" | "pop" | "setdefault"),
            args=[ast.Constant(str(name)), *_],
        ):
            return name if _last_name(owner) == "environ" else ""
        case ast.Call(func=function, args=[ast.Constant(str(name)), *_]):
            return name if _last_name(function) == "getenv" else ""
    return ""


def _last_name(node: ast.AST) -> str:
    """The last part of a dotted name."""
    return getattr(node, "attr", getattr(node, "id", ""))
