"""A comparison as text: LaTeX, Markdown, and all of its numbers as CSV. Writes no file."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from io import StringIO

from labkart.records.seeds import Group
from labkart.results.report import rounding
from labkart.results.report.table import Line, ReportTable
from labkart.table import Column

# Set before a table that is compiled alone: in the body of a document `\@nodocument` is not there any more.
_ALONE = r"""\expandafter\ifx\csname @nodocument\endcsname\relax\else
  \documentclass{article}
  \usepackage{booktabs}
  \ifdefined\directlua\usepackage{luatexja}\fi
  \pagestyle{empty}
  \def\labkartend{\end{document}}
  \begin{document}
\fi"""
_END = r"\ifdefined\labkartend\expandafter\labkartend\fi"

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
}
_MINUS = "\N{MINUS SIGN}"
_LATEX |= (
    {_MINUS: "$-$"}
    | {each: rf"\{each}" for each in "&%$#_{}"}
    | {"Δ": r"$\Delta$", "<": "$<$", ">": "$>$", "…": r"\dots{}"}
)


def caption(comparison: ReportTable) -> str:
    """The title, and what it was allowed not to have in common."""
    definition = comparison.definition
    title = definition.title or definition.name.replace("_", " ").replace("-", " ").capitalize()
    allowed = (
        f" Not the same in all runs, as allowed: {', '.join(definition.allow)}."
        if definition.allow
        else ""
    )
    return title.rstrip(".") + "." + allowed


def method(comparison: ReportTable) -> str:
    """How the numbers were made, and what that assumes."""
    definition = comparison.definition
    assumed = {
        "t": "Student's t, which takes the runs as independent and normally distributed",
        "bootstrap": "percentile bootstrap of 9,999 resamples, which is too narrow for few runs",
    }
    said = [
        f"n: runs, over {', '.join(comparison.ranking.seeds)}; mean ± standard deviation of the sample (n - 1);",
        f"{level(definition.level)} confidence interval of the mean ({assumed[definition.interval]}).",
        "Best mean in bold."
        if any(line.best for lines in comparison.lines.values() for line in lines)
        else "",
    ]
    if comparison.baseline and definition.test != "none":
        pairs = "item by item (means over the seeds)" if definition.items else "seed by seed"
        said.append(
            f"Δ: mean difference to the baseline ({_called(comparison, comparison.baseline)}), {pairs}."
        )
        if comparison.tests:
            many = f", Holm-corrected for {comparison.tests} tests" if comparison.tests > 1 else ""
            said.append(f"p: {_TESTS[definition.test]}{many};")
            said.append(f"d: {_EFFECTS[definition.test]}.")
        lines = [line for lines in comparison.lines.values() for line in lines]
        why = dict.fromkeys(line.paired.why for line in lines if line.paired and line.paired.why)
        said += [f"No test: {'; '.join(why)}."] if why else []
    if any(line.deviation == 0 for lines in comparison.lines.values() for line in lines):
        said.append(
            "Where the deviation is 0 all runs gave the same: there is no interval, and n says little."
        )
    return " ".join(filter(None, said))


_TESTS = {
    "t": "two-sided paired t-test, which takes the differences as normally distributed",
    "wilcoxon": "two-sided Wilcoxon signed-rank test, which takes the differences as symmetric",
}
_EFFECTS = {
    "t": "Cohen's d of the differences",
    "wilcoxon": "matched-pairs rank-biserial correlation",
}


def latex(comparison: ReportTable) -> str:
    """A table in a float, to be compiled alone or by `\\input` where the preamble has `\\usepackage{booktabs}`."""
    head, sections = _cells(comparison, lambda text: _macro("textbf", text), _tex)
    columns = "l" * len(comparison.settings) + "r" * (len(head) - len(comparison.settings))
    lines = [
        _ALONE,
        r"\begin{table}[htbp]",
        r"\centering",
        _macro("caption", _tex(caption(comparison))),
    ]
    lines += [
        _macro("label", f"tab:{comparison.definition.name}"),
        _macro("begin", "tabular", columns),
        r"\toprule",
    ]
    lines += [" & ".join(head) + r" \\"]
    for name, rows in sections:
        lines += [r"\midrule"]
        lines += (
            [_macro("multicolumn", len(head), "l", _macro("textit", name)) + r" \\"]
            if len(sections) > 1
            else []
        )
        # After a line's end LaTeX would take `[64, 64]` for a distance, and a star for a variant.
        lines += ["{}" * row[0].startswith(("[", "*")) + " & ".join(row) + r" \\" for row in rows]
    lines += [r"\bottomrule", r"\end{tabular}", "", r"\medskip"]
    lines += [
        _macro("parbox", r"0.95\linewidth", rf"\footnotesize {_tex(method(comparison))}"),
        r"\end{table}",
    ]
    return "\n".join([*lines, _END, ""])


def _macro(name: str, *given: object) -> str:
    """`\\name{given}{given}`, made without doubled braces, which Jinja would take for its own."""
    return f"\\{name}" + "".join("{" + str(each) + "}" for each in given)


def markdown(comparison: ReportTable) -> str:
    """A table for a page, or for a pull request."""
    head, sections = _cells(comparison, lambda text: f"**{text}**", _md)
    lines = [f"### {_md(caption(comparison))}", ""]
    for name, rows in sections:
        lines += [f"_{name}_", ""] if len(sections) > 1 else []
        rule = ["---"] * len(comparison.settings) + ["---:"] * (
            len(head) - len(comparison.settings)
        )
        lines += [f"| {' | '.join(row)} |" for row in (head, rule, *rows)] + [""]
    return "\n".join([*lines, _md(method(comparison)), ""])


def columns(comparison: ReportTable) -> Iterator[tuple[str, list[Column]]]:
    """By metric the table for a terminal, the best first."""
    head, sections = _cells(comparison, str, str)
    for name, rows in sections:
        yield name if len(sections) > 1 else "", list(map(Column, head, zip(*rows, strict=True)))


def values(comparison: ReportTable) -> str:
    """All numbers, unrounded: a line a group and metric."""
    written = StringIO()
    writer = csv.writer(written, lineterminator="\n")
    names = [
        "n",
        "mean",
        "deviation",
        "low",
        "high",
        "best",
        "difference",
        "p",
        "p_holm",
        "effect",
        "pairs",
        "no_test",
    ]
    writer.writerow(["metric", *comparison.settings, *names])
    for metric, lines in comparison.lines.items():
        for line in lines:
            low, high = (line.interval.low, line.interval.high) if line.interval else ("", "")
            row = [
                metric,
                *line.group.settings.values(),
                len(line.values),
                line.mean,
                line.deviation,
                low,
                high,
            ]
            row += [int(line.best)]
            row += [line.paired.difference, line.paired.p, line.p] if line.paired else ["", "", ""]
            row += (
                [line.paired.effect, line.paired.pairs, line.paired.why]
                if line.paired
                else ["", "", ""]
            )
            writer.writerow(["" if each is None else each for each in row])
    return written.getvalue()


def _cells(
    comparison: ReportTable, bold: Callable[[str], str], safe: Callable[[str], str]
) -> tuple[list[str], list[tuple[str, list[list[str]]]]]:
    """The head of the table, and by metric its rows."""
    label = comparison.definition.label
    around = f"{level(comparison.definition.level)} interval"
    tested = comparison.baseline is not None and comparison.definition.test != "none"
    alone = next(iter(comparison.lines)) if len(comparison.lines) == 1 else "mean"
    head = [
        *map(label, comparison.settings),
        "n",
        label(alone),
        around,
        *(("Δ", "p", "d") if tested else ()),
    ]
    sections = list[tuple[str, list[list[str]]]]()
    for metric, lines in comparison.lines.items():
        rows = list[list[str]]()
        for line in lines:
            cells = [label(each) for each in line.group.settings.values()]
            mean, interval = _spread(line)
            mean = bold(safe(mean)) if line.best else safe(mean)
            rest = [safe(each) for each in (interval, *(_tested(line) if tested else ()))]
            rows.append([*map(safe, cells), str(len(line.values)), mean, *rest])
        sections.append((safe(label(metric)), rows))
    return [safe(each) for each in head], sections


def _spread(line: Line) -> tuple[str, str]:
    """The mean with its deviation, and the interval, rounded by the deviation."""
    if line.mean is None:
        return "-", "-"
    places = rounding.decimals(line.deviation or 0.0)
    if places is None:
        same = " ± 0" if line.deviation == 0 else ""
        return rounding.plain(line.mean) + same, "-"
    text = [rounding.rounded(each, places) for each in (line.mean, line.deviation or 0.0)]
    around = line.interval
    ends = [rounding.rounded(each, places) for each in (around.low, around.high)] if around else []
    return " ± ".join(text), f"[{', '.join(ends)}]" if ends else "-"


def _tested(line: Line) -> list[str]:
    if line.paired is None or not line.paired.pairs:
        return ["", "", ""]
    difference, around = line.paired.difference, line.paired.interval
    places = rounding.decimals((around.high - around.low) / 2 if around else 0.0)
    text = rounding.plain(difference) if places is None else rounding.rounded(difference, places)
    text = f"+{text}" if difference > 0 else text
    p, effect = line.p, line.paired.effect
    return [
        text,
        "-" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}",
        "-" if effect is None else f"{effect:.2f}",
    ]


def _called(comparison: ReportTable, group: Group) -> str:
    label = comparison.definition.label
    return ", ".join(f"{label(name)} {label(value)}" for name, value in group.settings.items())


def _tex(text: str) -> str:
    return "".join(_LATEX.get(each, each) for each in _signed(text))


def _md(text: str) -> str:
    return re.sub(r"([\\|*_<>`\[\]])", r"\\\1", _signed(text))


def _signed(text: str) -> str:
    """With a minus sign before numbers, where a hyphen is."""
    return re.sub(r"(?<![\w.])-(?=[\d.])", _MINUS, text)


def level(share: float) -> str:
    """A confidence level as print shows it."""
    return f"{100 * share:g}%"


def groups_told(comparison: ReportTable) -> Sequence[str]:
    """How each group is called in a figure."""
    return [_called(comparison, group) or "all" for group in comparison.groups]
