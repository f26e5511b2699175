"""Writes the pages on the rules from the rules themselves; the tests compare."""

from collections.abc import Iterator

from labkart.check.rules import RULES
from labkart.language import speaking
from tests.support.bake import TEMPLATE

PAGES = {language: TEMPLATE / "docs" / language / "rules.md" for language in ("en", "ja")}

_INTRODUCTION = {
    "en": """\
# The rules

`labkart check` says where one of these rules is broken, and what to do. CI and `pre-commit` run it. `labkart check <rule>` checks one rule, and `labkart check --list` prints what this page says. It takes about as long as the import of your pipeline. What `ruff check` finds, such as `print()`, `mlflow.start_run()` and files that are not Python, is not repeated here.

Write an exception where it is made, with its reason: a comment `# labkart: allow <rule>: <reason>` on the line or above it. For a file without such comments there is a table in `pyproject.toml`:

```toml
[[tool.labkart.allow]]
rule = "large-file"
path = "reports/poster.pdf"
reason = "the printer needs it as it is"
```""",
    "ja": """\
# 規則

`labkart check` は、どの規則がどこで破られていて、どう直せばよいかを示します。CI と `pre-commit` も同じものを実行します。一つの規則だけを調べるには `labkart check <規則>`、このページと同じ内容を読むには `labkart check --list` を使います。パイプラインの import と同じくらいの時間がかかります。`ruff check` が見つけるもの (`print()`、`mlflow.start_run()`、Python として読めないファイルなど) はここにはありません。

例外は、その場所に理由とともに書きます。その行か上の行に `# labkart: allow <規則>: <理由>` というコメントを書いてください。このようなコメントを書けないファイルについては、`pyproject.toml` に表を書きます。

```toml
[[tool.labkart.allow]]
rule = "large-file"
path = "reports/poster.pdf"
reason = "印刷所がこの形を求めるため"
```""",
}  # fmt: skip
_HEADS = {"en": ("Why", "What to do"), "ja": ("理由", "直し方")}


def page(language: str) -> str:
    """The page in a language."""
    with speaking(language):
        return "\n\n".join([_INTRODUCTION[language], *_sections(*_HEADS[language])]) + "\n"


def _sections(why: str, remedy: str) -> Iterator[str]:
    for rule in RULES:
        yield f"## `{rule.id}`"
        yield rule.text("sentence")
        yield f"- {why}: {rule.text('reason')}\n- {remedy}: {rule.text('fix')}"


if __name__ == "__main__":
    for name, file in PAGES.items():
        file.write_text(page(name), encoding="utf-8")
