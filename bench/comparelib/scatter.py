"""Draws sizes of patches against the time of making them as SVG: a panel for each pair of files."""

from dataclasses import dataclass
from math import ceil, floor, log10

from .differs import (
    BSDIFF,
    DEFAULT,
    FAST,
    FLAT,
    HDIFFPATCH,
    LAYERED,
    MAX,
    QBSDIFF,
    RDIFF,
    XDELTA3,
    ZSTD_3,
    ZSTD_19,
)
from .plot import text

# A panel, inside of its axes; space around; panels in a row; a row of the legend.
WIDTH, HEIGHT = 210, 170
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 34, 50
COLUMNS = 3
LEGEND_STEP, LEGEND_HEIGHT = 145, 24
# Room between points and axes, in decades.
MARGIN = 0.15
ALTERNATIVE = "Bytes of the patch against CPU seconds of making it, for each pair and program"

# Each program has a colour and a shape of its own: those of one family share the colour.
CIRCLE = '<circle r="5"/>'
SQUARE = '<rect x="-4.5" y="-4.5" width="9" height="9"/>'
TRIANGLE = '<polygon points="0,-5.5 5.5,4.5 -5.5,4.5"/>'
TIP = '<polygon points="0,5.5 5.5,-4.5 -5.5,-4.5"/>'
DIAMOND = '<polygon points="0,-6 6,0 0,6 -6,0"/>'
CROSS = '<path d="M-4.5 -4.5 L4.5 4.5 M-4.5 4.5 L4.5 -4.5"/>'
PLUS = '<path d="M-5.5 0 H5.5 M0 -5.5 V5.5"/>'
MARKS = {
    FAST: ("ours", TRIANGLE),
    DEFAULT: ("ours", CIRCLE),
    MAX: ("ours", SQUARE),
    ZSTD_3: ("zstd", TRIANGLE),
    ZSTD_19: ("zstd", SQUARE),
    XDELTA3: ("xdelta", TIP),
    BSDIFF: ("bsdiff", DIAMOND),
    QBSDIFF: ("bsdiff", PLUS),
    HDIFFPATCH: ("hdiff", CROSS),
    FLAT: ("ours hollow", CIRCLE),
    RDIFF: ("rdiff hollow", CIRCLE),
}

STYLE = """\
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .axis { stroke: #57606a; }
  .grid { stroke: #d0d7de; }
  .mark { stroke-width: 2; }
  .hollow { fill: none; }
  .line { fill: none; stroke: #0550ae; stroke-width: 1.5; }
  .ours { stroke: #0550ae; } .ours:not(.hollow) { fill: #0550ae; }
  .zstd { stroke: #bc4c00; fill: #bc4c00; }
  .xdelta { stroke: #bf3989; fill: #bf3989; }
  .bsdiff { stroke: #1a7f37; fill: #1a7f37; }
  .hdiff { stroke: #8250df; fill: #8250df; }
  .rdiff { stroke: #57606a; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .axis { stroke: #9198a1; }
    .grid { stroke: #3d444d; }
    .line { stroke: #58a6ff; }
    .ours { stroke: #58a6ff; } .ours:not(.hollow) { fill: #58a6ff; }
    .zstd { stroke: #f0883e; fill: #f0883e; }
    .xdelta { stroke: #f778ba; fill: #f778ba; }
    .bsdiff { stroke: #56d364; fill: #56d364; }
    .hdiff { stroke: #d2a8ff; fill: #d2a8ff; }
    .rdiff { stroke: #9198a1; }
  }
"""


@dataclass(frozen=True)
class Panel:
    title: str
    # Seconds and bytes, by program.
    points: dict[str, tuple[float, int]]


