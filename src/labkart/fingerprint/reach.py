"""What counts for a task: what its class reaches by name, and the statements that act at import.

Makes no digests.
"""

import ast
import builtins
from collections.abc import Iterable
from functools import cache
from itertools import chain, groupby
from operator import attrgetter
from typing import NamedTuple

from labkart.fingerprint.effects import NOTHING, Effects
from labkart.fingerprint.modules import External, Module, Modules, Ref, Target
from labkart.fingerprint.statements import evaluated, literal


class References(NamedTuple):
    """What a statement mentions.

    Attributes:
        targets: all of it.
        required: what only a `requires()` names.
        parts: statements of which an attribute is read, as in `Load.FOLDER`.
        origins: by name, where what it mentions is imported from.
    """

    targets: list[Target]
    required: set[Target]
    parts: set[Target]
    origins: dict[str, list[str]]


class Reach:
    """Follows names from statement to statement, and remembers where they led."""

    def __init__(self, modules: Modules) -> None:
        self._modules, self._effects = modules, Effects(modules)
        self.references = cache(self._references)
        self.is_task = cache(self._effects.classes.is_task)

    def reached(
        self, starts: Iterable[Ref], roots: Iterable[Module]
    ) -> tuple[set[Ref], dict[Module, None], list[Ref]]:
        """All that counts, the modules that are imported, and what counts by its order.

        Args:
            starts: the statements that define a class.
            roots: the modules that are imported in any case.
        """
        reached, new, order = set[Ref](), self.closure(starts), list[Ref]()
        while new:
            reached |= new
            refs = sorted(reached, key=lambda ref: (ref.module.name, ref.number or 0))
            lazily = [module for ref in refs for module in self.lazily(ref)]
            order = self.imported([*roots, *(ref.module for ref in refs), *lazily])
            acting = [ref for ref in order if ref not in reached and self._counts(ref, reached)]
            new = self.closure(acting) - reached
        modules = dict.fromkeys(ref.module for ref in order)
        order = [ref for ref in order if ref in reached]
        decisive = {ref for ref in order if self._effects.of(ref) != NOTHING or _is_rebound(ref)}
        order = [ref for ref in order if ref in decisive or not self._is_constant(ref)]
        return reached, modules, _sorted_between(order, decisive) if decisive else []

    def imported(self, roots: Iterable[Module]) -> list[Ref]:
        """The modules that are imported with some, and their statements, in the order they run."""
        order, modules = list[Ref](), set[Module]()
        waiting = list[Ref | Module]([*roots][::-1])
        while waiting:
            current = waiting.pop()
            if isinstance(current, Ref):
                order.append(current)
            elif current not in modules:
                modules.add(current)
                order.append(Ref(current, None))
                for ref in self.statements(current)[::-1]:
                    waiting += [ref, *self._modules.run_by(ref.statement.imports)[::-1]]
                parent = self._modules.find(current.name.rpartition(".")[0])
                waiting += [parent] if parent else []
        return order

    def lazily(self, ref: Ref) -> list[Module]:
        """The modules that a statement imports when its functions run."""
        return self._modules.run_by(ref.statement.inner)

    @staticmethod
    def statements(module: Module) -> list[Ref]:
        """The statements of a module."""
        return [Ref(module, number) for number in range(len(module.statements))]

    def bound(self, definition: type) -> list[Ref]:
        """The statements that bind a class; none if it is not the project's."""
        owner = self._modules.find(definition.__module__)
        top = definition.__qualname__.partition(".")[0]
        numbers = owner.bindings.get(top, [None]) if owner else []
        return [Ref(owner, number) for number in numbers] if owner else []

    def closure(self, starts: Iterable[Ref]) -> set[Ref]:
        """All that is reached by name.

        Task classes that only a `requires()` names are not: their code is in their own ids.
        """
        own = set(starts)
        # The id of a task that run() yields is in no other id, and so all that it needs counts.
        yields = any("yield" in ref.statement.words for ref in own)
        reached: dict[Ref, bool] = {}  # whether it is only reached to plan tasks
        waiting = [(ref, False) for ref in own]
        while waiting:
            ref, plans = waiting.pop()
            if ref in reached and reached[ref] <= plans:
                continue
            reached[ref] = plans
            references = self.references(ref)
            requires = plans or ref in own or (self.is_task(ref) and not yields)
            for target in references.targets:
                if isinstance(target, Ref):
                    is_plan = requires if target in references.required else plans
                    is_whole = is_plan and target not in references.parts
                    if not (is_whole and self.is_task(target)):
                        waiting.append((target, is_plan))
        return set(reached)

    def _is_constant(self, ref: Ref) -> bool:
        """Whether what a statement binds does not depend on what ran before it."""
        node, statement = ref.statement.node, ref.statement
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return ref.number is None or statement.is_import or statement.literal is not None
        annotations = [part for part in evaluated(node) if literal(part) is None]
        defaults = {*node.args.defaults, *node.args.kw_defaults}
        names = [name for part in annotations for name in statement.outer_names(part)]
        targets = [target for name in names for target in self._modules.resolve(ref, name)]
        are_types = all(isinstance(it, External) or it.is_definition for it in targets)
        return are_types and defaults.isdisjoint(annotations) and not node.decorator_list

    def _counts(self, ref: Ref, reached: set[Ref]) -> bool:
        """Whether a statement acts on a task that reaches these."""
        effect = self._effects.of(ref)
        # A script that uses the tasks is not part of them; what it replaces in them is seen anyway.
        is_script = ref.module.name.startswith("__m")
        return (None in effect and not is_script) or not effect.isdisjoint(reached)

    def _references(self, ref: Ref) -> References:
        module, statement = ref.module, ref.statement
        if ref.number is None:
            below = [Ref(inner, None) for inner in self._modules.below(module)]
            return References([*self.statements(module), *below], set(), set(), {})
        known = {name: self._modules.resolve(ref, name) for name in sorted(statement.mentions)}
        read = {target for name in known.keys() - statement.required for target in known[name]}
        targets = list(chain.from_iterable(known.values()))
        silent = [target for origin in self._silent(ref) for target in self._modules.follow(origin)]
        parts: set[Target] = {
            target
            for name, definitions in known.items()
            for target in definitions
            if "." in name
            and isinstance(target, Ref)
            and name.rpartition(".")[2] not in target.statement.names
        }
        imported = {**module.origins, **statement.inner}
        first = dict.fromkeys(name.partition(".")[0] for name in known)
        origins = {name: imported[name] for name in first if name in imported}
        silent += self._tried(ref)
        return References([*targets, *silent], {*targets} - read, parts, origins)

    def _tried(self, ref: Ref) -> list[Ref]:
        """What runs where a statement catches the errors of an import: any of it may fail."""
        run = self.imported(self._modules.run_by(ref.statement.tried))
        parts = [it for it in run if it.number is not None and not it.statement.is_import]
        return [it for it in parts if not it.is_definition]

    def _silent(self, ref: Ref) -> list[str]:
        """The origins of what a statement imports without mentioning it."""
        statement = ref.statement
        if "*" in statement.names:
            return [origin.replace(":*", ":__all__") for origin in statement.imports["*"]]
        read = {mention.partition(".")[0] for mention in statement.mentions}
        silent = [origins for name, origins in statement.inner.items() if name not in read]
        if not statement.is_import:  # what a block imports may be there or not
            silent += statement.imports.values()
        return [origin for origins in silent for origin in origins]


def _is_rebound(ref: Ref) -> bool:
    """Whether a statement binds a name that means something else before or after it."""
    bindings = ref.module.bindings
    return any(
        hasattr(builtins, name) or len(bindings.get(name, ())) > 1 for name in ref.statement.names
    )


def _sorted_between(order: list[Ref], decisive: set[Ref]) -> list[Ref]:
    """Statements with those that are not decisive in a fixed order, for theirs does not count."""
    groups = groupby(order, decisive.__contains__)
    key = attrgetter("module.key", "statement.text")
    return [ref for fixed, group in groups for ref in (group if fixed else sorted(group, key=key))]
