"""Which settings somebody reads."""

from collections.abc import Callable

import pytest
from omegaconf import OmegaConf

from labkart.check.pipeline import setting_names, watch_config


@pytest.mark.parametrize(
    ("use", "read"),
    [
        (lambda cfg: cfg.a, {"a"}),
        (lambda cfg: cfg["b"].c, {"b.c"}),
        (lambda cfg: cfg.get("missing"), set()),
        (lambda cfg: cfg.b, set()),
        (lambda cfg: list(cfg.b), set()),
        (lambda cfg: dict(cfg.b), {"b.c", "b.d"}),
        (lambda cfg: [*cfg.e], {"e"}),
        (lambda cfg: cfg.f, {"f", "b.c"}),
        (lambda cfg: OmegaConf.to_container(cfg.b), {"b.c", "b.d"}),
        (lambda cfg: OmegaConf.to_container(cfg, resolve=True), {"a", "b.c", "b.d", "e", "f"}),
        (lambda cfg: OmegaConf.merge(cfg.b, {"d": 3}).c, {"b.c", "b.d"}),
        (lambda cfg: OmegaConf.select(cfg, "b.d"), {"b.d"}),
    ],
)
def test_each_way_to_read_a_setting_is_noticed(use: Callable[..., object], read: set[str]) -> None:
    cfg, names = (
        OmegaConf.create("{a: 1, b: {c: x, d: null}, e: [1, {g: 2}], f: '${b.c}'}"),
        set[str](),
    )
    watched = watch_config(cfg, names)
    assert names == set()
    value = use(watched)
    assert names == read
    assert value == use(cfg)
    assert setting_names(cfg) == {"a", "b.c", "b.d", "e", "f"}
