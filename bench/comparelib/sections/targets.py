"""The speeds that the project set itself, at each level of SIMD."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ..bench import Bench, sha256, sha256_of_input
from ..corpus import COLLIDING_BLOCKS, MIB, size_in_words
from ..measure import Case, Measured
from ..programs import (
    C_PEERS,
    CP,
    FAST_RSYNC,
    LEVELS,
    LIBRSYNC,
    OURS,
    RABIN_KARP_BLAKE2,
    RDIFF,
    ROLLSUM_BLAKE2,
    ROLLSUM_MD4,
    Command,
    contestant,
)
from ..tables import mark, markdown, mb_per_second, peaks, spread

TITLE = "Targets"
# What a target is held against, beside single peers: each of C_PEERS, or nobody.
C, MB_PER_SECOND = "C", "MB/s"
INDEXED_BLOCKS = 1 << 20
# The real pair that stands for a rebuilt binary.
REBUILT = "swc-node"

TEXT = """\
What the project set itself, at each level of SIMD (`SIGDELTA_SIMD`), one thread (`SIGDELTA_THREADS=1`):
times the speed of a peer, or MB/s where no peer is a measure. A ratio is minimum / median / maximum over
the rounds and the median counts. "C" is librsync's rdiff; there are two here, and each is held against the
same target.

{ratio_table}

The speeds behind the ratios, in MB/s of CPU time (for an index: milliseconds of it), and peak memory.

{speed_table}

- Signature and synthetic deltas: random bytes, {size}; "scattered edits" changes 0.1 % of them.
- Rebuilt binary: `{rebuilt}`, two consecutive releases of a compiled Node.js module{rebuilt_note}.
- Colliding weak sums (`bench/corpus/gen-adversarial.py`): every window of the new file has the weak sum of
  {colliding} blocks and is none of them. librsync gets the first MiB of the new file only, and one round, since
  the whole would take it minutes; fast_rsync and ours get {adversarial_mb:.0f} MB.
- Index: a whole process that makes the delta of a file of 64 KiB against a signature of {blocks} blocks of 36
  bytes each; nearly all of its work is loading the signature and building the index.
- Patch: "into memory" writes to another file system than that of the old file, so that nothing can be
  shared; "beside the old file" writes to the same. `cp` copies the new file to the same place.
