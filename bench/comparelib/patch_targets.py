"""What patches are meant to reach, in size, speed and memory, and whether they do."""

from dataclasses import dataclass

from .differs import BSDIFF, DEFAULT, FAST, FLAT, HDIFFPATCH, LAYERED, MAX, PEERS_OF_LAYERED, RDIFF, ZSTD_3
from .pair_result import PIECE_LEN, PairResult
from .tables import mark, markdown

# Executables that were compiled anew, and archives with such: what they are in the corpus.
REBUILT, WITH_REBUILT = ("esbuild-bin", "swc-node"), ("numpy-tar", "scipy-tar")
IDENTICAL = "same"
# Of a file that counts as mostly equal, no more than this share changed.
MOSTLY_EQUAL = 0.1

MOST_DEFAULT_BY_PEERS = 1.05
MOST_MAX_BY_BSDIFF = dict.fromkeys(REBUILT, 0.5) | dict.fromkeys(WITH_REBUILT, 0.75)
MOST_FLAT_BY_RDIFF = 0.25
LEAST_FAST_MAKING_REBUILT, LEAST_FAST_MAKING_EQUAL = 100, 400
LEAST_FAST_APPLYING, LEAST_DEFAULT_APPLYING = 600, 500
LEAST_GAIN_REBUILT = 2
# MB/s that HDiffPatch's command reached in another run, on a machine of this kind: hdiffz with -m and zstd level 21.
# It matches whole blocks first, which the Python package does not.
HDIFFZ_MAKING = {
    "typescript-tar": 759,
    "numpy-tar": 123,
    "scipy-tar": 57,
    "numpy-whl": 13,
    "esbuild-bin": 16,
    "swc-node": 8.6,
}
LEAST_MAX_ON_CHANGES = 2
MOST_MIB_MAKING = {FAST: 256, DEFAULT: 512, MAX: 512}
MOST_MIB_APPLYING = 64
# Fewer changed bytes than these say nothing of the speed at which they are coded.
FEWEST_CHANGES = 256 << 10

TEXT = """\
Sizes, as shares of what peers need. "Best peer" is the smallest patch of any program here but ours.

{sizes}

Speeds in MB/s of CPU time, or times that of HDiffPatch in the same run. That is its Python package; its command
`hdiffz -m`, which is not measured here, matches whole blocks first and is faster where much is equal: what it
reached in another run, on a machine of this kind, is a target as well, times {gain} for executables.

Files count as mostly equal up to {mostly} % of changed bytes: those of pieces of {piece} bytes in which anything
differs from what the patch of level default aligns them with, and all that it aligns with nothing.

{speeds}

How fast level max is on those changed bytes: they are divided by its CPU time, less what as many bytes as did not
change take it in the pair "{identical}". At least {least_on_changes} MB/s are meant to be reached both ways. Pairs with
fewer than {fewest} KiB of changes are left out.

{changes}

Peak memory in MiB:

{memory}
"""


@dataclass(frozen=True)
class Cell:
    """A value and the bound that it is meant to keep, if there is one for this pair."""

    value: float
    bound: float | None
    is_upper: bool

    def __str__(self) -> str:
        number = f"{self.value:.0f}" if self.value >= 100 else f"{self.value:.3g}"
        if self.bound is None:
            return number
        if float(number) == self.bound:
            number = f"{self.value:.7g}"
        is_kept = self.value <= self.bound if self.is_upper else self.value >= self.bound
        word = "at most" if self.is_upper else "at least"
        return f"{number}, {word} {self.bound:g}: {mark(is_kept)}"


def text(results: list[PairResult]) -> str:
    return TEXT.format(
        sizes=sizes(results),
        gain=LEAST_GAIN_REBUILT,
        mostly=round(MOSTLY_EQUAL * 100),
        piece=PIECE_LEN,
        speeds=speeds(results),
        identical=IDENTICAL,
        least_on_changes=LEAST_MAX_ON_CHANGES,
        fewest=FEWEST_CHANGES >> 10,
        changes=changes(results),
        memory=memory(results),
    )


