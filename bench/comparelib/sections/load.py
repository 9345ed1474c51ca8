"""The server under load: pushes by 1, 16 and 64 clients at once, and what memory it takes."""

import base64
import hashlib
import http.client
import multiprocessing
import random
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from ..bench import Bench
from ..programs import Command
from ..tables import markdown
from .wire import server

TITLE = "The server under load"
CLIENTS = (1, 16, 64)
SECONDS, QUICK_SECONDS = 10, 1
FILE_LEN, EDITS = 1 << 20, 10
# Clients that share a process.
PROCESSES = 2

TEXT = """\
Each client has a file of 1 MiB on the server and replaces it by turns with one that differs in {edits} places and with the
first again: a PATCH with a librsync delta of {delta_len} bytes, which the server applies, verifies, writes to the disk (`fsync`) and
puts in place. Connections are kept. Clients and server share the two processors of this machine; {seconds} s each.

{table}
"""


def write(bench: Bench) -> str:
    seconds = QUICK_SECONDS if bench.quick else SECONDS
    versions, deltas = make_versions(bench)
    rows = []
    with tempfile.TemporaryDirectory() as root, server(bench.programs.sigdelta, root) as running:
        for clients in CLIENTS:
            for client in range(clients):
                Path(root, f"{clients}-{client}").write_bytes(versions[0])
            latencies = run_clients(running.address, clients, seconds, versions, deltas)
            bench.expect(len(latencies) >= clients, f"load of {clients}")
            latencies.sort()
            row = [f"{len(latencies) / seconds:.0f}", f"{len(latencies) * FILE_LEN / seconds / 1e6:.0f}"]
            row += [f"{1e3 * at:.1f}" for at in (median(latencies), latencies[len(latencies) * 99 // 100])]
            rows.append([str(clients), *row, f"{resident_mib(running.pid):.0f}"])
            print(f"load of {clients}: {len(latencies) / seconds:.0f} pushes a second", flush=True)
    header = ["clients", "pushes/s", "MB/s of files", "median ms", "99th percentile ms", "server's memory behind it, MiB"]
    return TEXT.format(edits=EDITS, delta_len=len(deltas[0]), seconds=seconds, table=markdown(header, rows))


def make_versions(bench: Bench) -> tuple[list[bytes], list[bytes]]:
    """Returns two files and the deltas from each to the other."""
    rng = random.Random(1)
    first = rng.randbytes(FILE_LEN)
    second = bytearray(first)
    for _ in range(EDITS):
        second[rng.randrange(FILE_LEN)] ^= 1
    paths = []
    for name, content in [("first", first), ("second", bytes(second))]:
        paths.append(bench.scratch / name)
        paths[-1].write_bytes(content)
    deltas = []
    for old, new in [paths, paths[::-1]]:
        sigdelta = bench.programs.sigdelta
        delta = bench.make("load.delta", lambda out: Command([sigdelta, "diff", "-b", "2048", "-fo", out, old, new]))
        deltas.append(delta.read_bytes())
    return [path.read_bytes() for path in paths], deltas


def run_clients(address: str, clients: int, seconds: float, versions, deltas) -> list[float]:
    with multiprocessing.Pool(min(clients, PROCESSES)) as pool:
        shares = [range(first, clients, PROCESSES) for first in range(min(clients, PROCESSES))]
        work = [(address, clients, share, seconds, versions, deltas) for share in shares]
        return [latency for found in pool.starmap(run_share, work) for latency in found]


def run_share(address: str, clients: int, share: range, seconds: float, versions, deltas) -> list[float]:
    """Runs some of the clients, each in a thread that mostly waits."""
    digests = [hashlib.sha256(version).digest() for version in versions]
    end = time.monotonic() + seconds

    def push(client: int) -> list[float]:
        connection = http.client.HTTPConnection(urlsplit(address).netloc)
        latencies, at = [], 0
        while time.monotonic() < end:
            etag = base64.urlsafe_b64encode(digests[at]).decode().rstrip("=")
            headers = {
                "Content-Type": "application/vnd.librsync.delta",
                "If-Match": f'"sha256-{etag}"',
                "Repr-Digest": f"sha-256=:{base64.b64encode(digests[1 - at]).decode()}:",
            }
            start = time.monotonic()
            connection.request("PATCH", f"/v1/o/{clients}-{client}", deltas[at], headers)
            reply = connection.getresponse()
            reply.read()
            if reply.status == 503:  # too much at once; it says so
                time.sleep(0.05)
                continue
            assert reply.status == 204, reply.status
            latencies.append(time.monotonic() - start)
            at = 1 - at
        return latencies

    with ThreadPoolExecutor(len(share)) as threads:
        return [latency for found in threads.map(push, share) for latency in found]


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
