"""Draws throughput against file size as SVG: a panel for each path, readable on light and on dark."""

from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

# A panel, inside of its axes; space around; space for the legend.
WIDTH, HEIGHT = 230, 200
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 34, 52
LEGEND_HEIGHT = 34
MARK = 4
ALTERNATIVE = "MB of the file per second of CPU time, against its length"

STYLE = """\
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .axis { stroke: #57606a; }
  .grid { stroke: #d0d7de; }
  path { fill: none; stroke-width: 2; }
  .s0 { stroke: #0550ae; } .f0 { fill: #0550ae; }
  .s1 { stroke: #bc4c00; } .f1 { fill: #bc4c00; }
  .s2 { stroke: #1a7f37; } .f2 { fill: #1a7f37; }
  .s3 { stroke: #8250df; } .f3 { fill: #8250df; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .axis { stroke: #9198a1; }
    .grid { stroke: #3d444d; }
    .s0 { stroke: #58a6ff; } .f0 { fill: #58a6ff; }
    .s1 { stroke: #f0883e; } .f1 { fill: #f0883e; }
    .s2 { stroke: #56d364; } .f2 { fill: #56d364; }
    .s3 { stroke: #d2a8ff; } .f3 { fill: #d2a8ff; }
  }
"""


@dataclass(frozen=True)
class Series:
    name: str
    # MB/s by the name of the size.
    speeds: dict[str, float]


@dataclass(frozen=True)
class Panel:
    title: str
    series: list[Series]


def draw(panels: list[Panel], sizes: list[str]) -> str:
    """Returns the picture. All panels have the same series, the same sizes and one logarithmic scale."""
    speeds = [speed for panel in panels for series in panel.series for speed in series.speeds.values()]
    decades = (floor(log10(min(speeds))), ceil(log10(max(speeds))))
    step = LEFT + WIDTH + RIGHT
    width, height = step * len(panels), TOP + HEIGHT + BOTTOM + LEGEND_HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{ALTERNATIVE}">',
        f"<style>\n{STYLE}</style>",
    ]
    for number, panel in enumerate(panels):
        content = draw_panel(panel, sizes, decades)
        parts.append(f'<g transform="translate({step * number + LEFT} {TOP})">\n{content}\n</g>')
    names = [series.name for series in panels[0].series]
    parts.append(f'<g transform="translate({LEFT} {height - LEGEND_HEIGHT / 2})">\n{draw_legend(names)}\n</g>')
    return "\n".join([*parts, "</svg>\n"])


def draw_panel(panel: Panel, sizes: list[str], decades: tuple[int, int]) -> str:
    low, high = decades

    def x(size: str) -> float:
        return WIDTH * (sizes.index(size) + 0.5) / len(sizes)

    def y(speed: float) -> float:
        return HEIGHT * (high - log10(speed)) / (high - low)

    parts = [text(WIDTH / 2, -14, panel.title, "title")]
    for decade in range(low, high + 1):
        for factor in range(1, 10) if decade < high else (1,):
            speed = factor * 10**decade
            parts.append(f'<line class="grid" x1="0" x2="{WIDTH}" y1="{y(speed):.1f}" y2="{y(speed):.1f}"/>')
            if factor in (1, 2, 5):
                parts.append(text(-6, y(speed) + 4, f"{speed:g}", anchor="end"))
    parts.append(f'<line class="axis" x1="0" x2="0" y1="0" y2="{HEIGHT}"/>')
    parts.append(f'<line class="axis" x1="0" x2="{WIDTH}" y1="{HEIGHT}" y2="{HEIGHT}"/>')
    parts += [text(x(size), HEIGHT + 18, size) for size in sizes]
    parts.append(text(WIDTH / 2, HEIGHT + 38, "length of the file"))
    vertical = text(0, 0, "MB per CPU second (log)")
    parts.append(f'<g transform="translate(-48 {HEIGHT / 2}) rotate(-90)">{vertical}</g>')
    for number, series in enumerate(panel.series):
        points = [(x(size), y(speed)) for size, speed in series.speeds.items()]
        line = " L".join(f"{px:.1f} {py:.1f}" for px, py in points)
        parts.append(f'<path class="s{number}" d="M{line}"/>')
        parts += [draw_mark(number, px, py) for px, py in points]
    return "\n".join(parts)


def draw_legend(names: list[str]) -> str:
    parts, x = [], 0.0
    for number, name in enumerate(names):
        parts.append(f'<path class="s{number}" d="M{x:.1f} 0 H{x + 28:.1f}"/>')
        parts.append(draw_mark(number, x + 14, 0))
        parts.append(text(x + 34, 4, name, anchor="start"))
        x += 34 + 7.2 * len(name) + 24
    return "\n".join(parts)


def draw_mark(number: int, x: float, y: float) -> str:
    """Returns a shape of its own for each series, for those who do not tell the colours apart."""
    shapes = [
        f'<circle class="f0" r="{MARK}"/>',
        f'<rect class="f1" x="{-MARK}" y="{-MARK}" width="{2 * MARK}" height="{2 * MARK}"/>',
        f'<polygon class="f2" points="0,{-MARK} {MARK},{MARK} {-MARK},{MARK}"/>',
        f'<polygon class="f3" points="0,{-MARK} {MARK},0 0,{MARK} {-MARK},0"/>',
    ]
    return f'<g transform="translate({x:.1f} {y:.1f})">{shapes[number]}</g>'


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "middle") -> str:
    class_ = f' class="{kind}"' if kind else ""
    return f'<text{class_} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
