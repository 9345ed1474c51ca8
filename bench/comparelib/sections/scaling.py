"""Whether cost grows with the length of the file and no faster."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ..bench import Bench, sha256, sha256_of_input
from ..corpus import parse_size, size_in_words
from ..deltas import literal_sha256, merged_commands
from ..measure import Case, Measured
from ..plot import ALTERNATIVE, Panel, Series, draw
from ..programs import BLOCK_LEN, LIBRSYNC, OURS, RABIN_KARP_BLAKE2, RDIFF, ROLLSUM_MD4
from ..tables import mark, markdown

TITLE = "Growth with the length of the file"
SIZES = ("64M", "256M", "1G", "4G")
QUICK_SIZES = ("4M", "16M")
# Peers get as many rounds as make up so many bytes, or one; and none beyond the last length.
PEER_BYTES, PEERS_UP_TO = 512 << 20, 1 << 30
# Of longer files, only what ours writes is checked, and it is not written to memory.
ALL_CHECKED_UP_TO, IN_MEMORY_UP_TO = 256 << 20, 1 << 30
MOST_DIFFERENCE = 0.15
SIGNATURE, IDENTICAL, NOTHING = "signature", "delta, identical", "delta, nothing matches"
PATHS = (SIGNATURE, IDENTICAL, NOTHING)
# Not by the name it has elsewhere, since here it does other work than ours.
FAST_RSYNC = f"fast_rsync, {ROLLSUM_MD4}"
WHO = (OURS, RDIFF, LIBRSYNC, FAST_RSYNC)
PLOT = Path("docs/benchmarks/throughput.svg")

TEXT = """\
CPU nanoseconds per byte for files of several lengths, block length {block_len}, RabinKarp+BLAKE2 (fast_rsync
knows rollsum+MD4 only), one thread; medians. The files are random bytes. All outputs go to /dev/null here, so
that writing them has no part in it. A run before that wrote them: signatures were equal to librsync's; deltas
were read, and are one COPY of all or the whole new file as literals. So it was with ours for every length,
with peers up to {all_checked}. Peers have fewer rounds the longer the file is, one for 1 GiB, where they take
up to half a minute, and none beyond.

The target: ours differs by at most {most} % per byte between the lengths, largest by smallest.

{table}

![{alternative}]({plot})
"""


@dataclass(frozen=True)
class Point:
    path: str
    size: str
    measured: Measured


def write(bench: Bench) -> str:
    sizes = QUICK_SIZES if bench.quick else SIZES
    points = []
    for size in sizes:
        pair = bench.corpus.synthetic(size, "different")
        for path in PATHS:
            points.append(Point(path, size, bench.measure(case(bench, pair, size, path))))
    bench.pictures[PLOT] = draw(panels(points), [size_in_words(size) for size in sizes])
    most = round(MOST_DIFFERENCE * 100)
    return TEXT.format(
        block_len=BLOCK_LEN,
        most=most,
        all_checked=f"{ALL_CHECKED_UP_TO >> 20} MiB",
        table=table(points, sizes),
        alternative=ALTERNATIVE,
        plot=PLOT,
    )


# Cases


def case(bench: Bench, pair: Path, size: str, path: str) -> Case:
    old, len_ = pair / "old", parse_size(size)
    new = pair / "new" if path == NOTHING else old
    everybody = {**bench.programs.for_kind(RABIN_KARP_BLAKE2), FAST_RSYNC: bench.programs.fast_rsync}
    programs = {who: everybody[who] for who in WHO if who == OURS or len_ <= PEERS_UP_TO}

    def kind(who: str) -> str:
        return ROLLSUM_MD4 if who == FAST_RSYNC else RABIN_KARP_BLAKE2

    # Made by librsync, and compared with ours.
    sums = {who: bench.signature(old, kind(who)) for who in programs}

    def command(who: str):
        if path == SIGNATURE:
            return lambda out: programs[who].signature(kind(who), old, out)
        return lambda out: programs[who].delta(sums[who], new, out)

    def is_right(who: str, out: Path) -> bool:
        if path == SIGNATURE:
            return sha256(out) == sha256(sums[who])
        # Random bytes: there is nothing to find but the whole file, or nothing at all.
        if path == IDENTICAL:
            return merged_commands(out) == [(0, len_), (0,)]
        return merged_commands(out) == [(len_,), (0,)] and literal_sha256(out) == sha256_of_input(new)

    def check(outputs: dict[str, Path]) -> str:
        for who, out in outputs.items():
            bench.expect(is_right(who, out), f"{path}, {size}: {who}")
        return "right"

    peers = [who for who in programs if who != OURS]
    return Case(
        f"{path}, {RABIN_KARP_BLAKE2}, {size_in_words(size)}",
        new,
        {who: command(who) for who in programs},
        check,
        rounds={peer: max(1, min(bench.rounds, PEER_BYTES // len_)) for peer in peers},
        unchecked=frozenset(peers if len_ > ALL_CHECKED_UP_TO else ()),
        folder=bench.corpus.folder if len_ > IN_MEMORY_UP_TO else None,
        discard=True,
    )


# Report


def nanoseconds_per_byte(point: Point, who: str) -> float:
    return median(point.measured.cpu(who)) * 1e9 / point.measured.input_len(who)


def table(points: list[Point], sizes: tuple[str, ...]) -> str:
    header = ["path", "program", *map(size_in_words, sizes), "largest difference", "target"]
    rows = []
    for path in PATHS:
        for who in WHO:
            here = [point for point in points if point.path == path and who in point.measured.samples]
            costs = {point.size: nanoseconds_per_byte(point, who) for point in here}
            difference = max(costs.values()) / min(costs.values()) - 1
            target = f"at most {MOST_DIFFERENCE:.0%}: {mark(difference <= MOST_DIFFERENCE)}"
            row = [path, who, *(f"{costs[size]:.3f}" if size in costs else "-" for size in sizes)]
            rows.append([*row, f"{difference:.0%}", target if who == OURS else "-"])
    return markdown(header, rows, texts=2)


def panels(points: list[Point]) -> list[Panel]:
    return [Panel(path, [series(points, path, who) for who in WHO]) for path in PATHS]


def series(points: list[Point], path: str, who: str) -> Series:
    here = [point for point in points if point.path == path and who in point.measured.samples]
    speeds = {size_in_words(point.size): 1e3 / nanoseconds_per_byte(point, who) for point in here}
    return Series(who, speeds)
