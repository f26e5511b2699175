"""Stage 2: from texts to vectors."""

from typing import Any, NamedTuple

from gokart import TaskInstanceParameter
from labkart import Task
from luigi import ChoiceParameter, ListParameter
from sklearn.feature_extraction.text import TfidfVectorizer

from .comments import SplitComments


class Vectors(NamedTuple):
    """The vectors of both parts, and the name of each dimension."""

    train: Any
    test: Any
    names: list[str]


class Vectorise(Task[Vectors]):
    """Weigh sequences of words or letters by tf-idf; only the part to learn from chooses them."""

    split: TaskInstanceParameter[SplitComments] = TaskInstanceParameter(expected_type=SplitComments)
    analyzer: ChoiceParameter[str] = ChoiceParameter(choices=["word", "char_wb"])
    lengths: ListParameter[tuple[int, ...]] = ListParameter()

    def run(self) -> None:
        split = self.load(self.split)
        shortest, longest = self.lengths
        tfidf = TfidfVectorizer(analyzer=self.analyzer, ngram_range=(shortest, longest))
        train = tfidf.fit_transform(split.train["text"])
        test = tfidf.transform(split.test["text"])
        names = list(tfidf.get_feature_names_out())
        self.log_metric("dimensions", len(names))
        self.dump(Vectors(train, test, names))
