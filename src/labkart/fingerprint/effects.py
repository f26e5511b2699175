"""What a statement does to others when its module is imported.

One that only defines does nothing: it stores in its own names, and its calls make values (see
`harmless` for other packages; functions of the project are read). One that fills a container of the
project, as a register, changes that, and so does one that goes on with an iterator. All else may do
anything.
"""

import ast
from collections.abc import Callable, Iterable
from functools import cache

from labkart.fingerprint import harmless
from labkart.fingerprint.classes import Classes
from labkart.fingerprint.modules import External, Modules, Ref, Target
from labkart.fingerprint.moving import Moving
from labkart.fingerprint.names import FUNCTIONS, decorator_name, dotted, is_cached
from labkart.fingerprint.statements import evaluated, functions_in, new_values

# The statements whose values are changed; None among them is anything.
Effect = frozenset[Ref | None]
NOTHING: Effect = frozenset()
_ANYTHING: Effect = frozenset([None])

# These do what their parts do. After an error there is no result, unless it is caught there.
_COMPOUND = (ast.If, ast.Try, ast.ExceptHandler, ast.For, ast.While, ast.Break, ast.Continue)
_COMPOUND += (ast.Expr, ast.Assert, ast.Raise, ast.Return, ast.Pass, ast.With, ast.withitem)
# Harmless with one argument; of more these make a class, or call a function.
_OF_ONE = ([External("", "type")], [External("", "iter")])
_ACCESSORS = ("setter", "getter", "deleter")


class Effects:
    """Finds effects."""

    def __init__(self, modules: Modules) -> None:
        self.classes = Classes(modules)
        self.is_moving = Moving(self.classes).is_moving
        self._modules = modules
        self._opened = set[Ref]()
        self.of = cache(self._of)

    def _of(self, ref: Ref) -> Effect:
        """What a statement does to others at import."""
        if "*" in ref.statement.names:
            return _ANYTHING  # it may bind any name
        if self._modules.run_by(ref.statement.tried):
            return _ANYTHING  # an error in a module of the project changes what runs
        reader = _Reader(self, ref)
        return self._once(ref, lambda: reader.read([ref.statement.node]))

    def _once(self, ref: Ref, read: Callable[[], Effect]) -> Effect:
        """What is read of a statement; nothing if that is under way, for it refers to itself."""
        if ref in self._opened:
            return NOTHING
        self._opened.add(ref)
        effect = read()
        self._opened.discard(ref)
        return effect

    def of_call(self, ref: Ref, calls: int = 1) -> Effect:
        """What a call of a project's function or class does; of its result too, if two are made."""
        node = ref.statement.node
        function = node.value if isinstance(node, ast.Assign) else node
        if not self.classes.is_kept(ref):
            return _ANYTHING
        if isinstance(function, FUNCTIONS):
            kept = frozenset([ref] if is_cached(function) else [])  # what it read is not read again
            effect = self._once(ref, lambda: self._of_functions(ref, functions_in(function, calls)))
            return effect | kept
        if self.classes.is_plain(ref) and calls == 1:
            return self._once(ref, lambda: self._of_instance(ref))
        return _ANYTHING

    def _of_functions(self, ref: Ref, nodes: Iterable[ast.AST], own: bool = False) -> Effect:
        """What the bodies of functions do; of methods that may change their own object."""
        effect = NOTHING
        for node in nodes:
            if isinstance(node, FUNCTIONS):
                # The first argument of a class's or a static method is no object of its own.
                is_own = own and node.args.args and not _is_static(node)
                first = node.args.args[0].arg if is_own else ""
                reader = _Reader(self, ref, own=first, function=node)
                body = node.body if isinstance(node.body, list) else [node.body]
                effect |= reader.read([*evaluated(node), *body])
        return effect

    def _of_instance(self, ref: Ref) -> Effect:
        """What the methods of a class do: operators, and other packages, may call any of them."""
        effect = NOTHING
        inherited = self.classes.inherited(ref, ref.statement.node)
        for owner in [ref, *(it for it in inherited if isinstance(it, Ref))]:
            effect |= _Reader(self, owner).read([owner.statement.node])  # fields have factories
            methods = list(ast.iter_child_nodes(owner.statement.node))
            if self.classes.is_task(ref):  # only its constructor runs
                methods = [part for part in methods if getattr(part, "name", "").startswith("__")]
            has_wrapper = any(self.classes.is_wrapped(owner, part) for part in methods)
            effect |= _ANYTHING if has_wrapper else self._of_functions(owner, methods, own=True)
        return effect


