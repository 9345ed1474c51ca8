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
# What is to be reached at most by a layered push that does not have the old file: bytes, or elsewhere what the
# best of these takes, which make one round.
ONE_ROUND = ("push --method librsync", "rsync", "rsync -z", "rdiff")
MOST = {"typescript-tar": 12_000, "aws-sdk-tar": 150_000}
RSYNC_OPTIONS = {"rsync": [], "rsync -z": ["-z", "--zc=zstd", "--zl=9"]}
GZIP_LEVEL = 9
WAYS = {
    "push": [],
    "push --level max": ["--level", "max"],
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

The same for `pull`, when the server has the new file and the client the old one: by the client's signature of what it has, and
by the patch of two files if the server runs with `--keep-versions 1`.

{pulls}

Rounds are requests that a push waits for, one after the other; times in seconds are those of whole commands, one run.

{details}

{targets}
"""


def write(bench: Bench) -> str:
    rsync = shutil.which("rsync")
    names = QUICK_REAL if bench.quick else REAL
    pairs = [pair for pair in bench.corpus.real() if pair.name in names]
    header = ["pair", "new file", *WAYS, *RSYNC_OPTIONS, "rdiff"]
    rows, pulls, details, targets = [], [], [], []
    for pair in pairs:
        pushes = {way: push(bench, pair, options) for way, options in WAYS.items()}
        sizes = {way: wire(report) for way, (report, _) in pushes.items()}
        for name, options in RSYNC_OPTIONS.items():
            sizes[name] = rsync_bytes(bench, pair, rsync, options) if rsync else None
        sizes["rdiff"] = rdiff_bytes(bench, pair)
        texts = [ABSENT if size is None else str(size) for size in sizes.values()]
        rows.append([pair.name, str((pair / "new").stat().st_size), *texts])
        pulled = [pull(bench, pair, kept) for kept in (0, 1)]
        cells = [f"{wire(report)} / {seconds:.2f} s" for report, seconds in pulled]
        pulls.append([pair.name, *cells])
        times = [f"{report['rounds']} / {seconds:.2f}" for report, seconds in pushes.values()]
        details.append([pair.name, *times])
        found, most = sizes["push"], MOST.get(pair.name)
        if most is None:
            most = min(sizes[way] for way in ONE_ROUND if sizes[way] is not None)
        targets.append(f"{pair.name}: {found}, at most {most}: {mark(found <= most)}")
        print(f"wire, {pair.name}: done", flush=True)
    return TEXT.format(
        table=markdown(header, rows),
        pulls=markdown(["pair", "pull", "pull, old version kept"], pulls),
        details=markdown(["pair", *(f"{way}, rounds / s" for way in WAYS)], details),
        targets="Targets of `push`: " + "; ".join(targets) + ".",
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


def pull(bench: Bench, pair: Path, kept: int) -> tuple[dict, float]:
    """Brings the old file up to date; returns the report and the time taken."""
    with tempfile.TemporaryDirectory() as folder:
        root, copy = Path(folder, "root"), Path(folder, "copy")
        root.mkdir()
        shutil.copy(pair / "old", root / "file")
        shutil.copy(pair / "old", copy)
        sigdelta = bench.programs.sigdelta
        with server(sigdelta, str(root), ["--keep-versions", str(kept)]) as running:
            url = f"{running.address}/v1/o/file"
            subprocess.run([sigdelta, "push", "-q", "--method", "full", pair / "new", url], check=True)
            start = time.monotonic()
            command = [sigdelta, "pull", url, copy, "--json"]
            output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
            seconds = time.monotonic() - start
        right = sha256_of_input(copy) == sha256_of_input(pair / "new")
        bench.expect(right, f"pull of {pair.name}, {kept} versions kept")
    return json.loads(output), seconds


@dataclass(frozen=True)
class Server:
    address: str
    pid: int


@contextmanager
def server(sigdelta: Path, root: str, options: list[str] = ()):
    command = [sigdelta, "serve", "--root", root, "--listen", "127.0.0.1:0", *options]
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
