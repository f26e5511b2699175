"""The rule on environment variables that tasks read."""

import ast
import re
from collections.abc import Iterator
from typing import ClassVar

from labkart.check.paths import Paths
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree
from labkart.secrets.names import NEVER, Names

# They say where a task runs, and not what it computes.
_MACHINE = re.compile(
    r"(?:CUDA|CUBLAS|NCCL|OMP|MKL|MASTER|PBS|ROCR|SLURM|TOKENIZERS)_\w+"
    r"|(?:LOCAL_)?RANK|WORLD_SIZE|HOME|TMPDIR|USER"
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
        names = Names.current()
        for path, module in tree.code.items():
            if not path.startswith(f"src/{tree.package}/tasks/"):
                continue
            paths = Paths(module)
            for node in ast.walk(module):
                variable = _variable(node)
                name = paths.beginning(variable) if variable else ""
                if name and not _MACHINE.fullmatch(name) and names.level(name) == NEVER:
                    yield self.finding(path, "read", getattr(node, "lineno", 0), name=name)


def _variable(node: ast.AST) -> ast.expr | None:
    """The name of the variable that an expression reads; None if it is something else."""
    match node:
        case (
            ast.Subscript(value=owner, slice=name, ctx=ast.Load())
            | ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[name, *_])
        ):
            return name if _last_name(owner) == "environ" else None
        case ast.Call(func=function, args=[name, *_]):
            return name if _last_name(function) == "getenv" else None
    return None


def _last_name(node: ast.AST) -> str:
    """The last part of a dotted name."""
    return getattr(node, "attr", getattr(node, "id", ""))
