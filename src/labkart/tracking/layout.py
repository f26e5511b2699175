"""Boxes and edges to places on a page, in pixels: the layered layout of Sugiyama. Knows nothing of tasks.

From left to right: a box's column is its longest way from a source; then columns are sorted and moved towards what they
are joined with. What has many columns goes on in the next row, as text does.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import ceil, sqrt
from statistics import fmean

MARGIN, _GAP, _LANE = (
    32,
    24,
    8,
)  # around all, between boxes of a column, between lines to the next row
_TOP = 112  # where the boxes begin

Edges = dict[
    tuple[str, str], bool
]  # from upstream to downstream: whether it is only that a `run()` asked for it
Spot = tuple[
    str, int, bool
]  # a box in its column, or where a line from it, dashed or not, passes a later column


def columns(keys: Iterable[str], edges: Edges) -> dict[str, int]:
    """Each key's column: its longest way from a source; a source itself stands just before what it leads to."""
    columns, downs = dict.fromkeys(keys, 0), defaultdict[str, list[str]](list)
    for up, down in edges:
        downs[up].append(down)
    left = dict.fromkeys(columns, 0) | Counter(down for _, down in edges)
    ready = deque(sources := [key for key in columns if not left[key]])
    while left:
        key = (
            ready.popleft() if ready else next(iter(left))
        )  # classes can need each other: the circle is cut there
        del left[key]
        for down in (each for each in downs[key] if each in left):
            columns[down] = max(columns[down], columns[key] + 1)
            left[down] -= 1
            if not left[down]:
                ready.append(down)
    return columns | {
        key: max(0, min(columns[down] for down in downs[key]) - 1) for key in sources if downs[key]
    }


