"""Stage 3: from an index and topics to a run, the ranked documents of each topic."""

import numpy as np
from gokart import TaskInstanceParameter
from gokart.file_processor import TextFileProcessor
from labkart import Task
from luigi import IntParameter, StrParameter

from .index import IndexTask
from .tokenise import Tokenise


class Retrieve(Task[list[str]]):
    """Rank the documents for each topic; the output is a run file in TREC's format."""

    index: TaskInstanceParameter[IndexTask] = TaskInstanceParameter(expected_type=IndexTask)
    topics: TaskInstanceParameter[Tokenise] = TaskInstanceParameter(expected_type=Tokenise)
    depth: IntParameter = IntParameter()
    tag: StrParameter = StrParameter()

    def output(self):
        return self.make_target("ranking.trec", processor=TextFileProcessor())

    def run(self) -> None:
        index = self.load(self.index)
        lines: list[str] = []
        for topic, tokens in self.load(self.topics).items():
            scores = index.scores(tokens)
            best = np.argsort(-scores, kind="stable")[: self.depth]
            lines += [
                f"{topic} Q0 {index.ids[place]} {rank} {scores[place]:.6f} {self.tag}"
                for rank, place in enumerate(best, start=1)
            ]
        self.dump(lines)
