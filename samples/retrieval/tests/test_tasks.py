"""How to test tasks: give them tiny inputs, build them, look at their outputs."""

from pathlib import Path

import gokart
import pytest
from labkart import compose

from {{cookiecutter.__package}}.pipeline import MODELS, pipeline
from {{cookiecutter.__package}}.tasks.index import IndexTfidf
from {{cookiecutter.__package}}.tasks.retrieve import Retrieve
from {{cookiecutter.__package}}.tasks.tokenise import Tokenise, tokenise


def texts(file: Path, *lines: str) -> Tokenise:
    file.write_text("\n".join(["id\ttext", *lines]) + "\n", encoding="utf-8")
    return Tokenise(file=file)


def test_words_and_pairs_of_characters_are_tokens() -> None:
    assert tokenise("Two cats, 猫が水!") == ["two", "cats", "猫が", "が水"]


def test_what_shares_a_word_with_the_topic_comes_first(tmp_path: Path) -> None:
    documents = texts(tmp_path / "documents.tsv", "a\twarm bread", "b\tcold water")
    topics = texts(tmp_path / "topics.tsv", "1\twater")
    index = IndexTfidf(documents=documents, sublinear=True)
    lines = gokart.build(Retrieve(index=index, topics=topics, depth=1, tag="test"))
    assert [line.split()[:4] for line in lines] == [["1", "Q0", "b", "1"]]


@pytest.mark.parametrize("model", MODELS)
def test_every_model_finds_relevant_documents(model: str) -> None:
    per_topic = gokart.build(pipeline(compose(f"model={model}")))
    assert len(per_topic) == 15
    assert per_topic["ndcg_10"].mean() > 0.5