@dataclass(frozen=True)
class Scale:
    """A logarithmic scale from value `low` at 0 to value `high` at `len_`, in powers of ten."""

    low: float
    high: float
    len_: int

    def place(self, value: float) -> float:
        return self.len_ * (log10(value) - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Returns powers of ten, or 1, 2 and 5 times such where few of them fit."""
        decades = range(floor(self.low), ceil(self.high) + 1)
        factors = (1, 2, 5) if self.high - self.low < 2 else (1,)
        values = [factor * 10.0**decade for decade in decades for factor in factors]
        return [value for value in values if self.low <= log10(value) <= self.high]


def draw(panels: list[Panel]) -> str:
    """Returns the picture; each panel has scales of its own."""
    step_x, step_y = LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM
    legend_columns = step_x * COLUMNS // LEGEND_STEP
    names = [name for name in MARKS if any(name in panel.points for panel in panels)]
    panels_height = step_y * ceil(len(panels) / COLUMNS)
    width, height = step_x * COLUMNS, panels_height + LEGEND_HEIGHT * ceil(len(names) / legend_columns) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{ALTERNATIVE}">',
        f"<style>\n{STYLE}</style>",
    ]
    for number, panel in enumerate(panels):
        x, y = step_x * (number % COLUMNS) + LEFT, step_y * (number // COLUMNS) + TOP
        parts.append(f'<g transform="translate({x} {y})">\n{draw_panel(panel)}\n</g>')
    for number, name in enumerate(names):
        x = LEGEND_STEP * (number % legend_columns) + 20
        y = panels_height + LEGEND_HEIGHT * (number // legend_columns) + 12
        parts += [mark(name, x, y), text(x + 14, y + 4, name, anchor="start")]
    return "\n".join([*parts, "</svg>\n"])


def draw_panel(panel: Panel) -> str:
    seconds, sizes = zip(*panel.points.values())
    across, up = scale(seconds, WIDTH), scale(sizes, HEIGHT)

    def place(point: tuple[float, int]) -> tuple[float, float]:
        return across.place(point[0]), HEIGHT - up.place(point[1])

    parts = [text(WIDTH / 2, -14, panel.title, "title")]
    for value in across.ticks():
        x = across.place(value)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HEIGHT}"/>')
        parts.append(text(x, HEIGHT + 16, f"{value:g}"))
    for value in up.ticks():
        y = HEIGHT - up.place(value)
        parts.append(f'<line class="grid" x1="0" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(text(-6, y + 4, short(value), anchor="end"))
    parts.append(f'<line class="axis" x1="0" x2="0" y1="0" y2="{HEIGHT}"/>')
    parts.append(f'<line class="axis" x1="0" x2="{WIDTH}" y1="{HEIGHT}" y2="{HEIGHT}"/>')
    parts.append(text(WIDTH / 2, HEIGHT + 34, "CPU seconds (log)"))
    parts.append(f'<g transform="translate(-50 {HEIGHT / 2}) rotate(-90)">{text(0, 0, "bytes (log)")}</g>')
    ours = [place(panel.points[level]) for level in LAYERED if level in panel.points]
    parts.append(f'<path class="line" d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in ours)}"/>')
    # Ours last, so that nothing hides them.
    parts += [mark(name, *place(panel.points[name])) for name in reversed(MARKS) if name in panel.points]
    return "\n".join(parts)


def scale(values: tuple[float, ...], len_: int) -> Scale:
    """Returns a scale with room for the values, of half a decade at least."""
    low, high = log10(min(values)), log10(max(values))
    more = max(0, 0.5 - (high - low)) / 2
    return Scale(low - more - MARGIN, high + more + MARGIN, len_)


def short(bytes_: float) -> str:
    for exponent, unit in (9, "G"), (6, "M"), (3, "k"):
        if bytes_ >= 10**exponent:
            return f"{bytes_ / 10**exponent:g}{unit}"
    return f"{bytes_:g}"


def mark(name: str, x: float, y: float) -> str:
    kind, shape = MARKS[name]
    return f'<g class="mark {kind}" transform="translate({x:.1f} {y:.1f})">{shape}</g>'
