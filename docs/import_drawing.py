"""Draw who imports whom, ``images/imports.svg``: ``python docs/import_drawing.py``.

The rooms lie above each other, each a row of its packages, and arrows lead from who imports to who
is imported. The same imports give the same file, and a test compares it with the code;
``make drawing`` renews it.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

HOUSE = Path(__file__).parents[1]
TARGET = HOUSE / "docs" / "images" / "imports.svg"

ROOMS = {
    "catalog": "how labels go out",
    "compute": "how labels are made",
    "ingest": "how rows come in",
    "schema": "what is kept",
}
"""From the roof to the ground: each imports those below it."""
GROUND = "schema"

WIDTH, MARGIN, TITLE = 1180.0, 24.0, 118.0
ARCS, BOX, FOOT, GAP = 66.0, 30.0, 14.0, 92.0
ROOM = ARCS + BOX + FOOT
GROUND_ROOM = 92.0
GROUND_GAP = 34.0
SPACE = 14.0
"""Between boxes, at least."""

LINE = 184
"""Letters of a line of notes."""

STEPS = ((10, 4.0), (5, 2.6), (2, 1.6), (1, 0.9))
"""So many imports, and how broad their arrow is. Few steps: not every import changes the file."""

STYLE = """
    .paper { fill: #fbfaf6 } text { fill: #26324a } .faint { fill: #56617a }
    .box { fill: #fffefb; stroke-width: 1.2 } path { fill: none }
    .schema { stroke: #7f62a3 } .room.schema { fill: #efe8f5 } .tip.schema { fill: #7f62a3 }
    .ingest { stroke: #4a78a8 } .room.ingest { fill: #e4eef8 } .tip.ingest { fill: #4a78a8 }
    .compute { stroke: #5b9450 } .room.compute { fill: #e6f3e4 } .tip.compute { fill: #5b9450 }
    .catalog { stroke: #b98432 } .room.catalog { fill: #f7ecdc } .tip.catalog { fill: #b98432 }
    .room { stroke-width: 1.4 } .tip { stroke: none } .back { stroke-dasharray: 5 3 }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #1a1e26 } text { fill: #e4e8f0 } .faint { fill: #a9b2c4 }
      .box { fill: #14171d }
      .schema { stroke: #ab92d2 } .room.schema { fill: #2a2436 } .tip.schema { fill: #ab92d2 }
      .ingest { stroke: #7fb0e0 } .room.ingest { fill: #1e2a39 } .tip.ingest { fill: #7fb0e0 }
      .compute { stroke: #8cc47f } .room.compute { fill: #1f2e1e } .tip.compute { fill: #8cc47f }
      .catalog { stroke: #dfae60 } .room.catalog { fill: #33291a } .tip.catalog { fill: #dfae60 }
    }
"""


class Package(NamedTuple):
    """A folder of a room; without a name, the room's own files."""

    room: str
    name: str

    @property
    def title(self) -> str:
        """What its box says."""
        return self.name or "*.py"


Imports = Counter[tuple[Package, Package]]


@dataclass(frozen=True, slots=True)
class Box:
    """Where a package is drawn: its left upper corner and its width."""

    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        """The x of its middle."""
        return self.x + self.width / 2


def imports_of(house: Path) -> Imports:
    """Return how often files of each package import those of each other one."""
    found: Imports = Counter()
    for room in ROOMS:
        for path in sorted((house / room).rglob("*.py")):
            importer = _package(house, path.relative_to(house).with_suffix("").parts)
            found[importer, importer] += 0  # so that who imports nobody is known
            for name in _imported(ast.parse(path.read_text("utf-8"), str(path))):
                found[importer, _package(house, name.split(".")[1:])] += 1
    return found


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield the full name of everything in our rooms that is imported."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "starledger":
            names = [f"starledger.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            # `from starledger.compute import work` names a package behind the import.
            more = node.module.count(".") == 1
            names = [f"{node.module}.{node.names[0].name}"] if more else [node.module]
        yield from (name for name in names if _room(name) in ROOMS)


def _room(name: str) -> str:
    top, _, rest = name.partition(".")
    return rest.partition(".")[0] if top == "starledger" else ""


def _package(house: Path, parts: Sequence[str]) -> Package:
    room, *rest = parts
    inside = bool(rest) and (house / room / rest[0]).is_dir()
    return Package(room, rest[0] if inside else "")


def ordered(packages: Iterable[Package], imports: Imports) -> list[Package]:
    """Return the packages of a room so that, where it can be, each stands left of whom it imports.

    One after the other takes that place which the fewest imports from the rest still lead to.
    """
    known = sorted(packages)
    own, left = [one for one in known if not one.name], [one for one in known if one.name]
    order = []
    while left:
        chosen = min(
            left,
            key=lambda one: (
                sum(imports[other, one] for other in left if other != one),
                -sum(imports[one, other] for other in left if other != one),
                one,
            ),
        )
        left.remove(chosen)
        order.append(chosen)
    return order + own


def placed(imports: Imports) -> dict[Package, Box]:
    """Return where each package is drawn."""
    known = {one for pair in imports for one in pair}
    boxes = {}
    for row, room in enumerate(ROOMS):
        order = ordered((one for one in known if one.room == room), imports)
        widths = [max(46.0, 7.1 * len(one.title) + 18) for one in order]
        first = MARGIN + TITLE
        free = WIDTH - MARGIN - SPACE - first - sum(widths)
        space = min(free / len(order), 60.0)
        x = first + (free - space * len(order)) / 2
        y = top_of(row) + (FOOT if room == GROUND else ARCS)
        for one, width in zip(order, widths, strict=True):
            boxes[one] = Box(round(x + space / 2, 1), y, width)
            x += width + space
    return boxes


def top_of(row: int) -> float:
    """Return the upper end of a row of the rooms."""
    ground = row == len(ROOMS) - 1
    return MARGIN + row * (ROOM + GAP) - (GAP - GROUND_GAP if ground else 0.0)


def drawing(imports: Imports, files: Sequence[str]) -> str:
    """Return the drawing as SVG.

    Parameters
    ----------
    imports
        Who imports whom.
    files
        Names of the ground's own files.
    """
    boxes = placed(imports)
    ground = top_of(len(ROOMS) - 1)
    height = ground + GROUND_ROOM + 66
    lines = [*_head(height), *_rooms()]
    lines += _arcs(imports, boxes)
    lines += _falls(imports, boxes)
    lines += _boxes(boxes)
    lines += _ground(imports, files, ground + FOOT + BOX)
    lines += _legend(ground + GROUND_ROOM)
    return "\n".join([*lines, "</svg>", ""])


def _head(height: float) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" role="img"'
        ' aria-labelledby="title" font-family="DejaVu Sans, Verdana, sans-serif">'
    )
    yield '  <title id="title">The packages of Starledger and their imports</title>'
    yield f"  <style>{STYLE}  </style>\n  <defs>"
    for room in ROOMS:
        yield (
            f'    <marker id="tip-{room}" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="9"'
            ' markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">'
            f'<path d="M0 0 10 5 0 10z" class="tip {room}"/></marker>'
        )
    yield f'  </defs>\n  <rect class="paper" width="{WIDTH:g}" height="{height:g}" rx="14"/>'


def _rooms() -> Iterator[str]:
    for row, (room, about) in enumerate(ROOMS.items()):
        x, y = MARGIN, top_of(row)
        height = GROUND_ROOM if room == GROUND else ROOM
        yield (
            f'  <rect class="room {room}" x="{x:g}" y="{y:g}" width="{WIDTH - 2 * MARGIN:g}"'
            f' height="{height:g}" rx="10"/>'
        )
        yield (
            f'  <text x="{x + 16:g}" y="{y + 30:g}" font-size="17" font-weight="bold">{room}</text>'
        )
        for line, words in enumerate(_halves(about)):
            yield (
                f'  <text class="faint" x="{x + 16:g}" y="{y + 50 + 15 * line:g}"'
                f' font-size="11.5">{words}</text>'
            )


def _halves(words: str) -> tuple[str, str]:
    first, second, rest = (*words.split(" ", 2), "")[:3]
    return f"{first} {second}", rest


def _boxes(boxes: Mapping[Package, Box]) -> Iterator[str]:
    for one, box in boxes.items():
        yield (
            f'  <rect class="box {one.room}" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}"'
            f' height="{BOX:g}" rx="5"/>'
        )
        yield (
            f'  <text x="{box.middle:g}" y="{box.y + 19:g}" font-size="12"'
            f' text-anchor="middle">{one.title}</text>'
        )


def _arcs(imports: Imports, boxes: Mapping[Package, Box]) -> Iterator[str]:
    """Yield the arrows inside rooms, as arcs above the boxes."""
    for (importer, imported), count in sorted(imports.items()):
        inside = importer.room == imported.room and importer != imported
        if not inside or not (importer.name and imported.name) or not count:
            continue
        start, end = boxes[importer], boxes[imported]
        back = end.x < start.x
        # Arrows to the right leave on the right side of a box and arrive on the left of another.
        x1, x2 = start.middle + start.width / 4, end.middle - end.width / 4
        if back:
            x1, x2 = start.middle, end.middle
        lift = min(ARCS + 4, 16 + 0.13 * abs(x2 - x1))
        y = start.y
        path = f"M{x1:.1f} {y:g}C{x1:.1f} {y - lift:.1f} {x2:.1f} {y - lift:.1f} {x2:.1f} {y:g}"
        yield _arrow(path, importer, imported, count, "back" if back else "")


def _falls(imports: Imports, boxes: Mapping[Package, Box]) -> Iterator[str]:
    """Yield the arrows from room to room, but for those to the ground, on which all stand."""
    pairs = [
        pair
        for pair, count in sorted(imports.items())
        if count and pair[0].room != pair[1].room and pair[1].room != GROUND
    ]
    starts = _ports(pairs, boxes, 0)
    ends = _ports(pairs, boxes, 1)
    rows = list(ROOMS)
    used: Counter[tuple[int, float]] = Counter()
    for pair in sorted(pairs, key=lambda pair: starts[pair]):
        importer, imported = pair
        x1, y1 = starts[pair], boxes[importer].y + BOX
        x2, y2 = ends[pair], boxes[imported].y
        path = f"M{x1:.1f} {y1:g}"
        for row in range(rows.index(importer.room) + 1, rows.index(imported.room)):
            gap = _gap(row, (x1 + x2) / 2, boxes)
            used[row, gap] += 1
            # Arrows through the same gap run side by side.
            through = gap + 6.0 * (used[row, gap] - 2)
            above, below = boxes_of(row, boxes)[0].y - 6, boxes_of(row, boxes)[0].y + BOX + 6
            path += _curve(x1, y1, through, above) + f"V{below:g}"
            x1, y1 = through, below
        yield _arrow(path + _curve(x1, y1, x2, y2), importer, imported, imports[pair], "")


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    bend = 0.55 * (y2 - y1)
    return f"C{x1:.1f} {y1 + bend:.1f} {x2:.1f} {y2 - bend:.1f} {x2:.1f} {y2:g}"


def _ports(
    pairs: Sequence[tuple[Package, Package]], boxes: Mapping[Package, Box], end: int
) -> dict[tuple[Package, Package], float]:
    """Return where arrows leave their boxes, or reach them: side by side, none across another."""
    found = {}
    for package in {pair[end] for pair in pairs}:
        mine = sorted(
            (pair for pair in pairs if pair[end] == package),
            key=lambda pair: boxes[pair[1 - end]].middle,
        )
        box = boxes[package]
        for number, pair in enumerate(mine, 1):
            found[pair] = box.x + box.width * number / (len(mine) + 1)
    return found


def boxes_of(row: int, boxes: Mapping[Package, Box]) -> list[Box]:
    """Return the boxes of a row, from left to right."""
    room = list(ROOMS)[row]
    return sorted((box for one, box in boxes.items() if one.room == room), key=lambda box: box.x)


def _gap(row: int, wanted: float, boxes: Mapping[Package, Box]) -> float:
    """Return the middle of the gap between boxes of a row that is nearest to a place."""
    there = boxes_of(row, boxes)
    gaps = [(left.x + left.width + right.x) / 2 for left, right in pairwise(there)]
    return min(gaps, key=lambda gap: abs(gap - wanted))


def _arrow(path: str, importer: Package, imported: Package, count: int, kind: str) -> str:
    width = next(width for least, width in STEPS if count >= least)
    named = " ".join(filter(None, (importer.room, kind)))
    return (
        f'  <path class="{named}" d="{path}" stroke-width="{width:g}" opacity="0.75"'
        f' marker-end="url(#tip-{importer.room})">'
        f"<title>{importer.room}/{importer.title} imports {imported.room}/{imported.title}"
        "</title></path>"
    )


def _ground(imports: Imports, files: Sequence[str], y: float) -> Iterator[str]:
    """Yield who stands on the ground, and the names of its own files."""
    known = {one for pair in imports for one in pair if one.room != GROUND}
    standing = {pair[0] for pair, count in imports.items() if count and pair[1].room == GROUND}
    floating = sorted(f"{one.room}/{one.title}" for one in known - standing)
    who = f"All packages above but {', '.join(floating)}" if floating else "All packages above"
    words = f"{who} import it. *.py: {', '.join(files)}"
    for number, line in enumerate(wrap(words, LINE - 20)):
        yield _note(line, MARGIN + TITLE, y + 18 + 15 * number)


def _legend(y: float) -> Iterator[str]:
    steps = ", ".join(f"{least}" for least, _ in reversed(STEPS))
    words = (
        "An arrow leads from who imports to who is imported; its four widths begin with"
        f" {steps} imports. Within a room it leads to the right where it can, and is dashed where"
        " two packages need each other. Not drawn: imports of schema, and those within a room from"
        " or to its own files (*.py)."
    )
    for number, line in enumerate(wrap(words, LINE)):
        yield _note(line, MARGIN, y + 24 + 15 * number)


def _note(words: str, x: float, y: float) -> str:
    return f'  <text class="faint" x="{x:g}" y="{y:g}" font-size="11.5">{words}</text>'


def own_files(house: Path) -> list[str]:
    """Return the names of the ground's own files."""
    names = (path.stem for path in (house / GROUND).glob("*.py"))
    return sorted(name for name in names if name != "__init__")


def main() -> None:
    """Write the drawing."""
    TARGET.write_text(drawing(imports_of(HOUSE), own_files(HOUSE)), "utf-8")


if __name__ == "__main__":
    main()
