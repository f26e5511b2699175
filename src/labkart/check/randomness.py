"""The rule on generators of random numbers. Ruff has the ones on numpy's hidden generator."""

import ast
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, ClassVar

from labkart.check import configs
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

_GENERATORS = ("numpy.random.RandomState", "numpy.random.default_rng", "random.Random")


class UnseededRandom(Rule):
    """A generator of random numbers gets a seed."""

    reason = "Without a seed it starts differently each time, and no result can be reproduced."
    fix = "Pass the task's seed: np.random.default_rng(self.seed), random.Random(self.seed)."
    messages: ClassVar[dict[str, str]] = {"unseeded": "{name} gets no seed"}
    runs_code = True

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Look at the calls in the imported modules."""
        yield from configs.import_findings(tree)
        parts = [name.rpartition(".") for name in _GENERATORS]
        generators = [getattr(sys.modules.get(module), name, None) for module, _, name in parts]
        for path, module in configs.pipeline(tree).modules.items():
            for node in ast.walk(tree.code[path]):
                if isinstance(node, ast.Call) and not _has_seed(node):
                    function = _resolve(node.func, module)
                    if function and any(function is generator for generator in generators):
                        name = ast.unparse(node.func)
                        yield self.finding(path, "unseeded", node.lineno, name=name)


def _has_seed(call: ast.Call) -> bool:
    """Whether a call has an argument other than None."""
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(not (isinstance(value, ast.Constant) and value.value is None) for value in values)


def _resolve(function: ast.expr, module: ModuleType) -> Any:
    """The object that a dotted name means at the top of a module; None if unknown."""
    if isinstance(function, ast.Name):
        return vars(module).get(function.id)
    if isinstance(function, ast.Attribute):
        owner = _resolve(function.value, module)
        return vars(owner).get(function.attr) if isinstance(owner, ModuleType) else None
    return None
