"""Layered patches and flat deltas against programs that see both files, too."""

from pathlib import Path
from statistics import median

from .. import patch_targets
from ..bench import Bench, sha256, sha256_of_input
from ..corpus import size_in_words
from ..differs import (
    BSDIFF,
    DEFAULT,
    DIFFERS,
    FLAT,
    HDIFFPATCH,
    MAX,
    QBSDIFF,
    XDELTA3,
    ZSTD_19,
    Differ,
    find_differs,
)
from ..measure import Case, run
from ..pair_result import PairResult, changed_bytes
from ..scatter import ALTERNATIVE, Panel, draw
from ..tables import markdown

TITLE = "Layered patches"
REAL = (
    "typescript-tar",
    "esbuild-bin",
    "numpy-tar",
    "numpy-whl",
    "swc-node",
    "scipy-tar",
    "pandas-tar",
    "aws-sdk-tar",
    "openjdk-deb-tar",
)
QUICK_REAL = ("typescript-tar", "esbuild-bin")
SYNTHETIC = {"same": "identical", "edits": "scattered edits", "different": "nothing matches"}
# Left out so that the section takes 9 minutes on two idle cores: a program may need as many for one of these.
NOT_RUN = {
    ZSTD_19: {*REAL, *SYNTHETIC} - {"typescript-tar", "esbuild-bin", "numpy-whl"},
    XDELTA3: {"different"},
    # Runs where its patches are a target; on the others HDiffPatch's are smaller.
    BSDIFF: {*REAL, *SYNTHETIC} - {"esbuild-bin", "numpy-tar", "swc-node", "scipy-tar"},
    QBSDIFF: {"scipy-tar", "openjdk-deb-tar", *SYNTHETIC},
    HDIFFPATCH: {"same", "different"},
    MAX: {"different"},
}
# What takes more CPU time is run once.
PATIENCE_SECONDS = 1.0
# How often the start of an interpreter is measured.
STARTS = 5
PLOT = Path("docs/benchmarks/layered.svg")

TEXT = """\
Patches by programs that see both files, one thread. Every patch was applied by the program that made it, and gave
the new file; flat deltas by librsync's rdiff, too.

{programs}

Pairs are consecutive releases of real packages (`bench/corpus/fetch.sh`), and random bytes of {size}
(`bench/corpus/gen-synthetic.py`): {synthetic}.{absent}

MB/s are 10^6 bytes of the new file per second of CPU time. What takes over {patience} s of it is run once; all else in
rounds, in turns, after a first one that warms up. Peak memory counts files that are mapped or, as by some peers,
read as a whole.
{start}"not run" says that a program takes too long for this pair, "-" that it is missing{missing}.

Bytes of the patch:

{sizes}

Making it, MB/s:

{making}

Applying it, MB/s:

{applying}

Peak MiB, making / applying:

{memory}

### Targets of layered patches

{targets}

![{alternative}]({plot})

Each program by the CPU seconds that making takes and the bytes of the patch, both logarithmic: further down and
to the left is better. Ours are joined by a line from fast to max.
"""

START = """\
The speeds of HDiffPatch leave out the {milliseconds:.0f} ms of CPU time that Python takes to start and to
import the package, measured by themselves; its memory is that of the whole process.
"""


def write(bench: Bench) -> str:
    differs, missing = find_differs(bench.programs)
    start_seconds = {
        who: median(run(differ.start).cpu_seconds for _ in range(STARTS))
        for who, differ in differs.items()
        if differ.start
    }
    found = pairs(bench)
    results = [measure_pair(bench, name, pair, differs, start_seconds) for name, pair in found.items()]
    bench.pictures[PLOT] = draw([panel(result) for result in results])
    absent = [name for name in REAL if name not in found and not bench.quick]
    return TEXT.format(
        programs="\n".join(f"- {who}: {differ.what}" for who, differ in differs.items()),
        size=size_in_words(bench.size),
        synthetic=", ".join(f'"{name}", {what}' for name, what in SYNTHETIC.items()),
        absent=f" Not in the corpus folder of this run: {', '.join(absent)}." if absent else "",
        patience=PATIENCE_SECONDS,
        missing=f" ({'; '.join(missing)})" if missing else "",
        start="".join(START.format(milliseconds=seconds * 1e3) for seconds in start_seconds.values()),
        sizes=table(results, lambda result, who: str(result.size(who))),
        making=table(results, lambda result, who: speed(result.making_speed(who))),
        applying=table(results, lambda result, who: speed(result.applying_speed(who))),
        memory=table(results, memory),
        targets=patch_targets.text(results),
        alternative=ALTERNATIVE,
        plot=PLOT,
    )


# Measuring


def pairs(bench: Bench) -> dict[str, Path]:
    there = {pair.name: pair for pair in bench.corpus.real()}
    names = [name for name in (QUICK_REAL if bench.quick else REAL) if name in there]
    synthetic = {name: bench.corpus.synthetic(bench.size, name) for name in SYNTHETIC}
    return {name: there[name] for name in names} | synthetic


def measure_pair(
    bench: Bench, name: str, pair: Path, differs: dict[str, Differ], start_seconds: dict[str, float]
) -> PairResult:
    old, new = pair / "old", pair / "new"
    taking_part = {who: differ for who, differ in differs.items() if name not in NOT_RUN.get(who, ())}
    patches = {who: bench.scratch / f"{who}.patch" for who in taking_part}

    def keep(outputs: dict[str, Path]) -> str:
        for who, out in outputs.items():
            patches[who].hardlink_to(out)
        return "applied below"

    def check(outputs: dict[str, Path]) -> str:
        for who, out in outputs.items():
            bench.expect(sha256(out) == sha256_of_input(new), f"patch, {name}: {who}")
        return "equal"

    def making(differ: Differ):
        return lambda out: differ.make(old, new, out)

    def applying(who: str, differ: Differ):
        return lambda out: differ.apply(old, patches[who], out)

    make = {who: making(differ) for who, differ in taking_part.items()}
    apply = {who: applying(who, differ) for who, differ in taking_part.items()}
    limit = {"patience_seconds": PATIENCE_SECONDS}
    made = bench.measure(Case(f"making a patch, {name}", new, make, keep, **limit))
    bench.check_results(f"flat delta, {name}", old, new, {FLAT: patches[FLAT]})
    applied = bench.measure(Case(f"applying a patch, {name}", new, apply, check, **limit))
    changed_len = changed_bytes(bench.programs.sigdelta, patches[DEFAULT], old, new)
    for patch in patches.values():
        patch.unlink()
    not_run = frozenset(differs.keys() - taking_part.keys())
    return PairResult(name, made, applied, changed_len, start_seconds, not_run)


# Tables and picture


def table(results: list[PairResult], cell) -> str:
    """Returns a row for each pair and a column for each program."""
    rows = []
    for result in results:
        cells = [cell(result, who) if result.has(who) else result.absence(who) for who in DIFFERS]
        rows.append([result.name, f"{result.new_len / 1e6:.1f}", *cells])
    return markdown(["pair", "MB", *DIFFERS], rows)


def speed(mb_per_second: float) -> str:
    return f"{mb_per_second:.0f}" if mb_per_second >= 10 else f"{mb_per_second:.2f}"


def memory(result: PairResult, who: str) -> str:
    return f"{result.making.peak_mib(who):.0f} / {result.applying.peak_mib(who):.0f}"


def panel(result: PairResult) -> Panel:
    there = [who for who in DIFFERS if result.has(who)]
    points = {who: (result.making_seconds(who), result.size(who)) for who in there}
    return Panel(f"{result.name}, {result.new_len / 1e6:.0f} MB", points)
