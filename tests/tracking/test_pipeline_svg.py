"""The drawing of a pipeline says what the records say, and can be read."""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from labkart.records.record import ExperimentRecord, TaskRecord, TaskRun
from labkart.tracking import pipeline_svg
from tests.records.test_record import EXPERIMENT, TASK

SVG = "{http://www.w3.org/2000/svg}"
Pair = tuple[TaskRun, TaskRecord]


def ran(
    label: str, *upstream: str, state: str = "ran", seconds: float = 0.9, asked: Sequence[str] = ()
) -> Pair:
    """A task whose id is its number, as in `Train-2`; upstream tasks are given by their labels."""
    name, _, number = label.partition("-")
    use = TaskRun(label, name, number or "1", state, seconds)
    record = replace(
        TASK,
        name=name,
        id=use.id,
        upstream=[key(each) for each in upstream],
        dynamic_upstream=list(map(key, asked)),
    )
    return use, record


def never(label: str) -> TaskRun:
    name, _, number = label.partition("-")
    return TaskRun(label, name, number or "1", "not run")


def key(label: str) -> str:
    name, _, number = label.partition("-")
    return f"{name}_{number or '1'}"


def experiment(pairs: Sequence[Pair], *others: TaskRun) -> ExperimentRecord:
    return replace(EXPERIMENT, tasks=[*(use for use, _ in pairs), *others])


@dataclass
class Box:
    title: str
    words: list[str]
    x: float
    y: float
    width: float
    height: float
    frame: str

    @property
    def left(self) -> tuple[float, float]:
        return self.x, self.y + self.height / 2

    @property
    def right(self) -> tuple[float, float]:
        return self.x + self.width, self.y + self.height / 2


class Drawing:
    """What a reader finds in the text: boxes by their label, edges by the labels at their ends."""

    def __init__(self, pairs: Sequence[Pair], *others: TaskRun) -> None:
        self.text = pipeline_svg.svg(experiment(pairs, *others), pairs)
        self.root = ET.fromstring(self.text)
        self.boxes: dict[str, Box] = {}
        self.all: list[Box] = []
        for group in self.root.iter(f"{SVG}g"):
            rect = group.find(f"{SVG}rect")
            assert rect is not None
            words = [text.text or "" for text in group.iter(f"{SVG}text")]
            corners = [float(rect.attrib[name]) for name in ("x", "y", "width", "height")]
            box = Box(
                group.findtext(f"{SVG}title") or "", words, *corners, frame=rect.attrib["stroke"]
            )
            self.boxes[words[0]] = box
            self.all.append(box)
        self.lines = {
            tuple((line.findtext(f"{SVG}title") or "").split(" → ")): line
            for line in self.root.findall(f"{SVG}path")
        }

    def ends(self, up: str, down: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
        numbers = list(map(float, re.findall(r"[\d.]+", self.lines[up, down].attrib["d"])))
        return tuple(numbers[:2]), tuple(numbers[-2:])

    def is_sound(self) -> None:
        """No box lies on another or outside of the page, each edge begins and ends at its boxes."""
        width, height = (float(self.root.attrib[name]) for name in ("width", "height"))
        for box in self.all:
            assert (
                box.x >= 0
                and box.y >= 0
                and box.x + box.width <= width
                and box.y + box.height <= height
            )
        for one, other in combinations(self.all, 2):
            beside = one.x + one.width < other.x or other.x + other.width < one.x
            assert beside or one.y + one.height < other.y or other.y + other.height < one.y, (
                one,
                other,
            )
        for up, down in self.lines:
            assert self.ends(up, down) == (self.boxes[up].right, self.boxes[down].left), (up, down)


def chain(length: int) -> list[Pair]:
    return [
        ran(f"Step-{at}", *([f"Step-{at - 1}"] if at > 1 else [])) for at in range(1, length + 1)
    ]


def fan(width: int) -> list[Pair]:
    middle = [f"Train-{at}" for at in range(1, width + 1)]
    return [ran("Split"), *(ran(each, "Split") for each in middle), ran("Compare", *middle)]


def layers(count: int, width: int, upstream: int) -> list[Pair]:
    """Each task needs some of the layer before; each fifth one of the layer before that, too."""
    pairs = []
    for layer in range(count):
        for at in range(width):
            near = (
                [f"Layer{layer - 1}-{(at * 7 + step * 3) % width + 1}" for step in range(upstream)]
                if layer
                else []
            )
            far = [f"Layer{layer - 2}-{at + 1}"] if layer > 1 and at % 5 == 0 else []
            pairs.append(ran(f"Layer{layer}-{at + 1}", *near, *far))
    return pairs


DIAMOND = [
    ran("Load"),
    ran("Words", "Load"),
    ran("Labels", "Load"),
    ran("Train", "Words", "Labels", "Load"),
]
SHAPES = {
    "one": [ran("Load")],
    "chain of 4": chain(4),
    "diamond": DIAMOND,
    "fan": fan(20),
    "60 in 6 layers": layers(6, 10, 2),
    "chain of 14 that gathers": [*chain(13), ran("Gather", "Step-13", "Step-3", "Step-9")],
    "chain of 300": chain(300),
    "300 in 3 layers": layers(3, 100, 3),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_task_has_its_place_and_each_edge_its_ends(shape: str) -> None:
    pairs = SHAPES[shape]
    drawing = Drawing(pairs)
    drawing.is_sound()
    assert set(drawing.boxes) == {use.label for use, _ in pairs}
    assert len(drawing.lines) == sum(len(record.upstream) for _, record in pairs)


def test_a_task_stands_in_the_column_after_those_that_it_needs() -> None:
    boxes = Drawing([*chain(4), ran("Seeds"), ran("Gather", "Step-4", "Seeds")]).boxes
    assert boxes["Step-1"].x < boxes["Step-2"].x < boxes["Step-4"].x < boxes["Gather"].x
    assert boxes["Seeds"].x == boxes["Step-1"].x


def test_a_line_that_passes_a_column_goes_above_its_boxes() -> None:
    drawing = Drawing(DIAMOND)
    lane = re.search(r"([\d.]+)H", drawing.lines["Load", "Train"].attrib["d"])
    assert lane and float(lane[1]) < min(box.y for box in drawing.all)


def test_a_state_is_told_by_its_word_and_its_colour() -> None:
    states = ["cached", "ran", "failed"]
    boxes = Drawing([ran(state.title(), state=state) for state in states], never("Report")).boxes
    for label, state in zip(boxes, [*states, "not run"], strict=True):
        assert boxes[label].words[1] == f"● {state}"
    assert len({box.frame for box in boxes.values()}) == 4


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0 s"),
        (0.94, "0.9 s"),
        (34.4, "34 s"),
        (59.8, "1.0 min"),
        (724, "12 min"),
        (5400, "1.5 h"),
        (1e6, "278 h"),
    ],
)
def test_a_time_is_said_as_a_person_says_it(seconds: float, said: str) -> None:
    assert Drawing([ran("Train", seconds=seconds)]).boxes["Train"].words[2] == said


