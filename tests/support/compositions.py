"""Compositions that tests share: Hydra composes the same files with the same overrides once, in 30 ms."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import hydra
import pytest
from omegaconf import DictConfig, flag_override

from labkart import project

# What lets it depend on more than the files in `conf/` and the overrides.
_ELSEWHERE = ("searchpath", "env_copy")


@contextmanager
def shared() -> Iterator[None]:
    """Share compositions as long as the block lasts; each one who asks gets a copy of its own."""
    compose, known = hydra.compose, dict[str, tuple[str, DictConfig]]()

    def compose_once(name: str, overrides: list[str], **options: Any) -> DictConfig:
        conf = project.current().root / "conf"
        key = f"{_files(conf)} {overrides}"
        if any(word in key for word in _ELSEWHERE):
            return compose(name, overrides=overrides, **options)
        if key not in known:
            known[key] = str(conf), compose(name, overrides=overrides, **options)
        return _copied(*known[key], str(conf))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hydra, "compose", compose_once)
        yield


def _files(conf: Path) -> dict[str, bytes]:
    paths = [path for path in sorted(conf.rglob("*")) if path.is_file()]
    return {str(path.relative_to(conf)): path.read_bytes() for path in paths}


def _copied(first: str, whole: DictConfig, conf: str) -> DictConfig:
    """As if Hydra had composed it in this project."""
    copied = deepcopy(whole)
    runtime = copied.hydra.runtime
    with flag_override(runtime, ["struct", "readonly"], False):
        runtime.cwd = str(Path.cwd())
        for source in runtime.config_sources:
            if source.path == first:
                source.path = conf
    return copied
