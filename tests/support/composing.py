"""A project to compose, and what Hydra itself makes of a list of overrides, to compare with."""

import re
from collections.abc import Sequence
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from labkart.errors import LabkartError
from labkart.experiments.composer import Composer, check_additions
from labkart.experiments.config import Composed, InvalidOverride, load
from labkart.experiments.config_errors import explain_error

FILES = {
    "conf/config.yaml": """\
defaults:
  - _self_
  - data: wine
  - model: forest
  - experiment: null
seed: 0
text: plain
doubled: ${seed}-${seed}
number: ${hydra:job.num}
home: ${oc.env:LABKART_TEST_HOME}
split:
  test_size: 0.25
  seed: 0
layers: [1, 2]
nested:
  deep: {a: 1, b: [1, {c: 2}]}
labkart:
  workers: null
""",
    "conf/data/wine.yaml": "name: wine\n",
    "conf/data/digits.yaml": "name: digits\n",
    "conf/model/forest.yaml": "name: forest\nparams:\n  trees: 300\n",
    "conf/model/linear.yaml": "name: linear\nparams:\n  c: 1.0\n  seed: ${seed}\n",
    "conf/experiment/large.yaml": "# @package _global_\ndefaults:\n  - override /model: linear\nsplit:\n  test_size: 0.5\n",
    "conf/experiment/many.yaml": "# @package _global_\nhydra:\n  sweeper:\n    params:\n      seed: range(3)\n",
    "conf/extra/one.yaml": "x: 1\n",
}


def hydras(words: Sequence[str]) -> Composed:
    """What Hydra itself makes of the words, as `labkart run` hears of it."""
    check_additions(words)
    try:
        return Composed.of(load(words))
    except InvalidOverride as error:
        raise explain_error(error, words) from None


def describe(composed: Composed) -> Any:
    """All that a person or a pipeline can see of it, or the complaint."""
    composed.activate()
    try:
        resolved = OmegaConf.to_container(composed.cfg, resolve=True)
    except OmegaConfBaseException as error:
        resolved = str(error)
    flags = OmegaConf.is_struct(composed.cfg), OmegaConf.is_readonly(composed.cfg)
    return (
        OmegaConf.to_container(composed.cfg),
        resolved,
        composed.choices,
        composed.overrides,
        flags,
    )


def outcome(compose: Any, words: Sequence[str]) -> Any:
    try:
        composed = compose(words)
    except LabkartError as error:
        return str(error)
    composed.number = 5
    return describe(composed)


def split(line: str) -> list[str]:
    """At spaces that part words: not within quotes."""
    return re.findall(r"""(?:[^\s'"]|'[^']*'|"[^"]*")+""", line)


def differing(lines: Sequence[str]) -> list[str]:
    """The lists of overrides that one composer understands in another way than Hydra."""
    composer = Composer()
    return [
        line
        for line in lines
        if outcome(composer.compose, split(line)) != outcome(hydras, split(line))
    ]
