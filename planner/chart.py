"""A chart of steps as one SVG: panels over the same numbers of edges, one below the other, in light or dark."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT = 820, 70, 150
#: Of one panel, with its title above and the room below it.
HEIGHT, TOP, GAP = 150, 110, 76
#: Plain rules, no variables: many viewers of SVG know none.
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; } .faint { fill: #59636e; } .head { font-weight: 600; }
.title { font-size: 17px; font-weight: 600; }
.paper { fill: #fff; } .grid { stroke: #d8dee4; } .mark { stroke: #59636e; stroke-dasharray: 3 3; }
.line { fill: none; stroke-width: 2; }
.line0 { stroke: #2a6fbb; } .line1 { stroke: #b3541e; } .line2 { stroke: #3b7d4a; }
.key0 { fill: #2a6fbb; } .key1 { fill: #b3541e; } .key2 { fill: #3b7d4a; }
@media (prefers-color-scheme: dark) {
text { fill: #e6e9ed; } .faint { fill: #a4adb8; }
.paper { fill: #15181c; } .grid { stroke: #333a42; } .mark { stroke: #a4adb8; }
.line0 { stroke: #6aa9f0; } .line1 { stroke: #f09a63; } .line2 { stroke: #7cc48c; }
.key0 { fill: #6aa9f0; } .key1 { fill: #f09a63; } .key2 { fill: #7cc48c; }
}
"""


@dataclass(frozen=True)
class Panel:
    """One quantity, or several of one unit, each with a value for every number of edges from 1 on."""

    title: str
    lines: Mapping[str, Sequence[float]]


def svg(title: str, subtitle: str, panels: Sequence[Panel], marks: dict[str, int]) -> str:
    """The document. `marks`: numbers of edges that are pointed out, with their names. All panels have equal lengths."""
    count = len(next(iter(panels[0].lines.values())))
    height = TOP + len(panels) * (HEIGHT + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        f"<style>{_STYLE}</style>",
        '<rect class="paper" width="100%" height="100%"/>',
        _text(20, 32, title, "title"),
        _text(20, 54, subtitle, "faint"),
    ]
    for index, panel in enumerate(panels):
        parts += _panel(panel, TOP + index * (HEIGHT + GAP), count, marks)
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Panel, top: float, count: int, marks: dict[str, int]) -> list[str]:
    tick = _tick(max(max(values) for values in panel.lines.values()))
    ceiling = tick * max(1, math.ceil(max(max(values) for values in panel.lines.values()) / tick))
    bottom = top + HEIGHT

    def x(edges: float) -> float:
        return LEFT + (edges - 1) / max(1, count - 1) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return bottom - value / ceiling * HEIGHT

    parts = [_text(20, top - 24, panel.title, "head")]
    for step in range(round(ceiling / tick) + 1):
        value = step * tick
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>')
        parts.append(_text(LEFT - 8, y(value) + 4, f"{value:g}", "faint", "end"))
    for edges in sorted({1, *range(10, count + 1, 10)}):
        parts.append(_text(x(edges), bottom + 18, str(edges), "faint", "middle"))
    parts.append(_text(WIDTH - RIGHT + 24, bottom + 18, "edges", "faint"))
    for name, edges in marks.items():
        if 1 <= edges <= count:
            parts.append(f'<line class="mark" x1="{x(edges):.1f}" x2="{x(edges):.1f}" y1="{top}" y2="{bottom}"/>')
            parts.append(_text(x(edges) + 4, top - 6, name, "faint"))
    placed: list[float] = []
    for index, (name, values) in sorted(enumerate(panel.lines.items()), key=lambda line: line[1][1][-1]):
        points = " ".join(f"H{x(edges):.1f} V{y(value):.1f}" for edges, value in enumerate(values, 1))
        parts.append(f'<path class="line line{index}" d="M{LEFT} {y(values[0]):.1f} {points}"/>')
        # Names of lines that end close together are moved apart.
        at = min([y(values[-1]) + 4, *(label - 16 for label in placed)])
        placed.append(at)
        parts.append(f'<rect class="key{index}" x="{WIDTH - RIGHT + 8}" y="{at - 9:.1f}" width="10" height="10"/>')
        parts.append(_text(WIDTH - RIGHT + 24, at, f"{name}: {values[-1]:,.4g}"))
    return parts


def _tick(largest: float) -> float:
    """A round number of which four or fewer reach `largest`."""
    power = 10 ** math.floor(math.log10(largest / 4)) if largest else 1
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor * 4 >= largest)


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
