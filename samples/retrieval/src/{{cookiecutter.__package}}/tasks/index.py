"""Stage 2: from tokens of documents to an index. One class per model, with its own parameters."""

import logging
from typing import Any, NamedTuple

import bm25s
import numpy as np
from gokart import TaskInstanceParameter
from labkart import Task
from luigi import BoolParameter, FloatParameter, IntParameter
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from .tokenise import Tokenise


class Bm25Index(NamedTuple):
    """The ids of the documents, and the weights of their tokens."""

    ids: list[str]
    model: bm25s.BM25

    def scores(self, query: list[str]) -> np.ndarray:
        """One score per document; what no document contains does not count."""
        known = [token for token in query if token in self.model.vocab_dict]
        return self.model.get_scores(known) if known else np.zeros(len(self.ids))


class VectorIndex(NamedTuple):
    """The ids of the documents, how tokens become a vector, and the documents' vectors."""

    ids: list[str]
    model: Any
    vectors: Any

    def scores(self, query: list[str]) -> np.ndarray:
        """The cosine of each document and the query."""
        scores = self.vectors @ self.model.transform([" ".join(query)]).T
        return np.asarray(scores.todense() if hasattr(scores, "todense") else scores).ravel()


class IndexTask(Task[Bm25Index | VectorIndex]):
    """What every index shares: the documents."""

    documents: TaskInstanceParameter[Tokenise] = TaskInstanceParameter(expected_type=Tokenise)

    def dump_vectors(self, model: Any) -> None:
        """Fit the model to the documents, and keep it with their vectors."""
        documents = self.load(self.documents)
        vectors = model.fit_transform([" ".join(tokens) for tokens in documents.values()])
        self.log_metric("dimensions", vectors.shape[1])
        self.dump(VectorIndex(list(documents), model, vectors))


class IndexBm25(IndexTask):
    """BM25, in the form that Lucene uses."""

    k1: FloatParameter = FloatParameter()
    b: FloatParameter = FloatParameter()

    def run(self) -> None:
        logging.getLogger("bm25s").setLevel(logging.WARNING)  # bm25s logs each of its steps
        documents = self.load(self.documents)
        model = bm25s.BM25(method="lucene", k1=self.k1, b=self.b)
        model.index(list(documents.values()), show_progress=False)
        self.log_metric("dimensions", len(model.vocab_dict))
        self.dump(Bm25Index(list(documents), model))


class IndexTfidf(IndexTask):
    """Vectors of tf-idf weights, one dimension per token."""

    sublinear: BoolParameter = BoolParameter()

    def run(self) -> None:
        self.dump_vectors(TfidfVectorizer(token_pattern=r"\S+", sublinear_tf=self.sublinear))


class IndexLsa(IndexTask):
    """Latent semantic analysis: the tf-idf vectors, projected to few dimensions."""

    dimensions: IntParameter = IntParameter()
    seed: IntParameter = IntParameter()

    def run(self) -> None:
        projection = TruncatedSVD(self.dimensions, random_state=self.seed)
        tfidf = TfidfVectorizer(token_pattern=r"\S+", sublinear_tf=True)
        self.dump_vectors(make_pipeline(tfidf, projection, Normalizer(copy=False)))
