"""Lengths of deltas: rdiff's, and those of sigdelta, which may choose among equal matches."""

from dataclasses import dataclass
from pathlib import Path

from ..bench import Bench
from ..corpus import size_in_words
from ..deltas import merged_commands
from ..programs import BLOCK_LEN, RABIN_KARP_BLAKE2, Command
from ..tables import markdown

TITLE = "Sizes of deltas"
SIZE, QUICK_SIZE = "64M", "4M"
SYNTHETIC = {
    "same": "identical",
    "edits": "scattered edits",
    "zeros": "zeros, with a little text in the new file",
    "zeros-pure": "zeros alone",
    "dupblocks": "16 different blocks in random order, shifted by 7 bytes",
    "sparse": "like an image of a disk: zero and random pages, moved groups",
    "lowent": "a pattern of 37 bytes, with changes",
    "text": "lines of a log",
}

TEXT = """\
Bytes of the delta and the number of its commands (literals that follow each other count as one), block
length {block_len}, RabinKarp+BLAKE2. Synthetic files are of {size}, the others consecutive releases of real
packages. Our `rdiff delta` writes the same bytes as librsync, but for the cutting of literals; `sigdelta delta`
may choose other matches and adds a trailer of 48 bytes. Every delta was applied by librsync's rdiff and gave
the new file.

{table}
"""


@dataclass(frozen=True)
class Delta:
    len_: int
    commands: int


def write(bench: Bench) -> str:
    size = QUICK_SIZE if bench.quick else SIZE
    pairs = [(bench.corpus.synthetic(size, name), what) for name, what in SYNTHETIC.items()]
    pairs += [(pair, pair.name) for pair in bench.corpus.real()]
    header = ["pair", "MB", "librsync's rdiff", "our rdiff", "sigdelta delta", "sigdelta by librsync"]
    header += ["commands, librsync / sigdelta"]
    rows = []
    for pair, what in pairs:
        theirs, ours, sigdelta = deltas(bench, pair, what)
        mb = (pair / "new").stat().st_size / 1e6
        lengths = [str(delta.len_) for delta in (theirs, ours, sigdelta)]
        share = f"{sigdelta.len_ / theirs.len_:.3f}"
        rows.append([what, f"{mb:.1f}", *lengths, share, f"{theirs.commands} / {sigdelta.commands}"])
    return TEXT.format(block_len=BLOCK_LEN, size=size_in_words(size), table=markdown(header, rows))


def deltas(bench: Bench, pair: Path, what: str) -> list[Delta]:
    """Returns those of librsync's rdiff, our rdiff and sigdelta, after checking them."""
    old, new = pair / "old", pair / "new"
    sums = bench.signature(old, RABIN_KARP_BLAKE2)
    programs = bench.programs
    sigdelta = [programs.sigdelta, "delta", sums, new, "-o"]
    outputs = {
        "rdiff": bench.make("rdiff.delta", lambda out: programs.rdiff.delta(sums, new, out)),
        "ours": bench.make("ours.delta", lambda out: programs.ours.delta(sums, new, out)),
    }
    bench.check_deltas(f"sizes, {what}", old, new, outputs)
    outputs["sigdelta"] = bench.make("sigdelta.delta", lambda out: Command([*sigdelta, out]))
    bench.check_results(f"sizes, {what}", old, new, {"sigdelta": outputs["sigdelta"]})
    found = []
    for out in outputs.values():
        # Behind the commands is the number of stray bytes.
        found.append(Delta(out.stat().st_size, len(merged_commands(out)) - 1))
        out.unlink()
    return found
