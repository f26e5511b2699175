"""An experiment's pipeline as a drawing: a box per task, in columns from left to right.

Records in, one SVG text out. Reads no file and knows no MLflow.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from html import escape

from rich.cells import cell_len

from labkart.language import bilingual
from labkart.records.record import ExperimentRecord, TaskRecord, TaskRun

COLOURS = {  # of a box, and of its frame and text
    "dynamic": ("#ffffff", "#6f6787"),
    "cached": ("#f3f6fa", "#5c708a"),
    "ran": ("#ebf6f2", "#1f7a64"),
    "not run": ("#ffffff", "#6b7480"),
    "done": ("#ebf6f2", "#1f7a64"),
    "missing": ("#fbf5e6", "#8a6415"),
    "changed": ("#fdefeb", "#b93a24"),
    "pruned": ("#fbf5e6", "#8a6415"),
    "failed": ("#fdefeb", "#b93a24"),
}
_INK, _PALE, _LINE = "#1f2933", "#5b6672", "#94a0af"
_MARGIN, _TOP, _HEIGHT, _GAP, _ROW, _LANE = 32, 96, 56, 72, 80, 8  # pixels
_LONGEST = 40  # characters of a label
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Letters of one width, so that a text's width is known.
_PAGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" font-family="ui-monospace, Menlo, Consolas, monospace">
<marker id="tip" refX="7" refY="4" markerWidth="8" markerHeight="8" \
markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5L8 4L0 7.5z" fill="{line}"/></marker>
<rect width="100%" height="100%" fill="#ffffff"/>
{content}
</svg>
"""


@dataclass
class _Box:
    """A task on the page, which may be known only by its key.

    Attributes:
        run: its part in the experiment.
        record: what it left behind, if anything.
        upstream: the keys of the tasks that it needs; True if only its `run()` asked for one.
        column: its depth in the pipeline.
        x, y: its upper left corner.
    """

    run: TaskRun
    record: TaskRecord | None = None
    upstream: dict[str, bool] = field(default_factory=dict)
    column: int = 0
    x: int = 0
    y: int = 0

    @property
    def label(self) -> str:
        label = self.run.label
        return label if len(label) <= _LONGEST else f"{label[:26]}…{label[-13:]}"

    @property
    def time(self) -> str:
        """What the task took, also if that was earlier; what it may take if it is still to run."""
        if self.run.state in ("ran", "failed", "pruned"):
            return duration(self.run.seconds)
        if self.run.state in ("missing", "changed"):
            return f"about {duration(self.run.seconds)}" if self.run.seconds else ""
        is_done = self.run.state in ("cached", "done")
        return duration(self.record.wall_seconds) if self.record and is_done else ""

    @property
    def width(self) -> int:
        return 40 + max(9 * cell_len(self.label), 8 * cell_len(f"● {self.run.state} {self.time}"))


