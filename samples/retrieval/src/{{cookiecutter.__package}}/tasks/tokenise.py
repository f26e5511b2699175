"""Stage 1: from texts in English and Japanese to tokens."""

import re

import pandas as pd
from labkart import DataFile, Task

Tokens = dict[str, list[str]]

_WORD = re.compile(r"[a-z0-9]+|[\u3040-\u30ff\u3400-\u9fff々ー]+")


class Tokenise(Task[Tokens]):
    """Tokenise each text of a table with the columns `id` and `text`; the output is by id."""

    file: DataFile = DataFile()

    def run(self) -> None:
        table = pd.read_csv(self.file, sep="\t", dtype=str)
        self.log_metric("texts", len(table))
        self.dump(dict(zip(table["id"], map(tokenise, table["text"]), strict=True)))


def tokenise(text: str) -> list[str]:
    """English words in lower case, and pairs of neighbouring Japanese characters."""
    tokens: list[str] = []
    for word in _WORD.findall(text.lower()):
        if word.isascii():
            tokens.append(word)
        else:
            tokens += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
    return tokens
