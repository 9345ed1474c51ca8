"""Deltas between consecutive releases of real packages."""

from ..bench import Bench
from ..programs import FAST_RSYNC, LIBRSYNC, OURS, RABIN_KARP_BLAKE2, RDIFF, ROLLSUM_MD4
from ..tables import speed_table

TITLE = "Real packages"

TEXT = """\
Consecutive releases of real packages (`bench/corpus/fetch.sh`), one thread. fast_rsync follows rules of its own
in the search: its deltas differ in size. "equal but for literals" says that a run of literal bytes was so
long that librsync before 2.3.3 cuts it up differently.

{table}
"""


def write(bench: Bench) -> str:
    results = []
    for pair in bench.corpus.real():
        for kind in RABIN_KARP_BLAKE2, ROLLSUM_MD4:
            programs = bench.programs.for_kind(kind)
            results.append(bench.measure(bench.delta_case(pair, pair.name, kind, programs)))
    if not results:
        return "None in the corpus folder of this run.\n"
    who = (RDIFF, LIBRSYNC, FAST_RSYNC, OURS)
    return TEXT.format(table=speed_table(results, who, with_deltas=True))
