"""Paths where time goes elsewhere than in hashing and searching."""

from pathlib import Path

from ..bench import Bench, sha256
from ..deltas import merged_commands
from ..measure import Case
from ..programs import OURS, RABIN_KARP_BLAKE2, RDIFF, Command
from ..tables import speed_table

TITLE = "Corner cases"
# The pair, if it is there, whose deltas of tiny blocks are measured.
SMALL = "esbuild-bin"

TEXT = """\
Where time goes elsewhere than in hashing and searching, one thread; with pipes the time of `cat` counts, too.
"blocks of 3 bytes" stands for block lengths that nobody should choose. A result that goes to a pipe while the
delta comes from one is hashed on the way, for the case that a trailer follows.

{table}
"""


def write(bench: Bench) -> str:
    results = [bench.measure(case) for case in cases(bench)]
    return TEXT.format(table=speed_table(results, (RDIFF, OURS)))


def cases(bench: Bench) -> list[Case]:
    edits, zeros = bench.corpus.synthetic(bench.size, "edits"), bench.corpus.synthetic("64M", "zeros-pure")
    old, new = edits / "old", edits / "new"
    sums, of_zeros = (bench.signature(pair / "old", RABIN_KARP_BLAKE2) for pair in (edits, zeros))
    delta = bench.make("corner.delta", lambda out: bench.programs.rdiff.delta(sums, new, out))
    found = [
        case(bench, "signature, rollsum+MD4, blocks of 4 MiB", old,
             '"$1" -R rollsum -H md4 -b 4194304 signature "$3" "$2"', old),
        case(bench, "signature out of a pipe", old, 'cat "$3" | "$1" signature - "$2"', old),
        case(bench, "delta, all blocks equal", zeros / "new",
             '"$1" delta "$3" "$4" "$2"', of_zeros, zeros / "new"),
        case(bench, "patch, result into a pipe", new, '"$1" patch "$3" "$4" - | cat >"$2"', old, delta),
        case(bench, "patch, delta out of and result into pipes", new,
             'cat "$4" | "$1" patch "$3" - - | cat >"$2"', old, delta),
    ]
    for pair in bench.corpus.real():
        if pair.name == SMALL:
            tiny = bench.signature(pair / "old", RABIN_KARP_BLAKE2, block_len=3)
            name = f"delta, {SMALL}, blocks of 3 bytes"
            found.append(case(bench, name, pair / "new", '"$1" delta "$3" "$4" "$2"', tiny, pair / "new"))
    return found


def case(bench: Bench, name: str, input: Path, script: str, *files: Path) -> Case:
    """A case of a script, which gets the program, its output and the files."""
    programs = {RDIFF: bench.programs.rdiff, OURS: bench.programs.ours}

    def command(program):
        words = ["/bin/sh", "-c", script, "sh", program.path]
        return lambda out: Command([*words, out, *files], program.environment)

    def check(outputs: dict[str, Path]) -> str:
        meaning = merged_commands if name.startswith("delta") else sha256
        bench.expect(meaning(outputs[OURS]) == meaning(outputs[RDIFF]), name)
        return "equal"

    return Case(name, input, {who: command(program) for who, program in programs.items()}, check)
