"""An experiment's pipeline as a drawing: records in, one SVG text out. Reads no file and knows no MLflow."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from unicodedata import east_asian_width
from xml.etree import ElementTree as ET

from labkart.records.record import ExperimentRecord, TaskRecord, TaskRun
from labkart.tracking.layout import MARGIN, Edges, Layout, columns

_MOST_TASKS, _MOST_LINES = 300, 1500  # beyond these nobody can follow a line: a box a class then
COLOURS = {  # of a box, and of its frame and words; the most urgent state last
    "asked": ("#ffffff", "#6f6787"),
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
_FORBIDDEN = re.compile(
    "[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # in XML even where escaped


@dataclass
class _Box:
    """A task or a class of tasks. `lines` are states and their words, `recorded` whether what it needs is known."""

    label: str
    lines: list[tuple[str, str]]
    time: str
    hover: list[str]
    recorded: bool

    @property
    def height(self) -> int:
        return 36 + 20 * len(self.lines)

    @property
    def width(self) -> int:
        words = max(_width(words) for _, words in self.lines)
        return max(
            136, ceil(32 + 9 * _width(self.label)), ceil(60 + 8 * (words + _width(self.time)))
        )


def svg(
    experiment: ExperimentRecord,
    records: Iterable[tuple[TaskRun, TaskRecord]],
    upstream: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Draw an experiment's tasks, and which led to which as far as their records, or `upstream`, tell.

    A task of which neither tells stands apart. Of a large pipeline each class is a box; the drawing's title says so.
    """
    pairs = list(records)
    known = {record.key: record for _, record in pairs}
    uses = {f"{use.name}_{use.id}": use for use in (*experiment.tasks, *(use for use, _ in pairs))}
    for key in [key for record in known.values() for key in record.dynamic_upstream if key not in uses]:
        name, _, id = key.rpartition("_")
        uses[key] = TaskRun(name, name, id, "asked")
    edges = {(up, key): True for key in known for up in known[key].dynamic_upstream}
    above = {key: record.upstream for key, record in known.items()} | dict(upstream or {})
    edges |= {(up, key): False for key in above for up in above[key] if up in uses}
    place = columns(uses, edges)
    large = (
        len(uses) > _MOST_TASKS or sum(place[down] - place[up] for up, down in edges) > _MOST_LINES
    )
    groups, merged = defaultdict[str, list[str]](list), Edges()
    for key, use in uses.items():
        groups[use.name if large else key].append(key)
    for (up, down), asked in edges.items():
        pair = (uses[up].name, uses[down].name) if large else (up, down)
        merged[pair] = asked and merged.get(pair, True)
    boxes = {
        name: _box(
            [(key, uses[key], known.get(key)) for key in keys], any(key in above for key in keys)
        )
        for name, keys in groups.items()
    }
    joined = {key for up, down in merged if up != down for key in (up, down)}
    loose = [key for key, box in boxes.items() if not box.recorded and key not in joined]
    width = max((box.width for box in boxes.values()), default=0)
    layout = Layout({key: box.height for key, box in boxes.items()}, width, merged, loose)
    note = f"summary by class: {len(uses):,} tasks are too many to draw each" if large else ""
    return _text(experiment, note, Counter(use.state for use in uses.values()), boxes, layout)


def _box(tasks: Sequence[tuple[str, TaskRun, TaskRecord | None]], recorded: bool) -> _Box:
    (key, use, record), many = tasks[0], len(tasks) > 1
    states = Counter(use.state for _, use, _ in tasks)
    lines = [
        (state, f"{states[state]:,} {state}" if many else state)
        for state in COLOURS
        if states[state]
    ]
    ahead = [each for each in tasks if each[1].state in _AHEAD]
    took = [
        seconds
        for _, use, record in ahead or tasks
        if (seconds := _seconds(use, record)) is not None
    ]
    records = [record for _, _, record in tasks if record]
    hover = [f"{use.name}: {len(tasks):,} tasks"] if many else [key, use.state]
    if record and not many:
        hover += [_short(f"{name} = {value}") for name, value in list(record.params.items())[:12]]
        hover += ["..."] if len(record.params) > 12 else []
    time = f"{'about ' if ahead else ''}{duration(sum(took))}" if took else ""
    hover += [f"{'will take' if ahead else 'took'} {time}"] if took else []
    hover += (
        [f"peak memory {max(record.peak_memory_mb for record in records):,.0f} MiB"]
        if records
        else []
    )
    name = use.name if many else use.label
    label = (f"{name[:26]}…{name[-13:]}" if len(name) > 40 else name) + (
        f" ({len(tasks):,})" if many else ""
    )
    return _Box(label, lines, time, hover, recorded)


def _seconds(use: TaskRun, record: TaskRecord | None) -> float | None:
    """What the task took; a cached one when it ran; of one that is to run, what the last one of its kind took."""
    if use.state in ("ran", "failed", "pruned"):
        return use.seconds
    if use.state in _AHEAD:
        return use.seconds or None
    return record.wall_seconds if record and use.state in ("cached", "done") else None


