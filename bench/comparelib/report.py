"""BENCHMARKS.md around its sections."""

import datetime
import re

from . import machine
from .bench import Bench
from .programs import (
    BLOCK_LEN,
    FAST_RSYNC,
    LEVELS,
    LIBRSYNC,
    RDIFF,
    ROOT,
    first_line,
    locked_version,
)
from .sections import SECTIONS
from .tables import slower

# Words of ours on what the figures mean, which are no part of a run.
NOTES = ROOT / "bench/notes.md"

HEAD = """\
# Benchmarks

This file is written by `bench/compare`, which checks what the programs write before it measures them. No
speed is claimed but for the paths in these tables, on this one machine.

- Date: {date}
- Machine: {machine}
- ours: `{ours}`, {built}; levels of SIMD here: {levels}
- rdiff: `{rdiff}`, of the distribution
- librsync: `{librsync}`, {librsync_from}
- fast_rsync: crate {fast_rsync}, as the command in `bench/peers`, release build by {rustc}
- cp: `{cp}`

{librsync_note}

Regenerate with

```
bench/corpus/fetch.sh bench/corpus/data
bench/compare --rounds {rounds} --size {size}
```

## How to read it

- Whole processes are measured: start, reading, hashing, search, writing. Files are in the page
  cache; outputs go to {outputs} unless a section says otherwise. Block length {block_len}, whole strong sums.
- MB/s = 10^6 bytes of the new file (for signatures: of the old one) per second of CPU time, user and
  system together; medians of {rounds} rounds, in which the programs take turns, after one that warms up and
  whose outputs are checked.
- A ratio is the CPU time of the peer divided by ours in the same round, as minimum / median /
  maximum: above 1 we take less. The machine is shared with other work, so that absolute speeds vary
  from run to run: quote ratios, not MB/s.
- Starting a process is part of it and weighs more for the small files.
- Peak MiB is the maximum resident set. fast_rsync takes whole files as slices; its command maps
  them, and mapped pages count.
- Signatures are byte for byte those of librsync. Deltas are, too, unless a run of literal bytes is so long
  that librsync before 2.3.3 cuts it up differently; then they are compared with the pieces joined. Every delta
  was applied by librsync's rdiff and gave the new file, or says the same as librsync's own, unless a
  section says how it was checked.
- fast_rsync knows rollsum+MD4 only.
- Not measured: cold caches, block lengths other than those named, other machines.
"""

TAIL = """\
## Where ours is slower

By the median of the ratios, which is in parentheses; a few percent are within the noise:

- than rdiff: {slower_rdiff}
- than librsync: {slower_librsync}
- than fast_rsync: {slower_fast_rsync}
"""

VENDORED = "built with -O3 and without trace from the sources in the crate librsync-sys {version}"
GIVEN_NOTE = """\
`bench/build-librsync OUT` builds the newest one that a package index has, for `--librsync OUT`."""
VENDORED_NOTE = """\
The sources in that crate call themselves {version} and are not librsync's newest release. Ours is held against
both C programs in every target, so that the faster one counts."""


def report(bench: Bench, args, sections: dict[str, str], on_tmpfs: bool) -> str:
    parts = [head(bench, args, on_tmpfs)]
    parts += [f"## {SECTIONS[name].TITLE}\n\n{text}" for name, text in sections.items()]
    if NOTES.is_file():
        parts.append(NOTES.read_text())
    tail = {f"slower_{peer}": slower(bench.results, peer) for peer in (RDIFF, LIBRSYNC, FAST_RSYNC)}
    return "\n".join([*parts, TAIL.format(**tail)])


def head(bench: Bench, args, on_tmpfs: bool) -> str:
    programs = bench.programs
    rustc = first_line("rustc", "--version").split(" (")[0]
    librsync = first_line(programs.librsync.path, "--version")
    version = re.search(r"\d+(\.\d+)+", librsync)
    vendored = VENDORED.format(version=locked_version("librsync-sys"))
    return HEAD.format(
        date=datetime.date.today(),
        machine=machine.describe(),
        ours=first_line(programs.ours.path, "--version"),
        built="given with --ours" if args.ours else f"release build by {rustc}",
        levels=", ".join(LEVELS[level][0] for level in programs.levels),
        rustc=rustc,
        rdiff=first_line(programs.rdiff.path, "--version"),
        librsync=librsync,
        librsync_from="given with --librsync" if args.librsync else vendored,
        librsync_note=GIVEN_NOTE if args.librsync else VENDORED_NOTE.format(version=version[0]),
        fast_rsync=locked_version("fast_rsync"),
        cp=first_line("cp", "--version"),
        rounds=bench.rounds,
        size=bench.size,
        outputs="memory (tmpfs)" if on_tmpfs else "a temporary folder on disk",
        block_len=BLOCK_LEN,
    )