def sizes(results: list[PairResult]) -> str:
    header = ["pair", f"fast by {ZSTD_3}", "default by the smaller of bsdiff and HDiffPatch", "max by bsdiff"]
    header += ["max by the best peer", "flat by rdiff"]
    rows = []
    for result in results:
        name = result.name
        rows.append([
            name,
            size_ratio(result, FAST, (ZSTD_3,), 1),
            size_ratio(result, DEFAULT, (BSDIFF, HDIFFPATCH), MOST_DEFAULT_BY_PEERS),
            size_ratio(result, MAX, (BSDIFF,), MOST_MAX_BY_BSDIFF.get(name)),
            size_ratio(result, MAX, PEERS_OF_LAYERED, 1),
            size_ratio(result, FLAT, (RDIFF,), MOST_FLAT_BY_RDIFF if name in REBUILT else None),
        ])
    return markdown(header, rows)


def size_ratio(result: PairResult, ours: str, peers: tuple[str, ...], most: float | None) -> str:
    """Returns our size by the smallest of those peers that ran."""
    there = [peer for peer in peers if result.has(peer)]
    if not there or not result.has(ours):
        return result.absence(peers[0] if result.has(ours) else ours)
    return str(Cell(result.size(ours) / min(map(result.size, there)), most, is_upper=True))


def speeds(results: list[PairResult]) -> str:
    header = ["pair", "changed", "making, fast", "making, default", "making, default by HDiffPatch"]
    header += ["making, flat by HDiffPatch", "applying, fast", "applying, default"]
    rows = []
    for result in results:
        changed = result.changed_len / result.new_len
        least = LEAST_FAST_MAKING_EQUAL if changed <= MOSTLY_EQUAL else None
        least = LEAST_FAST_MAKING_REBUILT if result.name in REBUILT else least
        rows.append([
            result.name,
            f"{changed:.1%}",
            str(Cell(result.making_speed(FAST), least, is_upper=False)),
            str(Cell(result.making_speed(DEFAULT), least_by_hdiffz(result.name), is_upper=False)),
            gain(result, DEFAULT),
            gain(result, FLAT),
            str(Cell(result.applying_speed(FAST), LEAST_FAST_APPLYING, is_upper=False)),
            str(Cell(result.applying_speed(DEFAULT), LEAST_DEFAULT_APPLYING, is_upper=False)),
        ])
    return markdown(header, rows)


def least_by_hdiffz(name: str) -> float | None:
    if name not in HDIFFZ_MAKING:
        return None
    return HDIFFZ_MAKING[name] * least_gain(name)


def gain(result: PairResult, ours: str) -> str:
    if not result.has(ours, HDIFFPATCH):
        return result.absence(HDIFFPATCH)
    times = result.making_speed(ours) / result.making_speed(HDIFFPATCH)
    return str(Cell(times, least_gain(result.name), is_upper=False))


def least_gain(name: str) -> int:
    return LEAST_GAIN_REBUILT if name in REBUILT else 1


def changes(results: list[PairResult]) -> str:
    identical = next(result for result in results if result.name == IDENTICAL)
    rows = []
    for result in results:
        if result.changed_len < FEWEST_CHANGES or not result.has(MAX):
            continue
        equal = (result.new_len - result.changed_len) / identical.new_len
        cells = []
        for seconds in PairResult.making_seconds, PairResult.applying_seconds:
            on_changes = seconds(result, MAX) - equal * seconds(identical, MAX)
            megabytes = result.changed_len / 1e6
            # Less than no time can only be noise.
            value = megabytes / on_changes if on_changes > 0 else float("inf")
            cells.append(str(Cell(value, LEAST_MAX_ON_CHANGES, is_upper=False)))
        rows.append([result.name, f"{result.changed_len / 1e6:.1f}", *cells])
    return markdown(["pair", "changed MB", "making, MB/s", "applying, MB/s"], rows)


def memory(results: list[PairResult]) -> str:
    header = ["pair", *(f"{what}, {who}" for what in ("making", "applying") for who in LAYERED)]
    rows = []
    for result in results:
        cells = [peak(result, result.making, who, MOST_MIB_MAKING[who]) for who in LAYERED]
        cells += [peak(result, result.applying, who, MOST_MIB_APPLYING) for who in LAYERED]
        rows.append([result.name, *cells])
    return markdown(header, rows)


def peak(result: PairResult, measured, who: str, most: int) -> str:
    return str(Cell(measured.peak_mib(who), most, is_upper=True)) if result.has(who) else result.absence(who)