def test_a_cached_task_shows_what_it_took_when_it_ran_and_one_that_did_not_run_nothing() -> None:
    boxes = Drawing([ran("Load", state="cached", seconds=0)], never("Train")).boxes
    assert boxes["Load"].words[2] == "1.5 s" and boxes["Train"].words[2] == ""


def test_tasks_that_never_ran_have_no_edges() -> None:
    drawing = Drawing(
        [ran("Load"), ran("Train", "Load", state="failed")], never("Evaluate"), never("Report")
    )
    drawing.is_sound()
    assert list(drawing.lines) == [("Load", "Train")]


def test_a_task_without_a_record_that_another_one_names_has_that_edge() -> None:
    drawing = Drawing([ran("Train", "Load")], never("Load"))
    drawing.is_sound()
    assert list(drawing.lines) == [("Load", "Train")]


def test_what_a_run_asked_for_leads_to_it_by_a_dashed_line() -> None:
    asks = ran("Tune", "Load", asked=["Load", "Train"])
    drawing = Drawing([ran("Load"), asks])
    drawing.is_sound()
    assert "stroke-dasharray" in drawing.lines["Train", "Tune"].attrib
    assert "stroke-dasharray" not in drawing.lines["Load", "Tune"].attrib  # needed anyway
    assert (
        drawing.boxes["Train"].words[1] == "● dynamic"
    )  # no task of the experiment: only its key is known
    known = Drawing([ran("Train"), asks, ran("Load")])
    assert (
        known.boxes["Train"].words[1] == "● ran"
        and "stroke-dasharray" in known.lines["Train", "Tune"].attrib
    )


def test_a_long_label_is_cut_and_pointing_at_it_shows_all_of_it() -> None:
    label = "Train " + "x" * 100
    use, record = ran("Train-7")
    (box,) = Drawing([(replace(use, label=label), record)]).all
    assert (len(box.words[0]), box.title) == (40, f"{label}: Train_7")


def test_any_text_makes_a_whole_drawing() -> None:
    odd = "<b>&\"'\0\x1b\ud800\ufffe]]>\n</svg>"
    use, record = ran("Train")
    pairs = [(replace(use, label=odd), replace(record, params={odd: odd}))]
    root = ET.fromstring(
        pipeline_svg.svg(replace(experiment(pairs), overrides=[f"title={odd}"], project=odd), pairs)
    )
    assert "<b>&\"'" in "".join(root.itertext())
    pipeline_svg.svg(experiment(pairs), pairs).encode()


def test_nothing_is_fetched_or_run() -> None:
    text = Drawing(SHAPES["60 in 6 layers"]).text
    assert text.count("http") == 1 and 'xmlns="http://www.w3.org/2000/svg"' in text
    assert not re.search(r"<(script|image|style|foreignObject|use)|href|@import|\bon\w+=", text)


def test_the_page_is_white_also_where_the_viewer_is_dark() -> None:
    first = ET.fromstring(Drawing(chain(2)).text).find(f"{SVG}rect")
    assert (
        first is not None and first.attrib["fill"] == "#ffffff" and first.attrib["width"] == "100%"
    )


def test_the_same_records_make_the_same_text() -> None:
    assert len({Drawing(layers(6, 10, 3)).text for _ in range(3)}) == 1


@pytest.mark.thorough
@pytest.mark.parametrize("shape", [chain, lambda tasks: layers(5, tasks // 5, 10)])
def test_the_work_of_a_drawing_grows_with_the_pipeline(shape: Callable[[int], list[Pair]]) -> None:
    """Counted in calls, which are the same on every machine: ten times the tasks, not a hundred."""
    few, many = (_calls(shape(tasks)) for tasks in (50, 500))
    assert many < 15 * few


def _calls(pairs: list[Pair]) -> int:
    record = experiment(pairs)
    counted = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        pipeline_svg.svg(record, pairs)
    finally:
        sys.setprofile(None)
    return counted


def test_an_experiment_without_tasks_is_an_empty_page() -> None:
    assert Drawing([]).boxes == {}
