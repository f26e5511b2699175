"""What is English in a text that must be Japanese."""

import re

# Three words in a row. Commands are as one types them.
_SENTENCE = re.compile(r"[A-Za-z]{2,}(?: [a-z']{2,}){2,}")
_COMMAND = re.compile(r"labkart .*")
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def english_lines(text: str) -> list[str]:
    """The lines that have an English sentence, without the commands in them."""
    lines = [_COMMAND.sub("", line) for line in text.splitlines()]
    return list(filter(_SENTENCE.search, lines))
