"""Runs commands in turns and takes CPU time, wall time and peak memory of each."""

import ctypes
import math
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from .programs import OURS, Command

PR_SET_CHILD_SUBREAPER = 36
# Starts "$@" in the background, which waits for a line before it goes on, and says its process id.
STARTER = 'exec 3<&0; { read go <&3; exec "$@" 3<&-; } >/dev/null & echo $!'


@dataclass
class Case:
    """One thing to measure: the command of each contestant, and a check of what they wrote."""

    name: str
    # What counts as the bytes of work: one file for all, or one for each contestant.
    input: Path | dict[str, Path]
    commands: dict[str, Callable[[Path], Command]]
    check: Callable[[dict[str, Path]], str]
    # Rounds of those who do not take part in all.
    rounds: dict[str, int] = field(default_factory=dict)
    # Whoever takes more CPU time in the first round takes part in no other, and that one counts.
    patience_seconds: float = math.inf
    # Whoever is named here does not take part in the first round, whose outputs are checked.
    unchecked: frozenset[str] = frozenset()
    # Where outputs go, if not into memory; and whether those of the measured rounds go to /dev/null.
    folder: Path | None = None
    discard: bool = False


@dataclass(frozen=True)
class Sample:
    cpu_seconds: float
    wall_seconds: float
    peak_mib: float


@dataclass
class Measured:
    case: Case
    note: str = ""
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def input_len(self, name: str) -> int:
        input = self.case.input
        return (input[name] if isinstance(input, dict) else input).stat().st_size

    def cpu(self, name: str) -> list[float]:
        return [sample.cpu_seconds for sample in self.samples[name]]

    def wall(self, name: str) -> list[float]:
        return [sample.wall_seconds for sample in self.samples[name]]

    def peak_mib(self, name: str) -> float:
        return max(sample.peak_mib for sample in self.samples[name])

    def ratios(self, peer: str, ours: str = OURS) -> list[float]:
        """Returns the CPU time per byte of a peer by ours, for each round in which both took part."""
        share = self.input_len(ours) / self.input_len(peer)
        return [theirs / mine * share for theirs, mine in zip(self.cpu(peer), self.cpu(ours))]


def become_subreaper() -> None:
    """Makes this process the parent of what [`run`] leaves behind."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def measure(case: Case, rounds: int, scratch: Path) -> Measured:
    measured = Measured(case)
    names = list(case.commands)
    folder = case.folder or scratch
    outputs = {name: folder / f"{name.replace(', ', '-')}.out" for name in names}
    finished = set()
    for round_ in range(rounds + 1):
        turn = round_ % len(names)
        for name in names[turn:] + names[:turn]:
            takes_part = round_ <= case.rounds.get(name, rounds) if round_ else name not in case.unchecked
            if not takes_part or name in finished:
                continue
            discarded = case.discard and round_ > 0
            sample = run(case.commands[name](Path(os.devnull) if discarded else outputs[name]))
            if round_ == 0 and sample.cpu_seconds > case.patience_seconds:
                finished.add(name)
            if round_ > 0 or name in finished:  # The first round warms up.
                measured.samples.setdefault(name, []).append(sample)
        if round_ == 0:
            written = {name: out for name, out in outputs.items() if out.exists()}
            measured.note = case.check(written)
            measured.sizes = {name: out.stat().st_size for name, out in written.items()}
        for out in outputs.values():
            out.unlink(missing_ok=True)
    return measured


def run(command: Command) -> Sample:
    """Runs a command to its end.

    A child of this process would start with the RSS of this process as its peak. So a small shell
    starts it and ends, which leaves it to us, who are its subreaper; only then it may go on.
    """
    stdin, go = os.pipe()
    shell = ["/bin/sh", "-c", STARTER, "sh", *map(str, command.argv)]
    environment = {**os.environ, **command.environment}
    shell = subprocess.run(shell, stdin=stdin, stdout=subprocess.PIPE, env=environment, check=True)
    os.close(stdin)
    start = time.monotonic()
    os.write(go, b"\n")
    os.close(go)
    _, status, usage = os.wait4(int(shell.stdout), 0)
    wall_seconds = time.monotonic() - start
    if status != 0:
        sys.exit(f"exit status {os.waitstatus_to_exitcode(status)}: {' '.join(map(str, command.argv))}")
    return Sample(usage.ru_utime + usage.ru_stime, wall_seconds, usage.ru_maxrss / 1024)
