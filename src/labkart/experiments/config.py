"""Composes `conf/` and overrides into one configuration, or says in a sentence why it cannot.

Knows no task. Many configurations at once are composed by `composer`.
"""

import re
from collections.abc import Iterable

from omegaconf import DictConfig, OmegaConf

from labkart import project
from labkart.errors import LabkartError
from labkart.experiments.composition import Composed, load
from labkart.experiments.config_errors import InvalidOverride, explain_error
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
