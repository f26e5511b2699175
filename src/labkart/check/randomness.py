"""The rule on what draws random numbers. Ruff has the ones on numpy's hidden generator."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from random import Random
from types import ModuleType
from typing import Any, ClassVar

from labkart.check.pipeline import pipeline
from labkart.check.rule import Finding, Rule
from labkart.check.tree import Tree

# Functions that begin anew without a seed, by their modules.
_GENERATORS = {
    "random": ("Random", "seed"),
    "numpy.random": ("MT19937", "PCG64", "Philox", "RandomState", "SeedSequence", "default_rng"),
}
_STATES = ("random_state", "rng", "seed")  # of scikit-learn, SciPy and Polars
_TABLE = re.compile(r"(?:\w+_)?(?:data|df|frame|table)(?:_\w+)?(?:\[.*\])?\.sample")  # df.sample(9)
# What is imported in a function is looked for in these; others may take long to import.
_LIBRARIES = ("imblearn", "numpy", "random", "sklearn")
_WITH_OWN_SEED = ("catboost", "lightgbm", "xgboost")  # without a seed they take always the same
# Arguments, with the values with which the likes of scikit-learn draw nothing.
_DRAWS_NOTHING: dict[str, tuple[object, ...]] = {
    "eigen_solver": ("auto", "dense"),
    "n_restarts_optimizer": (0,),
    "probability": (False, "deprecated"),
    "selection": ("cyclic",),
    "shuffle": (False,),
    "solver": (
        "auto", "cholesky", "lbfgs", "lsqr", "newton-cg", "newton-cholesky", "sparse_cg", "svd",
    ),
    "strategy": ("constant", "most_frequent", "prior"),
    "svd_solver": ("auto", "covariance_eigh", "full"),
}  # fmt: skip


class UnseededRandom(Rule):
    """Everything that draws random numbers gets a seed: generators, estimators, splits."""

    reason = (
        "Without a seed a generator starts differently each time, and so does an estimator in the"
        " processes that `n_jobs` starts."
    )
    fix = (
        "Pass the task's seed: np.random.default_rng(self.seed), random.Random(self.seed),"
        " RandomForestClassifier(random_state=self.seed)."
    )
    messages: ClassVar[dict[str, str]] = {
        "unseeded": "{name} gets no seed",
        "shared": "{name} draws from a generator that all code shares",
    }
    runs_code = True

    def check(self, tree: Tree) -> Iterator[Finding]:
        """Look at the calls in the imported modules."""
        yield from pipeline(tree).import_findings
        for path, module in pipeline(tree).modules.items():
            names = _imports(tree.code[path]) | vars(module)
            for node in ast.walk(tree.code[path]):
                if isinstance(node, ast.Call) and (key := _problem(node, names)):
                    yield self.finding(path, key, node.lineno, name=ast.unparse(node.func))


def _problem(call: ast.Call, names: Mapping[str, Any]) -> str:
    """The key of the message about a call; empty if it is right."""
    match call:
        case ast.Call(func=ast.Attribute(attr="rvs" | "sample" as name), keywords=keywords):
            words = {keyword.arg for keyword in keywords}  # of a distribution, or of a DataFrame
            is_table = _TABLE.fullmatch(ast.unparse(call.func)) and call.args
            if name == "rvs" or is_table or words & {"frac", "fraction", "n"}:
                return "" if words & {None, *_STATES} else "unseeded"
    function = _resolve(call.func, names)
    if function and _is_generator(function):
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        return "" if any(map(_is_given, values)) else "unseeded"
    if isinstance(getattr(function, "__self__", None), Random):
        return "" if function.__name__ in ("getstate", "setstate") else "shared"
    return "unseeded" if _lacks_state(call, function) else ""


def _is_generator(function: Any) -> bool:
    return any(
        function is getattr(sys.modules.get(module), name, None)
        for module, names in _GENERATORS.items()
        for name in names
    )


def _lacks_state(call: ast.Call, function: Any) -> bool:
    """Whether a call draws random numbers, and could have been given what it draws from."""
    if not callable(function) or _package(function) in _WITH_OWN_SEED:
        return False
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    states = {name for name in _STATES[:2] if name in parameters}
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    is_open = None in given or any(isinstance(value, ast.Starred) for value in call.args)
    if is_open or not states or any(parameters[name].default is not None for name in states):
        return False
    positional = [it.name for it in parameters.values() if it.kind is it.POSITIONAL_OR_KEYWORD]
    given |= dict(zip(positional, call.args, strict=False))
    if values := [given[name] for name in _STATES if name in given]:
        return not any(map(_is_given, values))
    for name in parameters.keys() & _DRAWS_NOTHING:
        value = given.get(name, ast.Constant(parameters[name].default))
        if isinstance(value, ast.Constant) and value.value in _DRAWS_NOTHING[name]:
            return False
    return True


def _is_given(value: ast.expr) -> bool:
    """Whether an argument is something other than None."""
    return not (isinstance(value, ast.Constant) and value.value is None)


def _package(function: Any) -> str:
    return str(getattr(function, "__module__", "")).partition(".")[0]


def _imports(tree: ast.Module) -> dict[str, Any]:
    """What a module imports of some libraries anywhere, by the names that it gets."""
    names = dict[str, Any]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = _imported(node.module, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                names[name] = _imported(alias.name if alias.asname else name)
    return names


def _imported(module: str, name: str = "") -> Any:
    """What an import gives; None if it is of another library, or fails."""
    if module.partition(".")[0] not in _LIBRARIES:
        return None
    try:
        return getattr(import_module(module), name) if name else import_module(module)
    except (ImportError, AttributeError):
        return None


def _resolve(function: ast.expr, names: Mapping[str, Any]) -> Any:
    """The object that a dotted name means; None if unknown."""
    if isinstance(function, ast.Name):
        return names.get(function.id)
    if isinstance(function, ast.Attribute):
        owner = _resolve(function.value, names)
        return getattr(owner, function.attr, None) if isinstance(owner, ModuleType) else None
    return None