class _Reader:
    """Reads code that runs, without the functions that it defines and does not call.

    Args:
        effects: finds the effects of what it calls.
        ref: the statement that it belongs to.
        own: the name of the object that a method belongs to.
        function: the function whose body it is.
    """

    def __init__(
        self, effects: Effects, ref: Ref, *, own: str = "", function: ast.AST | None = None
    ) -> None:
        self._effects, self._classes, self._ref = effects, effects.classes, ref
        self._own, self._is_function = own, function is not None
        self._new = new_values(function) if function else set[str]()
        self._effect = NOTHING

    def read(self, nodes: Iterable[ast.AST]) -> Effect:
        """What statements and expressions do."""
        for node in nodes:
            self._statement(node)
        return self._effect

    def _statement(self, node: ast.AST) -> None:
        if isinstance(node, ast.expr):
            self._expression(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            # A module's `__getattr__` makes its attributes.
            self._add(node.name != "__getattr__" or node is not self._ref.statement.node)
            self._decorate(node.decorator_list)
            self.read(evaluated(node))
        elif isinstance(node, ast.ClassDef):
            self._add(self._classes.is_made_plainly(self._ref, node))
            self._decorate(node.decorator_list)
            self.read(node.body)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            self._assign(node)
        elif isinstance(node, _COMPOUND):
            # What a context does ends with its block; of one that is made, the calls are known.
            self._add(isinstance(getattr(node, "context_expr", None), ast.Call | None))
            self._store(getattr(node, "target", getattr(node, "optional_vars", None)))
            if isinstance(node, ast.Raise) and not isinstance(node.exc, ast.Call | None):
                self._callback(node.exc)
            self.read(ast.iter_child_nodes(node))
        else:
            is_import = isinstance(node, ast.Import | ast.ImportFrom)  # `reach` follows it
            self._add(is_import and not self._is_function)

    def _expression(self, node: ast.expr) -> None:
        """What the evaluation of an expression does; functions in it are not called."""
        waiting = list[ast.AST]([node])
        while waiting:
            part = waiting.pop()
            if isinstance(part, ast.Lambda):
                waiting += evaluated(part)
                continue
            if isinstance(part, ast.Call):
                self._call(part)
            self._add(not isinstance(part, ast.Await))
            self._store(part.target if isinstance(part, ast.NamedExpr) else None)
            waiting += ast.iter_child_nodes(part)
        for name in self._ref.statement.outer_names(node):
            for target in self._classes.resolve(self._ref, name):
                if isinstance(target, Ref):
                    self._use(target)

    def _add(self, is_harmless: bool) -> None:
        self._effect |= NOTHING if is_harmless else _ANYTHING

    def _use(self, ref: Ref) -> None:
        """An operator or attribute of a value may run what its class defines."""
        if isinstance(ref.statement.node, FUNCTIONS):
            return
        is_class = isinstance(ref.statement.node, ast.ClassDef)
        self._add(not is_class or self._classes.is_plain(ref))
        self._effect |= NOTHING if is_class else self._effects.of(ref)
        self._effect |= {ref} if self._effects.is_moving(ref) else NOTHING

    def _decorate(self, nodes: Iterable[ast.expr]) -> None:
        for node in nodes:
            is_made = isinstance(node, ast.Call)
            self.read([*node.args, *(word.value for word in node.keywords)] if is_made else [])
            name = decorator_name(node)
            if not self._ref.statement.is_outer(name):
                self._add(name.rpartition(".")[2] in _ACCESSORS)
                continue
            for target in self._classes.targets(self._ref, name):
                if isinstance(target, External):
                    self._add(harmless.is_harmless_decorator(target.dotted))
                else:
                    calls = 1 + is_made
                    is_own = target.binds(name)
                    self._effect |= self._effects.of_call(target, calls) if is_own else _ANYTHING

    def _assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        self.read(part for part in (getattr(node, "annotation", None), node.value) if part)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            self._store(target)
        if isinstance(node, ast.AugAssign):  # a list grows in place, whatever other names it has
            self._grow(node.target, node.value)

    def _store(self, target: ast.AST | None) -> None:
        """What it does to bind a target: a name of its own, or a part of something."""
        if isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self._store(part)
        elif isinstance(target, ast.Starred):
            self._store(target.value)
        elif isinstance(target, ast.Subscript):
            self._expression(target.slice)
            self._fill(dotted(target.value))
        elif isinstance(target, ast.Name):
            self._add(target.id != self._own)
        elif isinstance(target, ast.Attribute):  # a method may change its own object
            self._add(bool(self._own) and dotted(target.value) == self._own)

    def _grow(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._fill(target.id)
        else:  # the value may be anybody's, if it is not a count of the function's own
            is_own = isinstance(target, ast.Subscript) and dotted(target.value) in self._new
            self._add(is_own and isinstance(value, ast.Constant))

    def _fill(self, name: str) -> None:
        """Note that a container is changed, if it is one of a module's or function's own."""
        if name in self._new:
            return
        for target in self._classes.targets(self._ref, name):
            is_own = isinstance(target, Ref) and target.statement.is_container
            self._effect |= {target if isinstance(target, Ref) and is_own else None}

    def _call(self, node: ast.Call) -> None:
        name = dotted(node.func)
        targets = self._classes.targets(self._ref, name)
        callbacks = [word.value for word in node.keywords if word.arg in harmless.CALLBACKS]
        if any(isinstance(it, External) and it.dotted in harmless.CALLING for it in targets):
            callbacks += node.args[:1]
        self._add("out" not in {word.arg for word in node.keywords})  # NumPy writes there
        for callback in callbacks:
            self._callback(callback)
        if not self._ref.statement.is_outer(name):
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            self._add(method in harmless.METHODS or name.rpartition(".")[0] in self._new)
        elif targets == [External("", "open")]:
            modes = [*node.args[1:2], *(it.value for it in node.keywords if it.arg == "mode")]
            options = [it.arg for it in node.keywords] + [type(it) for it in node.args[:1]]
            is_read = all(getattr(mode, "value", "") in ("r", "rb", "rt") for mode in modes)
            self._add(is_read and {ast.Starred, None, "opener"}.isdisjoint(options))
        elif len(node.args) > 1 or targets not in _OF_ONE:
            for target in targets:
                self._call_of(target, name)

    def _call_of(self, target: Target, name: str) -> None:
        owner, _, method = name.rpartition(".")
        if isinstance(target, External):
            self._add(harmless.is_harmless_call(target.dotted))
        elif target.binds(name):
            self._effect |= self._effects.of_call(target)
        elif target.is_definition:
            self._add(False)  # a method of a class
        elif method not in harmless.METHODS:
            self._fill(owner)

    def _callback(self, node: ast.expr) -> None:
        """What a function does that a harmless one calls."""
        if isinstance(node, ast.Lambda):
            self._expression(node.body)
        elif not isinstance(node, ast.Constant):
            for target in self._classes.targets(self._ref, dotted(node)):
                self._call_of(target, dotted(node))


def _is_static(node: ast.AST) -> bool:
    names = map(decorator_name, getattr(node, "decorator_list", []))
    return any(name in ("classmethod", "staticmethod") for name in names)
