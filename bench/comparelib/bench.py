"""What the sections share: programs, files, checks, and the results so far."""

import hashlib
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from statistics import median

from .corpus import Corpus
from .deltas import merged_commands
from .measure import Case, Measured, measure
from .programs import BLOCK_LEN, C_PEERS, FAST_RSYNC, OURS, Command, Program, Programs, first_line

# Before 2.3.3 librsync cut literals at 32768 bytes or less; since then at 65533, as we do.
OLD_MAX_LITERAL = 32768


class Bench:
    def __init__(self, programs: Programs, corpus: Corpus, scratch: Path, rounds: int, size: str, quick: bool):
        self.programs = programs
        self.corpus = corpus
        # In memory, if the machine has a tmpfs.
        self.scratch = scratch
        self.rounds = rounds
        self.size = size
        self.quick = quick
        self.failures: list[str] = []
        self.results: list[Measured] = []
        # By their paths beside BENCHMARKS.md.
        self.pictures: dict[Path, str] = {}
        self.signatures: dict[tuple[Path, str, int], Path] = {}

    def expect(self, condition: bool, what: str) -> None:
        if not condition:
            self.failures.append(what)
            print(f"DIFFERS: {what}", file=sys.stderr)

    def measure(self, case: Case) -> Measured:
        measured = measure(case, self.rounds, self.scratch)
        self.results.append(measured)
        peers = [peer for peer in C_PEERS if peer in measured.samples and OURS in measured.samples]
        ratios = [f"{median(measured.ratios(peer)):.2f} times {peer}" for peer in peers]
        print(f"{case.name}: {', '.join(ratios) or 'done'}", file=sys.stderr, flush=True)
        return measured

    # Files that sections need

    def make(self, name: str, command_to) -> Path:
        """Runs the command that writes to the path it is given, and returns that path."""
        out = self.scratch / name
        execute(command_to(out))
        return out

    def signature(self, old: Path, kind: str, block_len: int = BLOCK_LEN) -> Path:
        """Returns librsync's signature, once for each file, and checks ours against it."""
        key = (old, kind, block_len)
        if key not in self.signatures:
            theirs = self.scratch / f"{len(self.signatures)}.sig"
            ours = self.scratch / "ours.sig"
            execute(self.programs.rdiff.signature(kind, old, theirs, block_len))
            execute(self.programs.ours.signature(kind, old, ours, block_len))
            self.expect(sha256(theirs) == sha256(ours), f"signature of {old.parent.name}, {kind}")
            ours.unlink()
            self.signatures[key] = theirs
        return self.signatures[key]

    # Cases

    def signature_case(self, old: Path, kind: str, programs: dict[str, Program], **options) -> Case:
        name = f"signature, {kind}"

        def check(outputs: dict[str, Path]) -> str:
            for program in outputs:
                self.expect(sha256(outputs[program]) == sha256(outputs[OURS]), f"{name}: {program}")
            return "equal"

        def command(program: Program):
            return lambda out: program.signature(kind, old, out)

        return Case(name, old, {who: command(program) for who, program in programs.items()}, check, **options)

    def delta_case(self, pair: Path, what: str, kind: str, programs: dict[str, Program], **options) -> Case:
        old, new = pair / "old", pair / "new"
        name = f"delta, {what}, {kind}"
        signature = self.signature(old, kind)

        def command(program: Program):
            return lambda out: program.delta(signature, new, out)

        def check(outputs: dict[str, Path]) -> str:
            return self.check_deltas(name, old, new, outputs)

        return Case(name, new, {who: command(program) for who, program in programs.items()}, check, **options)

    def check_deltas(self, name: str, old: Path, new: Path, outputs: dict[str, Path]) -> str:
        """Checks that deltas are right, and that all but fast_rsync's say the same."""
        self.check_results(name, old, new, outputs)
        alike = {who: delta for who, delta in outputs.items() if who != FAST_RSYNC}
        digests = {who: sha256(delta) for who, delta in alike.items()}
        if len(set(digests.values())) == 1:
            return "equal"
        ours = merged_commands(outputs[OURS])
        long_literal = any(len(command) == 1 and command[0] > OLD_MAX_LITERAL for command in ours)
        for who, delta in alike.items():
            if digests[who] != digests[OURS]:
                may_differ = who in C_PEERS and long_literal and self.cuts_literals_shorter(who)
                self.expect(may_differ and merged_commands(delta) == ours, f"{name}: {who}")
        return "equal but for literals"

    def check_results(self, name: str, old: Path, new: Path, deltas: dict[str, Path]) -> None:
        """Checks that librsync's rdiff makes the new file from each of the deltas."""
        right = set()
        for who, delta in deltas.items():
            digest = sha256(delta)
            if digest not in right:
                result = self.make("result", lambda out: self.programs.rdiff.patch(old, delta, out))
                equal = sha256(result) == sha256_of_input(new)
                self.expect(equal, f"{name}: result of the delta of {who}")
                result.unlink()
                right.add(digest)

    def cuts_literals_shorter(self, who: str) -> bool:
        """Tells whether a librsync is old. An unknown version is held to the strict rule."""
        program = {"rdiff": self.programs.rdiff, "librsync": self.programs.librsync}[who]
        version = re.search(r"librsync (\d+)\.(\d+)\.(\d+)", first_line(program.path, "--version"))
        return bool(version) and tuple(map(int, version.groups())) < (2, 3, 3)


def execute(command: Command) -> None:
    subprocess.run(list(map(str, command.argv)), env={**os.environ, **command.environment}, check=True)


def sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# For inputs, which nothing rewrites.
sha256_of_input = cache(sha256)
