"""MLflow gets a name that it takes for each name, and records keep numbers that JSON does not have."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from mlflow.utils.validation import _validate_metric

from labkart.files import encode_json
from labkart.records import mlflow_log
from labkart.records.mlflow_log import LoggedRun, MlflowLog, accepted_name, accepted_names
from labkart.records.record import Metric


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("loss/val", "loss/val"),
        ("損失", "損失"),
        ("MAP@10", "MAP_10"),
        ("F1[macro]", "F1_macro_"),
        ("acc (%)", "acc _"),
        ("../a", "___a"),
    ],
)
def test_a_name_stays_as_like_as_mlflow_lets_it(name: str, accepted: str) -> None:
    assert accepted_name(name) == accepted


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(exclude_characters="\n"), max_size=300), max_size=5))
def test_mlflow_takes_each_accepted_name_and_no_two_are_the_same(names: list[str]) -> None:
    accepted = accepted_names(names)
    assert len(set(accepted.values())) == len(set(names))
    for name, text in accepted.items():
        _validate_metric(text, 1.0, 0, 0)
        try:
            _validate_metric(name, 1.0, 0, 0)
        except MlflowException:
            continue
        assert text == name


def test_a_log_is_read_back_as_it_was_and_is_strict_json(tmp_path: Path) -> None:
    metrics = [Metric(str(value), value, None, 1.5, True) for value in (1.0, math.inf, -math.inf)]
    run = LoggedRun(
        key="k",
        name="fold",
        parent=None,
        status="FINISHED",
        started=1,
        ended=2,
        params={"a": "1"},
        tags={},
        metrics=metrics,
        inputs=[],
        artifacts="",
    )
    MlflowLog(runs=[run]).write(tmp_path)
    assert mlflow_log.read_log(tmp_path) == MlflowLog(runs=[run])
    json.loads((tmp_path / "mlflow/log.json").read_bytes(), parse_constant=pytest.fail)
    assert encode_json({"x": [math.nan]}, indent=None) == b'{"x": ["NaN"]}\n'