def duration(seconds: float) -> str:
    """As a person says it: 0.9 s, 12 min, 1.5 h."""
    size, unit = (1, "s") if seconds < 59.5 else (60, "min") if seconds < 3570 else (3600, "h")
    return (
        f"{seconds / size:.1f} {unit}" if seconds / size < 9.95 else f"{seconds / size:,.0f} {unit}"
    )


def _short(text: str) -> str:
    return " ".join(text[:80].split()) + ("…" if len(text) > 80 else "")


def _width(text: str) -> float:
    """In letters, rather too wide than too narrow: the reader's font is not known."""
    wide, broad = (
        sum(east_asian_width(each) in "WF" for each in text),
        sum(each in "mwMW@%" for each in text),
    )
    return len(text) + wide + 0.5 * broad + 0.2 * sum(each.isupper() for each in text)


def _add(parent: ET.Element, tag: str, text: str = "", **attributes: object) -> ET.Element:
    element = ET.SubElement(
        parent, tag, {name.replace("_", "-"): str(value) for name, value in attributes.items()}
    )
    element.text = _FORBIDDEN.sub("\ufffd", text) or None
    return element


def _text(
    experiment: ExperimentRecord,
    note: str,
    states: Mapping[str, int],
    boxes: Mapping[str, _Box],
    layout: Layout,
) -> str:
    title = _short(" ".join(experiment.overrides) or "defaults")
    parts = experiment.project, f"experiment {experiment.id[:6]}", experiment.status, note
    about = " · ".join(part for part in parts if part)
    width, height = (
        ceil(max(layout.right, 64 + 12 * _width(title), 64 + 8 * _width(about), 480)),
        layout.bottom,
    )
    root = ET.Element(
        "svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}"}
    )
    root.attrib |= {
        "width": str(width),
        "height": str(height),
        "font-family": "system-ui, sans-serif",
        "fill": _INK,
    }
    _add(root, "title", f"Pipeline of {about}")
    marker = _add(root, "marker", id="tip", refX=7, refY=4, markerWidth=8, markerHeight=8)
    marker.attrib |= {"markerUnits": "userSpaceOnUse", "orient": "auto-start-reverse"}
    _add(marker, "path", d="M0 0.5L8 4L0 7.5z", fill=_LINE)
    _add(root, "rect", width="100%", height="100%", rx=12, fill="#ffffff")
    _add(root, "text", title, x=MARGIN, y=46, font_size=18, font_weight=600)
    _add(root, "text", about, x=MARGIN, y=68, font_size=12.5, fill=_PALE)
    counts = _add(root, "text", x=MARGIN, y=94, font_size=12.5)
    for state in (state for state in COLOURS if states[state]):
        _add(
            counts,
            "tspan",
            f"● {states[state]:,} {state}",
            fill=COLOURS[state][1],
            dx=14 if len(counts) else 0,
        )
    if layout.depth < len(layout.columns):
        y = layout.centres[layout.columns[layout.depth][0]] - 56
        words = "Never ran, so what these need is not recorded:"
        _add(root, "text", words, x=MARGIN, y=y, font_size=12.5, fill=_PALE)
    for (up, down), asked in layout.edges.items():
        end = "marker-end" if layout.at[up] < layout.at[down] else "marker-start"
        line = _add(
            root, "path", d=layout.line((up, down)), fill="none", stroke=_LINE, stroke_width=1.5
        )
        line.attrib |= {
            end: "url(#tip)",
            "stroke-linejoin": "round",
            **({"stroke-dasharray": "5 4"} if asked else {}),
        }
        words = f"{boxes[up].label} → {boxes[down].label}"
        _add(line, "title", f"{words}, asked by run()" if asked else words)
    for key, box in boxes.items():
        x, y = (
            layout.left[layout.at[key]],
            layout.centres[key, layout.at[key], False] - box.height // 2,
        )
        _draw(_add(root, "g"), box, x, round(y), layout.width)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _draw(group: ET.Element, box: _Box, x: int, y: int, width: int) -> None:
    fill, frame = COLOURS[box.lines[-1][0]]
    dashes = {"stroke_dasharray": "4 3"} if box.lines[-1][0] in ("asked", "not run") else {}
    _add(group, "title", "\n".join(box.hover))
    _add(
        group,
        "rect",
        x=x,
        y=y,
        width=width,
        height=box.height,
        rx=10,
        fill=fill,
        stroke=frame,
        **dashes,
    )
    _add(group, "text", box.label, x=x + 16, y=y + 24, font_size=13.5, font_weight=600)
    for count, (state, words) in enumerate(box.lines):
        _add(
            group,
            "text",
            f"● {words}",
            x=x + 16,
            y=y + 45 + 20 * count,
            font_size=12,
            fill=COLOURS[state][1],
        )
    time = {"x": x + width - 16, "y": y + box.height - 11, "text_anchor": "end"}
    _add(group, "text", box.time, font_size=12, fill=_PALE, **time)
