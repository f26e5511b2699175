"""How to test the whole pipeline: compose a small configuration, build it, check the result."""

import gokart
import pytest
from labkart import LabkartError, compose

from {{cookiecutter.__package}}.pipeline import MODELS, pipeline


@pytest.mark.parametrize("model", MODELS)
def test_every_model_runs_from_its_configuration(model: str) -> None:
    small = [] if model == "logistic" else ["model.params.trees=5"]
    table = gokart.build(pipeline(compose(f"model={model}", *small)))
    assert len(table) > 1, "one row per class"
    assert table["f1-score"].between(0.5, 1).all()


def test_a_misspelt_parameter_is_refused() -> None:
    with pytest.raises(LabkartError, match='"trees"'):
        pipeline(compose("model=forest", "+model.params.tree=5"))
