"""Markdown tables out of what was measured."""

from statistics import median

from .measure import Measured
from .programs import FAST_RSYNC, LIBRSYNC, OURS, RDIFF

# Stands for what was not measured.
ABSENT = "-"
MET, MISSED = "met", "**missed**"
# Titles of the columns in tables of whole processes.
WHO = {RDIFF: "rdiff", LIBRSYNC: "librsync", FAST_RSYNC: "fast_rsync", OURS: "ours"}


def markdown(header: list[str], rows: list[list[str]], texts: int = 1) -> str:
    """Returns a table whose first columns, as many as `texts`, are not aligned as numbers."""
    rule = ["---"] * texts + ["---:"] * (len(header) - texts)
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, rule, *rows])


def spread(values: list[float]) -> str:
    """Returns minimum, median and maximum."""
    return " / ".join(f"{f(values):.2f}" for f in (min, median, max)) if values else ABSENT


def mb_per_second(measured: Measured, name: str) -> str:
    """Returns 10^6 bytes per second of CPU time, by the median."""
    if name not in measured.samples:
        return ABSENT
    speed = measured.input_len(name) / 1e6 / median(measured.cpu(name))
    return f"{speed:.0f}" if speed >= 10 else f"{speed:.2f}"


def mark(reached: bool) -> str:
    return MET if reached else MISSED


def speed_table(results: list[Measured], who: tuple[str, ...], with_deltas: bool = False) -> str:
    """Returns speeds, ratios and memory of peers and ours; with deltas, also their sizes."""
    titles = [WHO[name] for name in who]
    peers = [name for name in who if name != OURS]
    header = ["path", "MB", *(f"{title} MB/s" for title in titles)]
    header += [f"ratio to {WHO[peer]}" for peer in peers] + [f"peak MiB, {' / '.join(titles)}"]
    if with_deltas:
        header += [f"delta bytes, {' / '.join(titles)}", "ours against librsync's"]
    rows = []
    for result in results:
        row = [result.case.name, f"{result.input_len(OURS) / 1e6:.1f}"]
        row += [mb_per_second(result, name) for name in who]
        row += [spread(result.ratios(peer)) if peer in result.samples else ABSENT for peer in peers]
        row.append(peaks(result, who))
        if with_deltas:
            row.append(" / ".join(str(result.sizes.get(name, ABSENT)) for name in who))
            row.append(result.note)
        rows.append(row)
    return markdown(header, rows)


def peaks(result: Measured, who) -> str:
    return " / ".join(f"{result.peak_mib(name):.1f}" if name in result.samples else ABSENT for name in who)


def slower(results: list[Measured], peer: str) -> str:
    """Lists where ours took more CPU time than a peer."""
    both = [result for result in results if {peer, OURS} <= set(result.samples)]
    medians = {result.case.name: median(result.ratios(peer)) for result in both}
    return "; ".join(f"{name} ({ratio:.2f})" for name, ratio in medians.items() if ratio < 1) or "none"
