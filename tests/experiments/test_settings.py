"""The settings below `labkart`: what they may be."""

import re
from typing import Any

import pytest
from omegaconf import OmegaConf

from labkart import LabkartError
from labkart.experiments.settings import check_settings, setting


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("workers", 1),
        ("artifact_mb", 0),
        ("artifact_mb", 1.5),
        ("artifact_tasks", "all"),
        ("seeds", []),
        ("tags", ["paper"]),
        ("lower_is_better", ["cost"]),
        ("higher_is_better", ["gain"]),
        ("rank_by", "accuracy"),
        ("workers", None),
        ("anything", "else"),
    ],
)
def test_a_setting_that_fits_is_accepted(name: str, value: Any) -> None:
    cfg = OmegaConf.create({"labkart": {name: value}})
    check_settings(cfg)
    assert setting(cfg, name, "default") == ("default" if value is None else value)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("workers", 0, "labkart.workers must be a positive integer or null, got 0."),
        ("workers", True, "labkart.workers must be a positive integer or null, got True."),
        ("workers", 1.5, "labkart.workers must be a positive integer or null, got 1.5."),
        ("artifact_mb", "all", "labkart.artifact_mb must be a number or null, got all."),
        (
            "artifact_tasks",
            "last",
            "labkart.artifact_tasks must be results, all or null, got last.",
        ),
        ("seeds", "seed", "labkart.seeds must be a list of names, as [a, b], or null, got seed."),
        (
            "lower_is_better",
            "loss",
            "labkart.lower_is_better must be a list of names, as [a, b], or null, got loss.",
        ),
        ("tags", [1], "labkart.tags must be a list of names, as [a, b], or null, got [1]."),
        ("rank_by", 5, "labkart.rank_by must be the name of a metric or null, got 5."),
    ],
)
def test_another_value_is_refused(name: str, value: Any, sentence: str) -> None:
    with pytest.raises(LabkartError, match=f"^{re.escape(sentence)}$"):
        check_settings(OmegaConf.create({"labkart": {name: value}}))


def test_a_configuration_without_settings_has_the_defaults() -> None:
    cfg = OmegaConf.create({"seed": 0})
    check_settings(cfg)
    assert setting(cfg, "workers", 4) == 4
