"""The C library: jobs in calls, as backup programs make them, against librsync's and our own file path."""

from pathlib import Path
from statistics import median

from ..bench import Bench, sha256
from ..deltas import merged_commands
from ..measure import Case
from ..programs import BLOCK_LEN, OURS, RABIN_KARP_BLAKE2, RDIFF, ROLLSUM_MD4, Command
from ..tables import mark, markdown, mb_per_second, peaks, spread

TITLE = "C library"
FILE = "FILE functions"
# Bytes of input and output in each call: those of burp, and of duplicity and rdiff-backup.
BURP, DUPLICITY = "16000", "65536"
# Of the speed of our file path, with calls as duplicity makes them.
LEAST_SHARE = 0.8

TEXT = """\
Jobs of librsync's API (`bench/jobs.c`) on librsync's library, that of the distribution, and on ours, one
thread: rollsum+MD4 with strong sums of 8 bytes, as backup programs ask for, and RabinKarp+BLAKE2 with whole
sums, in calls of so many bytes of input and output. "FILE" is our library's `rs_sig_file` and so on with the
same parameters: jobs in calls of {call} bytes are meant to reach {least} of its speed.

{table}
"""


def write(bench: Bench) -> str:
    results = [bench.measure(case) for case in cases(bench)]
    header = ["path", "MB", "librsync jobs, MB/s", "our jobs, MB/s", "our FILE, MB/s", "jobs, ours by librsync"]
    header += ["our jobs by FILE", "target", "peak MiB, librsync / ours"]
    rows = []
    for result in results:
        share = result.ratios(FILE)
        is_judged = result.case.name.endswith(DUPLICITY)
        target = f"at least {LEAST_SHARE}: {mark(median(share) >= LEAST_SHARE)}" if is_judged else "-"
        row = [result.case.name, f"{result.input_len(OURS) / 1e6:.1f}"]
        row += [mb_per_second(result, who) for who in (RDIFF, OURS, FILE)]
        rows.append([*row, spread(result.ratios(RDIFF)), spread(share), target, peaks(result, (RDIFF, OURS))])
    return TEXT.format(call=DUPLICITY, least=LEAST_SHARE, table=markdown(header, rows))


def cases(bench: Bench) -> list[Case]:
    found = []
    for kind, call in (ROLLSUM_MD4, BURP), (ROLLSUM_MD4, DUPLICITY), (RABIN_KARP_BLAKE2, DUPLICITY):
        jobs = Jobs(bench, kind, call)
        edits = bench.corpus.synthetic(bench.size, "edits")
        found.append(jobs.case("signature", edits / "old", "signature", kind, BLOCK_LEN, edits / "old"))
        pairs = {"same": "identical", "edits": "scattered edits", "different": "nothing matches"}
        for name, what in pairs.items():
            pair = bench.corpus.synthetic(bench.size, name)
            sums = jobs.signature(pair / "old")
            found.append(jobs.case(f"delta, {what}", pair / "new", "delta", sums, pair / "new"))
        delta = jobs.delta(edits)
        found.append(jobs.case("patch, scattered edits", edits / "new", "patch", edits / "old", delta))
    return found


class Jobs:
    """Jobs with one kind of signature and one size of calls."""

    def __init__(self, bench: Bench, kind: str, call: str):
        self.bench = bench
        self.kind = kind
        self.call = call
        ours = {"LD_LIBRARY_PATH": str(bench.programs.our_library.parent), "SIGDELTA_THREADS": "1"}
        self.environments = {RDIFF: {}, OURS: ours, FILE: ours}

    def case(self, what: str, input: Path, verb: str, *words) -> Case:
        name = f"{what}, {self.kind}, calls of {self.call}"

        def command(who: str):
            call = "file" if who == FILE else self.call
            return lambda out: self.command(who, call, verb, *words, out)

        def check(outputs: dict[str, Path]) -> str:
            meaning = merged_commands if verb == "delta" else sha256
            for who in RDIFF, FILE:
                self.bench.expect(meaning(outputs[OURS]) == meaning(outputs[who]), f"{name}: {who}")
            return "equal"

        return Case(name, input, {who: command(who) for who in self.environments}, check)

    def signature(self, old: Path) -> Path:
        """Returns librsync's signature with the parameters of the jobs."""
        words = ["signature", self.kind, BLOCK_LEN, old]
        name = f"jobs-{old.parent.name}-{self.kind}.sig"
        return self.bench.make(name, lambda out: self.command(RDIFF, DUPLICITY, *words, out))

    def delta(self, pair: Path) -> Path:
        words = ["delta", self.signature(pair / "old"), pair / "new"]
        name = f"jobs-{self.kind}.delta"
        return self.bench.make(name, lambda out: self.command(RDIFF, DUPLICITY, *words, out))

    def command(self, who: str, call: str, verb: str, *words) -> Command:
        return Command([self.bench.programs.jobs, verb, call, *words], self.environments[who])