class Layout:
    """Where everything goes, in pixels: the `centres` of spots, the `left` and `width` of columns, `paths` of edges.

    The columns from `depth` on hold one box each that is joined with nothing, a `loose` one.
    `lanes` says of a line that goes on in the next row where it turns.
    """

    def __init__(
        self, heights: Mapping[str, int], width: int, edges: Edges, loose: Sequence[str]
    ) -> None:
        self.heights, self.width, self.edges, self.paths = (
            heights,
            width,
            Edges(),
            dict[tuple[str, str], list[Spot]](),
        )
        self.before, self.after = (
            defaultdict[Spot, dict[Spot, None]](dict),
            defaultdict[Spot, dict[Spot, None]](dict),
        )
        column = columns(heights, edges)
        self.depth = 1 + max((column[key] for key in column.keys() - loose), default=-1)
        self.at = column = column | {key: self.depth + count for count, key in enumerate(loose)}
        spots = [(key, column[key], False) for key in heights]
        for (up, down), asked in edges.items():
            if column[up] != column[down]:
                one, other = sorted(
                    (up, down), key=column.__getitem__
                )  # where a circle was cut, the line goes back
                bends = [(one, at, asked) for at in range(column[one] + 1, column[other])]
                path = [(one, column[one], False), *bends, (other, column[other], False)]
                self.edges[up, down], self.paths[up, down] = asked, path
                spots += [bend for bend in bends if bend not in self.before]
                for left, right in pairwise(path):
                    self.before[right][left] = self.after[left][right] = None
        self.columns: list[list[Spot]] = [[] for _ in range(self.depth + len(loose))]
        for spot in spots:
            self.columns[spot[1]].append(spot)
        self._settle()
        self.right, self.bottom = self._place()

    def _settle(self) -> None:
        """Move each spot to the mean height of those that it is joined with; in the first rounds past others, too."""
        self.centres: dict[Spot, float] = {}
        for column in self.columns:
            self._spread(column, [0.0] * len(column))
        for count in range(16):
            near, columns = (
                (self.after, self.columns[::-1]) if count % 2 else (self.before, self.columns)
            )
            for column in columns:
                wishes = {
                    spot: fmean(self.centres[each] for each in near[spot] or [spot])
                    for spot in column
                }
                if count < 10:
                    column.sort(key=wishes.__getitem__)
                self._spread(column, [wishes[spot] for spot in column])

    def _spread(self, column: Sequence[Spot], wishes: Sequence[float]) -> None:
        """Put the spots of a column as near to the wishes as they can be in this order without overlapping."""
        offsets = [0.0]
        for above, below in pairwise(column):
            offsets.append(offsets[-1] + (self._height(above) + self._height(below)) / 2)
        groups: list[
            tuple[float, int]
        ] = []  # of spots that touch: where the first one would be, and how many they are
        for wish, offset in zip(wishes, offsets, strict=True):
            mean, size = wish - offset, 1
            while groups and groups[-1][0] > mean:
                other, count = groups.pop()
                mean, size = (mean * size + other * count) / (size + count), size + count
            groups.append((mean, size))
        starts = [mean for mean, size in groups for _ in range(size)]
        self.centres |= {
            spot: start + offset
            for spot, start, offset in zip(column, starts, offsets, strict=True)
        }

    def _height(self, spot: Spot) -> float:
        """With the room around it."""
        key, at, _ = spot
        return self.heights[key] + _GAP if at == self.at[key] else 2 * _LANE

    def _place(self) -> tuple[int, int]:
        """Lay the columns into rows, one below the other; return where all ends, at the right and below."""
        self.left, self.lanes = dict[int, int](), dict[tuple[Spot, Spot], tuple[int, int, int]]()
        pitch, tall = (
            self.width + 72,
            max((sum(map(self._height, column)) for column in self.columns), default=0),
        )
        fitting = max(5, 1800 // pitch, round(sqrt(1.6 * self.depth * (tall + 40) / pitch)))
        per_row = ceil(self.depth / max(1, ceil(self.depth / fitting))) or fitting
        parts = (0, self.depth, per_row), (self.depth, len(self.columns), max(per_row, fitting))
        rows = [
            range(at, min(at + count, end))
            for begin, end, count in parts
            for at in range(begin, end, count)
        ]
        turning = [
            [(one, other) for one in self.columns[row[-1]] for other in self.after[one]]
            for row in rows
        ]
        begin = right = MARGIN + _LANE * max(map(len, turning), default=0)
        top = _TOP
        for row, lines in zip(rows, turning, strict=True):
            x = begin
            for at in row:
                self.left[at] = x
                x += (
                    self.width
                    + 56
                    + min(100, 4 * sum(len(self.after[spot]) for spot in self.columns[at]))
                )
            top += 48 if row[0] == self.depth else 0
            ends = [
                (self.centres[spot], self._height(spot) / 2, spot)
                for at in row
                for spot in self.columns[at]
            ]
            shift = top - min(centre - half for centre, half, _ in ends)
            self.centres |= {spot: round(centre + shift) for centre, _, spot in ends}
            top = ceil(shift + max(centre + half for centre, half, _ in ends))
            end = self.left[row[-1]] + self.width
            lines.sort(key=lambda line: (-self.centres[line[0]], self.centres[line[1]]))
            for count, line in enumerate(lines):
                lane = _LANE * (count + 1)
                self.lanes[line] = (
                    end + 8 + lane,
                    top + lane,
                    begin - 8 - _LANE * (len(lines) - count),
                )
            top += _LANE * (len(lines) + 2) if lines else 0
            right = max(right, end + _LANE * len(lines))
        return right + MARGIN, top + MARGIN - _GAP // 2

    def line(self, edge: tuple[str, str]) -> str:
        """An edge as an SVG path from its left end to its right one."""
        parts: list[str] = []
        for one, other in pairwise(self.paths[edge]):
            x1, y1, x2, y2 = (
                self.left[one[1]] + self.width,
                self.centres[one],
                self.left[other[1]],
                self.centres[other],
            )
            parts.append(f"{'L' if parts else 'M'}{x1} {y1}")
            if (one, other) in self.lanes:
                right, y, left = self.lanes[one, other]
                parts.append(f"H{right}V{y}H{left}V{y2}H{x2}")
            else:
                parts.append(f"C{(x1 + x2) // 2} {y1} {(x1 + x2) // 2} {y2} {x2} {y2}")
        return "".join(parts)
