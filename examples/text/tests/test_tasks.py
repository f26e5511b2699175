"""Every model learns from a few comments, and a mistake is listed."""

from pathlib import Path

import gokart
import pytest
from labkart import compose

from my_thesis.pipeline import MODELS, pipeline

COMMENTS = ["The curry was delicious.", "A delicious soup.", "The rice was cold.", "Cold coffee."]


@pytest.mark.parametrize("vectors", ["words", "pairs", "letters"])
@pytest.mark.parametrize("model", MODELS)
def test_what_is_easy_is_learned(model: str, vectors: str, tmp_path: Path) -> None:
    file = tmp_path / "comments.csv"
    lines = [f"{i},{COMMENTS[i % 4]},{'bad' if i % 4 > 1 else 'good'}" for i in range(20)]
    file.write_text("\n".join(["id,text,label", *lines]), encoding="utf-8")
    cfg = compose(f"model={model}", f"vectors={vectors}", f"comments.file={file}")
    table = gokart.build(pipeline(cfg))
    assert len(table) == 8
    assert table["right"].all()