def svg(
    experiment: ExperimentRecord,
    records: Iterable[tuple[TaskRun, TaskRecord]],
    upstream: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Draw an experiment's tasks, and which one needs which.

    Args:
        experiment: its record; the tasks that it names are drawn.
        records: the tasks that left a record, which says what they need.
        upstream: by a task's key the keys of those that it needs, for tasks without a record.
    """
    boxes = {f"{run.name}_{run.id}": _Box(run) for run in experiment.tasks}
    boxes |= {record.key: _Box(run, record) for run, record in records}
    for key, box in list(boxes.items()):
        _connect(boxes, box, (upstream or {}).get(key, ()))
    width = max((box.width for box in boxes.values()), default=0)
    lanes = _lanes(boxes)
    _place(boxes, width, _TOP + _LANE * len(lanes))
    title = " ".join(" ".join(experiment.overrides).split())[:80] or "defaults"
    about = f"{experiment.project} · experiment {experiment.id[:6]} · {experiment.status}"
    content = [_text(_MARGIN, 46, 18, title), _text(_MARGIN, 68, 12, about, _PALE)]
    for box in boxes.values():
        for key, is_dynamic in box.upstream.items():
            content.append(_edge(boxes[key], box, width, lanes.get(key, 0), is_dynamic))
    content += [_task(box, width) for box in boxes.values()]
    right = max((box.x + width for box in boxes.values()), default=0)
    right = max(right, _MARGIN + 12 * cell_len(title), _MARGIN + 8 * cell_len(about))
    bottom = max((box.y + _HEIGHT for box in boxes.values()), default=_TOP)
    return _PAGE.format(
        width=right + _MARGIN, height=bottom + _MARGIN, line=_LINE, content="\n".join(content)
    )


def duration(seconds: float) -> str:
    """A time as a person says it: 0.9 s, 12 min, 1.5 h; `local` translates it."""
    if seconds < 59.5:
        return bilingual("{number} s", number=_short_number(seconds))
    if seconds < 3570:
        return bilingual("{number} min", number=_short_number(seconds / 60))
    return bilingual("{number} h", number=_short_number(seconds / 3600))


def _short_number(number: float) -> str:
    return f"{number:,.{1 if number < 9.95 else 0}f}"


def _connect(boxes: dict[str, _Box], box: _Box, upstream: Sequence[str]) -> None:
    """Note what a task needs, and add the tasks that its `run()` asked for."""
    dynamic = box.record.dynamic_upstream if box.record else []
    for key in dynamic:
        name, _, id = key.rpartition("_")
        boxes.setdefault(key, _Box(TaskRun(name, name, id, "dynamic")))
    needed = [*(box.record.upstream if box.record else ()), *upstream]
    connections = dict.fromkeys(dynamic, True) | dict.fromkeys(needed, False)
    box.upstream = {key: value for key, value in connections.items() if key in boxes}


def _lanes(boxes: Mapping[str, _Box]) -> dict[str, int]:
    """Put each task into the column after those that it needs.

    Returns:
        Where lines that pass a column go, above all boxes, by the key of the box that they leave.
    """
    graph = {key: box.upstream for key, box in boxes.items()}
    for key in TopologicalSorter(graph).static_order():
        boxes[key].column = max((boxes[up].column + 1 for up in graph[key]), default=0)
    keys = dict.fromkeys(
        up for box in boxes.values() for up in box.upstream if box.column - boxes[up].column > 1
    )
    return {key: _TOP + _LANE * count for count, key in enumerate(keys)}


def _place(boxes: Mapping[str, _Box], width: int, top: int) -> None:
    """Give each box its corner; the boxes of a column are centred."""
    sizes = Counter(box.column for box in boxes.values())
    tallest = max(sizes.values(), default=0)
    rows = Counter[int]()
    for box in boxes.values():
        row = rows[box.column] + (tallest - sizes[box.column]) / 2
        rows[box.column] += 1
        box.x, box.y = _MARGIN + box.column * (width + _GAP), round(top + row * _ROW)


def _edge(start: _Box, end: _Box, width: int, lane: int, is_dynamic: bool) -> str:
    """A line between two boxes: one curve, or up to a lane, along it and down again."""
    x1, y1, x2, y2 = start.x + width, start.y + _HEIGHT // 2, end.x, end.y + _HEIGHT // 2
    half = _GAP // 2
    curve = f"M{x1} {y1}C{x1 + half} {y1} {x2 - half} {y2} {x2} {y2}"
    if end.column - start.column > 1:
        up = f"M{x1} {y1}C{x1 + half} {y1} {x1} {lane} {x1 + half} {lane}"
        curve = f"{up}H{x2 - half}C{x2} {lane} {x2 - half} {y2} {x2} {y2}"
    dashes = ' stroke-dasharray="5 4"' if is_dynamic else ""
    title = f"<title>{_escaped(f'{start.label} → {end.label}')}</title>"
    line = f'fill="none" stroke="{_LINE}" stroke-width="1.5" marker-end="url(#tip)"{dashes}'
    return f'<path d="{curve}" {line}>{title}</path>'


def _task(box: _Box, width: int) -> str:
    """A box with a task's label, state and time; to point at it shows its whole name."""
    state, x, y = box.run.state, box.x + 16, box.y + 45
    fill, frame = COLOURS[state]
    dashes = ' stroke-dasharray="4 3"' if state in ("dynamic", "not run") else ""
    lines = [
        f"<g><title>{_escaped(f'{box.run.label}: {box.run.name}_{box.run.id}')}</title>",
        f'<rect x="{box.x}" y="{box.y}" width="{width}" height="{_HEIGHT}" rx="10"'
        f' fill="{fill}" stroke="{frame}"{dashes}/>',
        _text(x, box.y + 24, 13, box.label),
        _text(x, y, 12, f"● {state}", frame),
        _text(box.x + width - 16 - 8 * cell_len(box.time), y, 12, box.time, _PALE),
    ]
    return "".join([*lines, "</g>"])


def _text(x: int, y: int, size: int, text: str, fill: str = _INK) -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}">{_escaped(text)}</text>'


def _escaped(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))
