"""Composes `conf/` and overrides into configurations: one by Hydra, many faster than by Hydra.

Knows which overrides Hydra must read itself. What is wrong is explained by `config_errors`.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from copy import deepcopy
from functools import cached_property

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf

from labkart import project
from labkart._compat import apply_overrides
from labkart.errors import LabkartError
from labkart.experiments.config import OF_OVERRIDES, Composed, InvalidOverride, load
from labkart.experiments.config_errors import explain_error
from labkart.language import join_sentences, translate
from labkart.wording import did_you_mean


def compose(*overrides: str) -> DictConfig:
    """The configuration that `labkart run` composes from the same overrides.

    Args:
        *overrides: settings as on the command line, one text each; without any, the defaults.

    Returns:
        What `pipeline()` takes.

    Example:
        `compose("model=forest", "seed=3")`

    Raises:
        LabkartError: an override names a file or a setting that does not exist.
    """
    return compose_overrides(*overrides).cfg


def compose_overrides(*overrides: str) -> Composed:
    """The same, with what the configuration was made of."""
    try:
        composed = Composed.of(load(overrides))
    except InvalidOverride as error:
        raise explain_error(error, overrides) from None
    composed.activate()
    return composed


def check_additions(overrides: Iterable[str]) -> None:
    """Refuse `+name=value` at the top, where no task could read it: Hydra takes any new name.

    Raises:
        LabkartError: an override adds a name that is not in `conf/`.
    """
    additions = [override for override in overrides if override.startswith("+")]
    if not additions:
        return
    conf = project.current().root / "conf"
    names = {"labkart", *map(str, OmegaConf.load(conf / "config.yaml"))} - {"defaults", "hydra"}
    names |= {folder.name for folder in conf.iterdir() if folder.is_dir()} - {"local"}
    for override in additions:
        name = re.split("[=.@/]", override.lstrip("+"))[0]
        if name not in names:
            problem = translate(
                '{override}: no setting "{name}" in conf/config.yaml.', override=override, name=name
            )
            raise LabkartError(join_sentences(problem, did_you_mean(name, names)))


class Composer:
    """Composes many configurations; Hydra reads files (60 ms) once for all that choose the same.

    Args:
        load: composes by Hydra.
    """

    def __init__(self, load: Callable[[list[str]], DictConfig] = load) -> None:
        self._load = load
        self._parser = OverridesParser.create()
        self._parsed: dict[str, Override] = {}
        self._bases: dict[tuple[str, ...], Composed] = {}

    def compose(self, overrides: Sequence[str], number: int = 0) -> Composed:
        """One configuration, with its number among many.

        Raises:
            LabkartError: an override names a file or a setting that does not exist.
        """
        try:
            return self._compose(overrides, number)
        except InvalidOverride as error:
            raise explain_error(error, overrides) from None

    def _compose(self, texts: Sequence[str], number: int) -> Composed:
        self._parse(texts)
        overrides = [self._parsed[text] for text in texts]
        values = self._values_to_apply_last(overrides)
        base = self._base([text for text in texts if self._parsed[text] not in values])
        if base.names_overrides or OF_OVERRIDES.search(" ".join(texts)):
            base, values = self._base(texts), []
        cfg = deepcopy(base.cfg)
        apply_overrides(values, cfg)
        own = [text for text in texts if not self._parsed[text].is_hydra_override()]
        return Composed(cfg, own, base.choices, base.hydra, number)

    def _parse(self, texts: Sequence[str]) -> None:
        new = [text for text in texts if text not in self._parsed]
        check_additions(new)
        self._parsed |= dict(zip(new, self._parser.parse_overrides(new), strict=True))

    def _values_to_apply_last(self, overrides: Sequence[Override]) -> list[Override]:
        """The overrides that may be applied after Hydra has read all the others.

        Hydra first chooses the files, and then applies values in the order of the command. So
        none can wait if Hydra itself has to apply another one.
        """
        if any(map(self._may_be_applied_by_hydra, overrides)):
            return []
        return [override for override in overrides if self._is_value(override)]

    def _base(self, texts: Sequence[str]) -> Composed:
        """What Hydra composes from these overrides."""
        key = tuple(texts)
        if key not in self._bases:
            self._bases[key] = Composed.of(self._load(list(texts)))
        return self._bases[key]

    @cached_property
    def _groups(self) -> Collection[str] | None:
        """The groups of files that there may be; None if the defaults do not compose."""
        conf = project.current().root / "conf"
        if "searchpath" not in (conf / "config.yaml").read_text(encoding="utf-8"):
            return {path.name for path in conf.iterdir() if path.is_dir()}
        with suppress(*InvalidOverride):  # files may also come from elsewhere
            return self._base([]).choices
        return None

    def _is_value(self, override: Override) -> bool:
        """Whether an override surely sets a value; one that may choose a file is left to Hydra."""
        if self._groups is None or self._is_addressed(override) or "/" in override.key_or_group:
            return False
        name = override.key_or_group
        is_change = override.type == OverrideType.CHANGE
        return "." in name or (is_change and name not in self._groups)

    def _may_be_applied_by_hydra(self, override: Override) -> bool:
        """Whether Hydra may apply an override as a value, although it must read it itself.

        So it is with a new name at the top, and with a group that is given as values.
        """
        if self._is_value(override) or self._is_addressed(override):
            return False
        is_dictionary = isinstance(override.value(), dict)
        return is_dictionary or override.key_or_group not in (self._groups or ())

    def _is_addressed(self, override: Override) -> bool:
        """Whether an override is for Hydra itself, or puts a file elsewhere (`model@other`)."""
        return bool(override.package) or override.is_hydra_override()
