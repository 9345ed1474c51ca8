"""Programs that see both files: how each makes a patch and applies it."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable

from .programs import PEERS, RDIFF, Command, Programs, first_line, locked_version

FAST, DEFAULT, MAX, FLAT = "ours, fast", "ours, default", "ours, max", "ours, flat"
ZSTD_3, ZSTD_19, XDELTA3 = "zstd -3", "zstd -19", "xdelta3 -9"
BSDIFF, QBSDIFF, HDIFFPATCH = "bsdiff", "qbsdiff", "HDiffPatch"
# In the order of tables. The last two write and read librsync's format.
LAYERED = (FAST, DEFAULT, MAX)
PEERS_OF_LAYERED = (ZSTD_3, ZSTD_19, XDELTA3, BSDIFF, QBSDIFF, HDIFFPATCH)
DIFFERS = (*LAYERED, *PEERS_OF_LAYERED, FLAT, RDIFF)

HDIFF_SCRIPT, HDIFF_REQUIREMENTS = PEERS / "hdiff.py", PEERS / "requirements.txt"
HDIFF_FOLDER = PEERS / "target/venv"
# Both steps, since a program that sees both files does the work of both.
RDIFF_BOTH_STEPS = '"$1" signature "$2" | "$1" --force delta - "$3" "$4"'


@dataclass(frozen=True)
class Differ:
    what: str
    # From old and new file, and where the patch goes.
    make: Callable[[Path, Path, Path], Command]
    # From old file and patch, and where the new file goes.
    apply: Callable[[Path, Path, Path], Command]
    # Does nothing but start, where that takes an interpreter time which the program is not charged with.
    start: Command | None = None


def find_differs(programs: Programs) -> tuple[dict[str, Differ], list[str]]:
    """Returns the programs that are there, and notes on those that are not. May install one."""
    finders = {
        ZSTD_3: partial(zstd, 3),
        ZSTD_19: partial(zstd, 19),
        XDELTA3: xdelta3,
        BSDIFF: bsdiff,
        QBSDIFF: partial(qbsdiff, programs),
        HDIFFPATCH: hdiffpatch,
        FLAT: partial(flat, programs),
        RDIFF: partial(rdiff, programs),
    }
    finders |= {level: partial(layered, programs, level) for level in LAYERED}
    found, missing = {}, []
    for name in DIFFERS:
        try:
            found[name] = finders[name]()
        except FileNotFoundError as error:
            missing.append(f"{name}: {error}")
            print(missing[-1], file=sys.stderr, flush=True)
    return found, missing


# Ours


def layered(programs: Programs, name: str) -> Differ:
    level = name.removeprefix("ours, ")

    def make(old: Path, new: Path, out: Path) -> Command:
        return Command([programs.sigdelta, "diff", "--level", level, "-T", "1", old, new, "-o", out])

    return Differ(f"`sigdelta diff --level {level} -T 1`", make, partial(sigdelta_patch, programs))


def flat(programs: Programs) -> Differ:
    def make(old: Path, new: Path, out: Path) -> Command:
        return Command([programs.sigdelta, "diff", "--format", "librsync", "-T", "1", old, new, "-o", out])

    what = "`sigdelta diff --format librsync -T 1`, for every librsync to apply"
    return Differ(what, make, partial(sigdelta_patch, programs))


def sigdelta_patch(programs: Programs, old: Path, patch: Path, out: Path) -> Command:
    return Command([programs.sigdelta, "patch", "-T", "1", old, patch, "-o", out])


# Peers


def rdiff(programs: Programs) -> Differ:
    def make(old: Path, new: Path, out: Path) -> Command:
        return Command(["/bin/sh", "-c", RDIFF_BOTH_STEPS, "sh", programs.rdiff.path, old, new, out])

    what = f"`rdiff signature` and `rdiff delta`, {first_line(programs.rdiff.path, '--version')}, all defaults"
    return Differ(what, make, programs.rdiff.patch)


def zstd(level: int) -> Differ:
    path = command_of("zstd")
    options = ["-qq", "--force", "--long=31"]

    def make(old: Path, new: Path, out: Path) -> Command:
        return Command([path, f"-{level}", *options, f"--patch-from={old}", new, "-o", out])

    def apply(old: Path, patch: Path, out: Path) -> Command:
        return Command([path, "--decompress", *options, f"--patch-from={old}", patch, "-o", out])

    return Differ(f"`zstd -{level} --patch-from --long=31`, {package_version('zstd')}", make, apply)


def xdelta3() -> Differ:
    path = command_of("xdelta3")

    def make(old: Path, new: Path, out: Path) -> Command:
        return Command([path, "-e", "-9", "-f", "-s", old, new, out])

    def apply(old: Path, patch: Path, out: Path) -> Command:
        return Command([path, "-d", "-f", "-s", old, patch, out])

    return Differ(f"`xdelta3 -9`, {package_version('xdelta3')}", make, apply)


def bsdiff() -> Differ:
    diff, patch_ = command_of("bsdiff"), command_of("bspatch", package="bsdiff")

    def make(old: Path, new: Path, out: Path) -> Command:
        return Command([diff, old, new, out])

    def apply(old: Path, patch: Path, out: Path) -> Command:
        return Command([patch_, old, out, patch])

    return Differ(f"`bsdiff`, {package_version('bsdiff')}", make, apply)


def qbsdiff(programs: Programs) -> Differ:
    def make(old: Path, new: Path, out: Path) -> Command:
        return Command([programs.qbsdiff, "diff", old, new, out])

    def apply(old: Path, patch: Path, out: Path) -> Command:
        return Command([programs.qbsdiff, "patch", old, patch, out])

    what = f"crate {locked_version('qbsdiff')}, as the command in `bench/peers`, one thread"
    return Differ(what, make, apply)


def hdiffpatch() -> Differ:
    python = install_hdiffpatch()

    def make(old: Path, new: Path, out: Path) -> Command:
        return Command([python, HDIFF_SCRIPT, "diff", old, new, out])

    def apply(old: Path, patch: Path, out: Path) -> Command:
        return Command([python, HDIFF_SCRIPT, "patch", old, patch, out])

    what = "Python package {}, by `bench/peers/hdiff.py`: zstd level 21, no check of the patch, else defaults"
    start = Command([python, "-c", "import hdiffpatch"])
    return Differ(what.format(requirement().partition("==")[2]), make, apply, start)


def install_hdiffpatch() -> Path:
    """Returns the Python that has the package, in an environment of its own."""
    python = HDIFF_FOLDER / "bin/python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", HDIFF_FOLDER], stdout=sys.stderr, check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--requirement", HDIFF_REQUIREMENTS], stdout=sys.stderr, check=True)
    except subprocess.CalledProcessError as error:
        raise FileNotFoundError(f"no {requirement()} by pip") from error
    return python


def requirement() -> str:
    lines = HDIFF_REQUIREMENTS.read_text().splitlines()
    return next(line for line in lines if not line.startswith("#"))


def command_of(name: str, package: str | None = None) -> str:
    path = shutil.which(name)
    if not path:
        raise FileNotFoundError(f"no {name}, which is in Debian's package {package or name}")
    return path


def package_version(package: str) -> str:
    """Returns what the distribution calls it: not all of these programs tell their versions."""
    if not shutil.which("dpkg-query"):
        return "of the distribution"
    query = ["dpkg-query", "--show", "--showformat=${Version}", package]
    version = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return f"{version} of the distribution" if version else "not of the distribution"