"""


@dataclass(frozen=True)
class Row:
    """A path with the speeds that are meant to be reached."""

    case: Case
    # Times the speed of what the key names, or MB/s; by level, from the fastest; None: no target.
    least: dict[str, tuple[float | None, ...]]
    in_milliseconds: bool = False


def write(bench: Bench) -> str:
    rows = cases(bench)
    measured = [(row, bench.measure(row.case)) for row in rows]
    has_rebuilt = any(pair.name == REBUILT for pair in bench.corpus.real())
    adversarial = next(result for row, result in measured if MB_PER_SECOND in row.least)
    return TEXT.format(
        ratio_table=ratio_table(bench, measured),
        speed_table=speed_table(bench, measured),
        size=size_in_words(bench.size),
        rebuilt=REBUILT,
        rebuilt_note="" if has_rebuilt else " (not in the corpus folder of this run)",
        colliding=COLLIDING_BLOCKS,
        adversarial_mb=adversarial.input_len(OURS) / 1e6,
        blocks=indexed_blocks(bench),
    )


# Cases


def cases(bench: Bench) -> list[Row]:
    edits, same = bench.corpus.synthetic(bench.size, "edits"), bench.corpus.synthetic(bench.size, "same")
    different = bench.corpus.synthetic(bench.size, "different")
    rebuilt = [pair for pair in bench.corpus.real() if pair.name == REBUILT]
    pairs = [
        (same, "identical", (3.8, 2.4, 1.0)),
        (different, "nothing matches", (9, 7, 4)),
        (edits, "scattered edits", (3.5, 2.4, 1.2)),
        *((pair, "rebuilt binary", (9, 7, 4)) for pair in rebuilt),
    ]
    rows = [
        signature(bench, edits / "old", RABIN_KARP_BLAKE2, {C: (3.8, 2.4, 1.0)}),
        signature(bench, edits / "old", ROLLSUM_MD4, {C: (4.5, 3.0, 1.0), FAST_RSYNC: (1.6, 1.0, None)}),
    ]
    for pair, what, least in pairs:
        for kind in RABIN_KARP_BLAKE2, ROLLSUM_MD4:
            rows.append(Row(bench.delta_case(pair, what, kind, contestants(bench, kind)), {C: least}))
    rows += [colliding(bench, name) for name in ("rk", "rs")]
    rows += [patch(bench, edits, "into memory", None), patch(bench, edits, "beside the old file", edits)]
    rows += [index(bench, different, kind) for kind in (RABIN_KARP_BLAKE2, ROLLSUM_BLAKE2)]
    return rows


def contestants(bench: Bench, kind: str) -> dict:
    return {**bench.programs.for_kind(kind), **bench.programs.by_level()}


def signature(bench: Bench, old: Path, kind: str, least: dict) -> Row:
    return Row(bench.signature_case(old, kind, contestants(bench, kind)), least)


def colliding(bench: Bench, name: str) -> Row:
    """Colliding sums of RabinKarp ("rk") or of rollsum ("rs")."""
    kind = RABIN_KARP_BLAKE2 if name == "rk" else ROLLSUM_MD4
    pair = bench.corpus.adversarial(8 * MIB if bench.quick else 64 * MIB) / name
    head = bench.scratch / f"{name}-head"
    with open(pair / "new", "rb") as file:
        head.write_bytes(file.read(MIB))
    programs = contestants(bench, kind)
    inputs = {who: head if who in C_PEERS else pair / "new" for who in programs}
    sum_file = bench.signature(pair / "old", kind)
    title = f"delta, {COLLIDING_BLOCKS} colliding weak sums, {kind}"

    def command(who: str):
        return lambda out: programs[who].delta(sum_file, inputs[who], out)

    def check(outputs: dict[str, Path]) -> str:
        of_head = {who: delta for who, delta in outputs.items() if who in C_PEERS}
        of_all = {who: delta for who, delta in outputs.items() if who not in C_PEERS}
        bench.check_deltas(title, pair / "old", pair / "new", of_all)
        # Ours says of the head what librsync says.
        of_head[OURS] = bench.make("head.delta", lambda out: programs[OURS].delta(sum_file, head, out))
        note = bench.check_deltas(title, pair / "old", head, of_head)
        of_head[OURS].unlink()
        return note

    commands = {who: command(who) for who in programs}
    case = Case(title, inputs, commands, check, rounds={peer: 1 for peer in C_PEERS})
    return Row(case, {MB_PER_SECOND: (500, 300, 100)})


def patch(bench: Bench, pair: Path, where: str, folder: Path | None) -> Row:
    old, new = pair / "old", pair / "new"
    sum_file = bench.signature(old, RABIN_KARP_BLAKE2)
    delta = bench.make("patch.delta", lambda out: bench.programs.rdiff.delta(sum_file, new, out))

    def command(program):
        return lambda out: program.patch(old, delta, out)

    def check(outputs: dict[str, Path]) -> str:
        for who, result in outputs.items():
            bench.expect(sha256(result) == sha256_of_input(new), f"patch {where}: {who}")
        return "equal"

    programs = bench.programs.for_kind(ROLLSUM_MD4)
    commands = {CP: lambda out: Command(["cp", new, out])}
    commands |= {who: command(program) for who, program in programs.items()}
    case = Case(f"patch, scattered edits, {where}", new, commands, check, folder=folder)
    return Row(case, {CP: (0.98, None, None)})


def index(bench: Bench, pair: Path, kind: str) -> Row:
    """Loading and indexing: all else is little, since the new file is."""
    blocks = indexed_blocks(bench)
    old = pair / "old"
    sum_file = bench.signature(old, kind, old.stat().st_size // blocks)
    new = bench.scratch / "index.new"
    with open(pair / "new", "rb") as file:
        new.write_bytes(file.read(64 << 10))
    title = f"index of {blocks} blocks, {kind}"

    def command(program):
        return lambda out: program.delta(sum_file, new, out)

    def check(outputs: dict[str, Path]) -> str:
        return bench.check_deltas(title, old, new, outputs)

    programs = contestants(bench, kind)
    case = Case(title, new, {who: command(program) for who, program in programs.items()}, check)
    return Row(case, {C: (8, 6, 2)}, in_milliseconds=True)


def indexed_blocks(bench: Bench) -> int:
    """Returns INDEXED_BLOCKS, or fewer for small files, which only a quick run has."""
    old = bench.corpus.synthetic(bench.size, "different") / "old"
    return min(INDEXED_BLOCKS, old.stat().st_size // 256)


# Tables


def ratio_table(bench: Bench, measured: list[tuple[Row, Measured]]) -> str:
    header = ["path", "against", *(title for title, _ in LEVELS.values())]
    rows = []
    for row, result in measured:
        for target, least in row.least.items():
            for peer in C_PEERS if target == C else (target,):
                cells = [cell(bench, result, peer, *pair) for pair in zip(LEVELS, least)]
                rows.append([result.case.name, peer, *cells])
    return markdown(header, rows, texts=2)


def cell(bench: Bench, result: Measured, peer: str, level: str, least: float | None) -> str:
    who = contestant(level, bench.programs.levels)
    if who not in result.samples:
        return "-"
    if peer == MB_PER_SECOND:
        values = [result.input_len(who) / 1e6 / seconds for seconds in result.cpu(who)]
        numbers = " / ".join(f"{f(values):.0f}" for f in (min, median, max))
    else:
        values = result.ratios(peer, who)
        numbers = spread(values)
    if least is None:
        return numbers
    return f"{numbers}, at least {least}: {mark(median(values) >= least)}"


def speed_table(bench: Bench, measured: list[tuple[Row, Measured]]) -> str:
    order = [CP, RDIFF, LIBRSYNC, FAST_RSYNC]
    ours = {contestant(level, bench.programs.levels): LEVELS[level][0] for level in bench.programs.levels}
    memory = [RDIFF, LIBRSYNC, FAST_RSYNC, OURS]
    header = ["path", "MB", *order, *ours.values(), f"peak MiB, {' / '.join(memory)}"]
    rows = []
    for row, result in measured:
        show = milliseconds if row.in_milliseconds else mb_per_second
        line = [result.case.name, f"{result.input_len(OURS) / 1e6:.1f}"]
        line += [show(result, who) for who in [*order, *ours]]
        rows.append([*line, peaks(result, memory)])
    return markdown(header, rows)


def milliseconds(result: Measured, who: str) -> str:
    return f"{median(result.cpu(who)) * 1e3:.1f} ms" if who in result.samples else "-"
