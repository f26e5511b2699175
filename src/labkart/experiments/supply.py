"""What there is on this machine of what tasks ask for by `resources`, and whether that is enough.

Knows the settings `labkart.resources`. Gives nothing to any task: see `allocation`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from omegaconf import DictConfig, ListConfig

from labkart.errors import LabkartError
from labkart.experiments import gpus, settings
from labkart.experiments.claims import Need
from labkart.experiments.gpus import Card, Cards
from labkart.language import join_sentences, mistake, translate, translate_count
from labkart.tasks.task import Task
from labkart.wording import join_names, nearest

GPU = "gpu"
_SETTING = f"{settings.SECTION}.{settings.RESOURCES}"


@dataclass(frozen=True)
class Supply:
    """What there is.

    Attributes:
        gpu: the setting `labkart.resources.gpu`: "auto", a number, or a list of cards.
        tasks_per_gpu: how many tasks may share a card.
        amounts: of all other names.
    """

    gpu: Any = "auto"
    tasks_per_gpu: int = 1
    amounts: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, cfg: DictConfig) -> "Supply":
        """That of a configuration, whose settings have been checked."""
        stated = settings.setting(cfg, settings.RESOURCES, {})
        amounts = {str(name): value for name, value in stated.items() if value is not None}
        gpu, tasks_per_gpu = amounts.pop(GPU, "auto"), amounts.pop("tasks_per_gpu", 1)
        return cls(gpu, tasks_per_gpu, amounts)

    @property
    def cards(self) -> Sequence[Card]:
        """The graphics cards that tasks may have."""
        return self._cards.cards

    @property
    def totals(self) -> dict[str, float]:
        """How much there is of each name; of graphics cards, for how many tasks of one card."""
        return {**self.amounts, GPU: len(self.cards) * self.tasks_per_gpu}

    def needs(self, amounts: Mapping[str, float]) -> list[Need]:
        """What a task asks for, as claims know it. On a machine without cards it needs none."""
        needs = [
            Need([name], amount, self.amounts[name])
            for name, amount in amounts.items()
            if name != GPU and amount
        ]
        if self.cards and (count := amounts.get(GPU)):
            pools = [_pool(card) for card in self.cards]
            needs.append(Need(pools, 1 / self.tasks_per_gpu, 1, int(count)))
        return needs

    def cards_of(self, pools: Iterable[str]) -> list[Card]:
        """The cards among the pools of a claim, in their own order."""
        taken = set(pools)
        return [card for card in self.cards if _pool(card) in taken]

    def check(self, tasks: Iterable[Task[Any]]) -> str:
        """Refuse what can never run here.

        Returns:
            A sentence about tasks that ask for a graphics card where there is none; may be empty.

        Raises:
            LabkartError: a task asks for more than there is.
        """
        on_cpu = set[str]()
        for task in tasks:
            name = task.get_task_family()
            for resource, amount in read_amounts(task).items():
                if resource != GPU or self.cards:
                    self._check_amount(name, resource, amount)
                elif amount:
                    on_cpu.add(name)
        if not on_cpu:
            return ""
        return translate_count(
            "{tasks} asks for a graphics card and runs on the CPU: {reason}.",
            "{tasks} ask for graphics cards and run on the CPU: {reason}.",
            len(on_cpu),
            tasks=join_names(sorted(on_cpu)),
            reason=self._cards.reason,
        )

    def _check_amount(self, task: str, name: str, amount: float) -> None:
        amounts = describe({name: amount})
        if name != GPU and name not in self.amounts:
            problem = translate(
                "{task} asks for {amounts}, but {setting} has no {name}.",
                task=task,
                amounts=amounts,
                setting=_SETTING,
                name=name,
            )
            remedy = translate(
                "Say in conf/config.yaml how much there is, as {amounts}.", amounts=amounts
            )
            raise LabkartError(join_sentences(problem, nearest(name, [*self.amounts, GPU]), remedy))
        available = len(self.cards) if name == GPU else self.amounts[name]
        if amount > available:
            raise mistake(
                "{task} asks for {amounts}, but this machine has {value:g} ({reason}).",
                task=task,
                amounts=amounts,
                value=available,
                reason=self._cards.reason if name == GPU else f"{_SETTING}.{name}",
            )

    @cached_property
    def _cards(self) -> Cards:
        stated = translate("{setting} is {value}", setting=f"{_SETTING}.{GPU}", value=self.gpu)
        if not self.gpu:  # 0, or an empty list
            return Cards((), stated)
        visible = gpus.visible()
        if self.gpu == "auto":
            return visible
        if isinstance(self.gpu, ListConfig):
            named = [card for name in self.gpu for card in _choose(str(name), visible)]
            chosen = gpus.each_once(named)
        elif visible.is_known:
            chosen = visible.cards[: self.gpu]
        else:
            chosen = [Card(str(number), str(number)) for number in range(self.gpu)]
        return Cards(tuple(chosen), f"{stated}, {visible.reason}" if visible.is_known else stated)


def describe(amounts: Mapping[str, float]) -> str:
    """Amounts in words, as "gpu: 1, memory_gb: 8"."""
    return ", ".join(f"{name}: {amount:g}" for name, amount in amounts.items())


def read_amounts(task: Task[Any]) -> dict[str, float]:
    """What a task asks for, by name.

    Raises:
        LabkartError: its `resources` are not names and amounts.
    """
    amounts = task.process_resources()
    name = task.get_task_family()
    if not isinstance(amounts, Mapping):
        example = f'resources = {{"{GPU}": 1}}'
        raise mistake(
            "{task}.resources must be names and amounts, as {example}: {value!r}",
            task=name,
            example=example,
            value=amounts,
        )
    for resource, amount in amounts.items():
        kinds = (int,) if resource == GPU else (int, float)
        if type(amount) not in kinds or not amount >= 0:
            noun = translate("a whole number") if resource == GPU else translate("a number")
            raise mistake(
                "{task}.resources: {resource} must be {noun}, 0 or more, got {value!r}.",
                task=name,
                resource=resource,
                noun=noun,
                value=amount,
            )
    return {str(resource): amount for resource, amount in amounts.items()}


def _choose(name: str, visible: Cards) -> Iterator[Card]:
    """The card of a name in the settings, if this process may use it."""
    installed = gpus.installed()
    card = gpus.find(name, installed.cards)
    if card is None and installed.is_known:
        problem = translate(
            "{setting}: there is no card {name}, {reason}",
            setting=f"{_SETTING}.{GPU}",
            name=name,
            reason=installed.reason,
        )
        names = ", ".join(card.name for card in installed.cards)
        raise LabkartError(f"{problem}{f': {names}' if names else ''}.")
    if visible.is_known:
        id = card.id if card else name
        yield from (other for other in visible.cards if other.id == id)
    else:
        yield card or Card(name, name)


def _pool(card: Card) -> str:
    return f"{GPU} {card.id}"
