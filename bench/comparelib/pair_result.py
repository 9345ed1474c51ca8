"""What was measured on one pair of files: making and applying patches, by program."""

import json
import mmap
import subprocess
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .measure import Measured
from .tables import ABSENT

# Bytes that are compared at a time to tell what changed.
PIECE_LEN = 4096
# What remains at least when the start of an interpreter is taken off, which varies a little.
LEAST_SECONDS = 0.001


@dataclass(frozen=True)
class PairResult:
    name: str
    making: Measured
    applying: Measured
    # See `changed_bytes`.
    changed_len: int
    # CPU time of starting, which is left out, by program.
    start_seconds: dict[str, float]
    # Programs that are there and were left out.
    not_run: frozenset[str]

    @property
    def new_len(self) -> int:
        return self.making.case.input.stat().st_size

    def has(self, *who: str) -> bool:
        return all(name in self.making.samples for name in who)

    def absence(self, who: str) -> str:
        return "not run" if who in self.not_run else ABSENT

    def size(self, who: str) -> int:
        """Returns the bytes of the patch."""
        return self.making.sizes[who]

    def making_seconds(self, who: str) -> float:
        return self.seconds(self.making, who)

    def applying_seconds(self, who: str) -> float:
        return self.seconds(self.applying, who)

    def seconds(self, measured: Measured, who: str) -> float:
        """Returns the CPU time by the median."""
        return max(median(measured.cpu(who)) - self.start_seconds.get(who, 0), LEAST_SECONDS)

    def making_speed(self, who: str) -> float:
        """Returns 10^6 bytes of the new file per second of CPU time."""
        return self.new_len / 1e6 / self.making_seconds(who)

    def applying_speed(self, who: str) -> float:
        return self.new_len / 1e6 / self.applying_seconds(who)


def changed_bytes(sigdelta: Path, patch: Path, old: Path, new: Path) -> int:
    """Returns how many bytes of the new file are new, or in a piece of PIECE_LEN bytes with changes.

    The patch, one whose stretches `sigdelta inspect` tells, says which bytes of the old file belong to which of
    the new one; the files themselves say whether they are equal.
    """
    inspect = [sigdelta, "inspect", "--basis", old, "--commands", "--json", patch]
    lines = subprocess.run(inspect, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    *stretches, summary = map(json.loads, lines)
    if sum(stretch["len"] for stretch in stretches) != summary["result_bytes"]:
        raise ValueError(f"{patch}: its stretches are not the whole file")
    with open(old, "rb") as old_file, open(new, "rb") as new_file:
        olds = mmap.mmap(old_file.fileno(), 0, prot=mmap.PROT_READ)
        news = mmap.mmap(new_file.fileno(), 0, prot=mmap.PROT_READ)
        with olds, news:
            return sum(changed_in(stretch, olds, news) for stretch in stretches)


def changed_in(stretch: dict, olds: mmap.mmap, news: mmap.mmap) -> int:
    if stretch["op"] == "literal":
        return stretch["len"]
    if stretch["changed"] == 0:
        return 0
    changed = 0
    for offset in range(0, stretch["len"], PIECE_LEN):
        len_ = min(PIECE_LEN, stretch["len"] - offset)
        before, after = stretch["position"] + offset, stretch["start"] + offset
        if olds[before : before + len_] != news[after : after + len_]:
            changed += len_
    return changed
