"""An experiment's pipeline as a drawing: a box per task, in columns from left to right.

Records in, one SVG text out. Reads no file and knows no MLflow.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from math import ceil
from xml.etree import ElementTree as ET

from rich.cells import cell_len

from labkart.language import bilingual
from labkart.records.record import ExperimentRecord, TaskRecord, TaskRun

COLOURS = {  # of a box, and of its frame and text; the most urgent state last
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
_AHEAD = ("missing", "changed")
_INK, _PALE, _LINE = "#1f2933", "#5b6672", "#94a0af"
_MARGIN, _TOP, _HEIGHT, _GAP, _ROW, _LANE = 32, 112, 56, 72, 80, 8  # pixels
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(eq=False)
class _Box:
    """A task on the page, which may be known only by its key.

    Attributes:
        run: its part in the experiment.
        record: what it left behind, if anything.
        upstream: the keys of the tasks that it needs; True if only its `run()` asked for one.
        recorded: whether it is known what it needs.
        column: its depth in the pipeline.
        x, y: its upper left corner.
    """

    run: TaskRun
    record: TaskRecord | None
    upstream: dict[str, bool] = field(default_factory=dict)
    recorded: bool = True
    column: int = 0
    x: int = 0
    y: int = 0

    @property
    def label(self) -> str:
        label = self.run.label
        return f"{label[:26]}…{label[-13:]}" if len(label) > 40 else label

    @property
    def time(self) -> str:
        """What the task took, also if that was earlier; what it may take if it is still to run."""
        if self.run.state in ("ran", "failed", "pruned"):
            return duration(self.run.seconds)
        if self.run.state in _AHEAD:
            return f"about {duration(self.run.seconds)}" if self.run.seconds else ""
        done = self.record and self.run.state in ("cached", "done")
        return duration(self.record.wall_seconds) if self.record and done else ""

    @property
    def width(self) -> int:
        state_and_time = 60 + 8 * (_letters(self.run.state) + _letters(self.time))
        return max(136, ceil(32 + 9 * _letters(self.label)), ceil(state_and_time))

    @property
    def hover(self) -> str:
        lines = [f"{self.run.name}_{self.run.id}", self.run.state]
        params = list(self.record.params.items()) if self.record else []
        lines += [_short(f"{name} = {value}") for name, value in params[:12]]
        lines += ["..."] if len(params) > 12 else []
        if self.time:
            lines.append(f"{'will take' if self.run.state in _AHEAD else 'took'} {self.time}")
        if self.record:
            lines.append(f"peak memory {self.record.peak_memory_mb:,.0f} MiB")
        return "\n".join(lines)


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
    boxes = {f"{run.name}_{run.id}": _Box(run, None) for run in experiment.tasks}
    boxes |= {record.key: _Box(run, record) for run, record in records}
    _connect(boxes, upstream or {})
    return _text(experiment, boxes)


def duration(seconds: float) -> str:
    """A time as a person says it: 0.9 s, 12 min, 1.5 h; `local` translates it."""
    if seconds < 59.5:
        return bilingual("{number} s", number=_short_number(seconds))
    if seconds < 3570:
        return bilingual("{number} min", number=_short_number(seconds / 60))
    return bilingual("{number} h", number=_short_number(seconds / 3600))


def _short_number(number: float) -> str:
    return f"{number:,.{1 if number < 9.95 else 0}f}"


def _connect(boxes: dict[str, _Box], upstream: Mapping[str, Sequence[str]]) -> None:
    """Note what each task needs, and add the tasks that a `run()` asked for."""
    for key, box in list(boxes.items()):
        dynamic = box.record.dynamic_upstream if box.record else []
        needed = [*(box.record.upstream if box.record else ()), *upstream.get(key, ())]
        for other in dynamic:
            name, _, id = other.rpartition("_")
            boxes.setdefault(other, _Box(TaskRun(name, name, id, "dynamic"), None))
        box.upstream = dict.fromkeys(dynamic, True) | dict.fromkeys(needed, False)
        box.recorded = box.record is not None or key in upstream
    for box in boxes.values():
        box.upstream = {key: dynamic for key, dynamic in box.upstream.items() if key in boxes}


def _place(boxes: Mapping[str, _Box], width: int) -> list[_Box]:
    """Put each box into the column after those that it needs.

    Returns:
        Boxes that are joined with nothing, below the columns: what they need is not recorded.
    """
    needed = {key for box in boxes.values() for key in box.upstream}
    alone = [box for key, box in boxes.items() if not box.recorded and key not in needed]
    apart = set(alone)
    for key in TopologicalSorter({key: box.upstream for key, box in boxes.items()}).static_order():
        boxes[key].column = max((boxes[up].column + 1 for up in boxes[key].upstream), default=0)
    joined = [box for box in boxes.values() if box not in apart]
    sizes = Counter(box.column for box in joined)
    tallest, top = max(sizes.values(), default=0), _TOP + _LANE * len(_lanes(boxes))
    rows: Counter[int] = Counter()
    for box in joined:
        row = rows[box.column] + (tallest - sizes[box.column]) / 2  # columns are centred
        rows[box.column] += 1
        box.x, box.y = _MARGIN + box.column * (width + _GAP), round(top + row * _ROW)
    for count, box in enumerate(alone):
        row, column = divmod(count, max(5, len(sizes)))
        box.x, box.y = _MARGIN + column * (width + _GAP), top + (tallest + row) * _ROW + 48
    return alone


def _lanes(boxes: Mapping[str, _Box]) -> dict[str, int]:
    """Where lines that pass a column go, above all boxes, by the key of the box that they leave."""
    keys = dict.fromkeys(
        up for box in boxes.values() for up in box.upstream if box.column - boxes[up].column > 1
    )
    return {key: _TOP + _LANE * count for count, key in enumerate(keys)}


def _line(start: _Box, end: _Box, width: int, lane: int) -> str:
    """An edge as an SVG path: one curve, or up to a lane, along it and down again."""
    x1, y1, x2, y2 = start.x + width, start.y + _HEIGHT // 2, end.x, end.y + _HEIGHT // 2
    half = _GAP // 2
    if end.column - start.column == 1:
        return f"M{x1} {y1}C{x1 + half} {y1} {x2 - half} {y2} {x2} {y2}"
    up = f"M{x1} {y1}C{x1 + half} {y1} {x1} {lane} {x1 + half} {lane}"
    return f"{up}H{x2 - half}C{x2} {lane} {x2 - half} {y2} {x2} {y2}"


def _text(experiment: ExperimentRecord, boxes: Mapping[str, _Box]) -> str:
    width = max((box.width for box in boxes.values()), default=0)
    alone = _place(boxes, width)
    title = _short(" ".join(experiment.overrides) or "defaults")
    about = f"{experiment.project} · experiment {experiment.id[:6]} · {experiment.status}"
    right = max((box.x + width for box in boxes.values()), default=0)
    page_width = max(right, 12 * _letters(title), 8 * _letters(about), 416) + 2 * _MARGIN
    bottom = max((box.y + _HEIGHT for box in boxes.values()), default=_TOP)
    root = _page(ceil(page_width), bottom + _MARGIN, f"Pipeline of {about}")
    _add(root, "text", title, x=_MARGIN, y=46, font_size=18, font_weight=600)
    _add(root, "text", about, x=_MARGIN, y=68, font_size=12.5, fill=_PALE)
    _add_counts(root, Counter(box.run.state for box in boxes.values()))
    if alone:
        words = "Never ran, so what these need is not recorded:"
        _add(root, "text", words, x=_MARGIN, y=alone[0].y - 20, font_size=12.5, fill=_PALE)
    lanes = _lanes(boxes)
    for box in boxes.values():
        for key, asked in box.upstream.items():
            _add_edge(
                root, boxes[key], box, asked, _line(boxes[key], box, width, lanes.get(key, 0))
            )
    for box in boxes.values():
        _add_box(root, box, width)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _page(width: int, height: int, title: str) -> ET.Element:
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg"})
    root.attrib |= {"viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height)}
    root.attrib |= {"font-family": "system-ui, sans-serif", "fill": _INK}
    _add(root, "title", title)
    marker = _add(root, "marker", id="tip", refX=7, refY=4, markerWidth=8, markerHeight=8)
    marker.attrib |= {"markerUnits": "userSpaceOnUse", "orient": "auto"}
    _add(marker, "path", d="M0 0.5L8 4L0 7.5z", fill=_LINE)
    _add(root, "rect", width="100%", height="100%", rx=12, fill="#ffffff")
    return root


def _add_counts(root: ET.Element, states: Mapping[str, int]) -> None:
    """How many tasks are in each state."""
    counts = _add(root, "text", x=_MARGIN, y=94, font_size=12.5)
    for state in (state for state in COLOURS if states[state]):
        words, gap = f"● {states[state]:,} {state}", 14 if len(counts) else 0
        _add(counts, "tspan", words, fill=COLOURS[state][1], dx=gap)


def _add_edge(root: ET.Element, start: _Box, end: _Box, asked: bool, line: str) -> None:
    edge = _add(root, "path", d=line, fill="none", stroke=_LINE, stroke_width=1.5)
    edge.attrib |= {"marker-end": "url(#tip)"} | ({"stroke-dasharray": "5 4"} if asked else {})
    words = f"{start.label} → {end.label}"
    _add(edge, "title", f"{words}, asked by run()" if asked else words)


def _add_box(root: ET.Element, box: _Box, width: int) -> None:
    state = box.run.state
    fill, frame = COLOURS[state]
    group = _add(root, "g")
    _add(group, "title", box.hover)
    frame_of_box = _add(group, "rect", x=box.x, y=box.y, width=width, height=_HEIGHT, rx=10)
    frame_of_box.attrib |= {"fill": fill, "stroke": frame}
    frame_of_box.attrib |= {"stroke-dasharray": "4 3"} if state in ("dynamic", "not run") else {}
    left, right, line = box.x + 16, box.x + width - 16, box.y + 45
    _add(group, "text", box.label, x=left, y=box.y + 24, font_size=13.5, font_weight=600)
    _add(group, "text", f"● {state}", x=left, y=line, font_size=12, fill=frame)
    _add(group, "text", box.time, x=right, y=line, text_anchor="end", font_size=12, fill=_PALE)


def _add(parent: ET.Element, tag: str, text: str = "", **attributes: object) -> ET.Element:
    element = ET.SubElement(
        parent, tag, {name.replace("_", "-"): str(value) for name, value in attributes.items()}
    )
    element.text = _NOT_XML.sub("\ufffd", text) or None
    return element


def _short(text: str) -> str:
    return " ".join(text[:80].split()) + ("…" if len(text) > 80 else "")


def _letters(text: str) -> float:
    """A text's width in letters, rather too wide than too narrow: the reader's font is unknown."""
    broad = sum(letter in "mwMW@%" for letter in text)
    return cell_len(text) + 0.5 * broad + 0.2 * sum(letter.isupper() for letter in text)
