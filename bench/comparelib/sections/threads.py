"""Wall time of one thread against two."""

import os
from pathlib import Path
from statistics import median
from typing import Callable

from ..bench import Bench, sha256
from ..corpus import size_in_words
from ..machine import cores
from ..measure import Case
from ..programs import RABIN_KARP_BLAKE2, Command, Program
from ..tables import mark, markdown, spread

TITLE = "Threads"
ONE, TWO = "one thread", "two threads"
NUMBERS = {ONE: "1", TWO: "2"}
LEAST_GAIN = 1.8

TEXT = """\
Wall time, files of {size}, RabinKarp+BLAKE2: `rdiff` with `SIGDELTA_THREADS` 1 and 2, `sigdelta` with `-T 1`
and `-T 2`, in turns. Both write the same bytes. The target is {least} times the speed by two threads. Where the
output is long, writing it is done by one of them; "to /dev/null" leaves it out.

The machine shows {cores}.
Its load average before these runs was {load}: wall time means little if anything else runs.

{table}
"""


def write(bench: Bench) -> str:
    load = os.getloadavg()[0]
    results = [bench.measure(case) for case in cases(bench)]
    header = ["path", "MB", "one thread, s", "two threads, s", "wall time, one by two", "target"]
    header += ["CPU time, two by one"]
    rows = []
    for result in results:
        gain = [one / two for one, two in zip(result.wall(ONE), result.wall(TWO))]
        cost = [two / one for one, two in zip(result.cpu(ONE), result.cpu(TWO))]
        rows.append([
            result.case.name,
            f"{result.input_len(ONE) / 1e6:.1f}",
            *(f"{median(result.wall(who)):.3f}" for who in (ONE, TWO)),
            spread(gain),
            f"at least {LEAST_GAIN}: {mark(median(gain) >= LEAST_GAIN)}",
            f"{median(cost):.2f}",
        ])
    table = markdown(header, rows)
    size = size_in_words(bench.size)
    return TEXT.format(size=size, least=LEAST_GAIN, cores=cores(), load=f"{load:.1f}", table=table)


def cases(bench: Bench) -> list[Case]:
    same = bench.corpus.synthetic(bench.size, "same")
    different = bench.corpus.synthetic(bench.size, "different")
    programs = {
        who: Program(bench.programs.ours.path, {"SIGDELTA_THREADS": number})
        for who, number in NUMBERS.items()
    }

    def signature(program: Program):
        return lambda out: program.signature(RABIN_KARP_BLAKE2, same / "old", out)

    commands = {who: signature(program) for who, program in programs.items()}
    sums = bench.signature(same / "old", RABIN_KARP_BLAKE2)

    def check(name: str, out: Path) -> None:
        bench.expect(sha256(out) == sha256(sums), name)

    return [
        case(bench, "rdiff signature", same / "old", commands, check),
        rdiff_delta(bench, "identical", same, programs),
        rdiff_delta(bench, "nothing matches", different, programs),
        rdiff_delta(bench, "nothing matches, to /dev/null", different, programs, discard=True),
        sigdelta_delta(bench, "identical", same),
        sigdelta_delta(bench, "nothing matches", different),
    ]


def rdiff_delta(bench: Bench, what: str, pair: Path, programs: dict[str, Program], **options) -> Case:
    new, sum_file = pair / "new", bench.signature(pair / "old", RABIN_KARP_BLAKE2)

    def command(program: Program):
        return lambda out: program.delta(sum_file, new, out)

    commands = {who: command(program) for who, program in programs.items()}
    return case(bench, f"rdiff delta, {what}", new, commands, result_check(bench, pair), **options)


def sigdelta_delta(bench: Bench, what: str, pair: Path) -> Case:
    new, sum_file = pair / "new", bench.signature(pair / "old", RABIN_KARP_BLAKE2)

    def command(number: str):
        words = [bench.programs.sigdelta, "delta", "-T", number, sum_file, new, "-o"]
        return lambda out: Command([*words, out])

    commands = {who: command(number) for who, number in NUMBERS.items()}
    return case(bench, f"sigdelta delta, {what}", new, commands, result_check(bench, pair))


def result_check(bench: Bench, pair: Path):
    def check(name: str, delta: Path) -> None:
        bench.check_results(name, pair / "old", pair / "new", {ONE: delta})

    return check


def case(bench: Bench, name: str, input: Path, commands: dict, check_one: Callable, **options) -> Case:
    def check(outputs: dict[str, Path]) -> str:
        check_one(name, outputs[ONE])
        bench.expect(sha256(outputs[ONE]) == sha256(outputs[TWO]), f"{name}: two threads")
        return "equal"

    return Case(name, input, commands, check, **options)
