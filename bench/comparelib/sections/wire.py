"""What an upload over a network takes: our client and server, rsync and its daemon, rdiff's two files."""

import json
import shutil
import subprocess
import tempfile
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..bench import Bench, sha256_of_input
from ..programs import Program
from ..tables import ABSENT, mark, markdown

TITLE = "Bytes on the wire"
REAL = (
    "typescript-tar",
    "aws-sdk-tar",
    "numpy-tar",
    "esbuild-bin",
    "swc-node",
    "pandas-tar",
)
QUICK_REAL = ("typescript-tar",)
# What is to be reached at most by a layered push that does not have the old file.
MOST = {"typescript-tar": 12_000, "aws-sdk-tar": 150_000}
RSYNC_OPTIONS = {"rsync": [], "rsync -z": ["-z", "--zc=zstd", "--zl=9"]}
GZIP_LEVEL = 9
WAYS = {
    "push": [],
    "push --base": ["--base"],
    "push --method librsync": ["--method", "librsync"],
    "push --method full": ["--method", "full"],
}

TEXT = """\
Bytes in both directions of an upload, when the receiver has the old file of each pair: requests and replies as they
are on the socket, headers as well. `push` has the new file alone, `push --base` the old one, too. Server and clients run
on this machine; rsync 3 goes to its daemon (`-z` is zstd, level 9, the block length is its own). rdiff is the length of the signature
with its defaults and of the delta, compressed by gzip. After each upload the receiver's file was the new one.

{table}

Rounds are requests that a push waits for, one after the other; times in seconds are those of whole commands, one run.

{details}

{targets}
"""


def write(bench: Bench) -> str:
    rsync = shutil.which("rsync")
    names = QUICK_REAL if bench.quick else REAL
    pairs = [pair for pair in bench.corpus.real() if pair.name in names]
    header = ["pair", "new file", *WAYS, *RSYNC_OPTIONS, "rdiff"]
    rows, details, targets = [], [], []
    for pair in pairs:
        pushes = {way: push(bench, pair, options) for way, options in WAYS.items()}
        sizes = [str(wire(report)) for report, _ in pushes.values()]
        for options in RSYNC_OPTIONS.values():
            sizes.append(str(rsync_bytes(bench, pair, rsync, options)) if rsync else ABSENT)
        rows.append([pair.name, str((pair / "new").stat().st_size), *sizes, str(rdiff_bytes(bench, pair))])
        times = [f"{report['rounds']} / {seconds:.2f}" for report, seconds in pushes.values()]
        details.append([pair.name, *times])
        if pair.name in MOST:
            found, most = wire(pushes["push"][0]), MOST[pair.name]
            targets.append(f"{pair.name}: {found}, at most {most}: {mark(found <= most)}")
        print(f"wire, {pair.name}: done", flush=True)
    return TEXT.format(
        table=markdown(header, rows),
        details=markdown(["pair", *(f"{way}, rounds / s" for way in WAYS)], details),
        targets="Targets of `push`: " + "; ".join(targets) + "." if targets else "",
    )


def wire(report: dict) -> int:
    return report["sent_bytes"] + report["received_bytes"]


def push(bench: Bench, pair: Path, options: list[str]) -> tuple[dict, float]:
    """Uploads the new file to a server that has the old one; returns the report and the time taken."""
    options = [*options, pair / "old"] if options == ["--base"] else options
    with tempfile.TemporaryDirectory() as root:
        shutil.copy(pair / "old", Path(root, "file"))
        with server(bench.programs.sigdelta, root) as running:
            url = f"{running.address}/v1/o/file"
            command = [bench.programs.sigdelta, "push", pair / "new", url, "--json", *options]
            start = time.monotonic()
            output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
            seconds = time.monotonic() - start
        right = sha256_of_input(Path(root, "file")) == sha256_of_input(pair / "new")
        bench.expect(right, f"push of {pair.name} {options}")
    return json.loads(output), seconds


@dataclass(frozen=True)
class Server:
    address: str
    pid: int


@contextmanager
def server(sigdelta: Path, root: str):
    command = [sigdelta, "serve", "--root", root, "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield Server(process.stdout.readline().split()[-1], process.pid)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def rsync_bytes(bench: Bench, pair: Path, rsync: str, options: list[str]) -> int:
    """Uploads by rsync to a daemon of its own, and returns the bytes that its client counts."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        root.mkdir()
        shutil.copy(pair / "old", root / "file")
        config = Path(folder, "rsyncd.conf")
        config.write_text(f"use chroot = no\n[files]\npath = {root}\nread only = no\nuid = 0\ngid = 0\n")
        # The client starts the daemon and talks to it over a socket.
        daemon = f"{rsync} --daemon --server --config={config} ."
        command = [rsync, "-I", "--no-whole-file", "--stats", *options, pair / "new"]
        command += ["rsync://127.0.0.1/files/file"]
        environment = {"RSYNC_CONNECT_PROG": daemon, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        right = sha256_of_input(root / "file") == sha256_of_input(pair / "new")
        bench.expect(right, f"rsync of {pair.name} {options}")
    lines = [line for line in output.stdout.splitlines() if line.startswith("Total bytes ")]
    return sum(int(line.split(": ")[1].replace(",", "")) for line in lines)


def rdiff_bytes(bench: Bench, pair: Path) -> int:
    rdiff: Program = bench.programs.rdiff
    signature = bench.make("rdiff.sig", lambda out: rdiff.call("--force", "signature", pair / "old", out))
    delta = bench.make("rdiff.delta", lambda out: rdiff.delta(signature, pair / "new", out))
    total = signature.stat().st_size + len(zlib.compress(delta.read_bytes(), GZIP_LEVEL))
    signature.unlink()
    delta.unlink()
    return total
