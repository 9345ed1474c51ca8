"""What is compared: builds it, and knows how each program is called."""

import json
import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PEERS = ROOT / "bench/peers"
BLOCK_LEN = 2048
OURS, RDIFF, LIBRSYNC, FAST_RSYNC, CP = "ours", "rdiff", "librsync", "fast_rsync", "cp"
# Both are librsync's rdiff: that of the distribution, and one built here.
C_PEERS = (RDIFF, LIBRSYNC)
RABIN_KARP_BLAKE2 = "RabinKarp+BLAKE2"
ROLLSUM_BLAKE2 = "rollsum+BLAKE2"
ROLLSUM_MD4 = "rollsum+MD4"
# With whole strong sums, which are not the default of every librsync.
KIND_OPTIONS = {
    RABIN_KARP_BLAKE2: ["--rollsum=rabinkarp", "--hash=blake2", "--sum-size=32"],
    ROLLSUM_BLAKE2: ["--rollsum=rollsum", "--hash=blake2", "--sum-size=32"],
    ROLLSUM_MD4: ["--rollsum=rollsum", "--hash=md4", "--sum-size=16"],
}
# What SIGDELTA_SIMD takes, from the fastest, with its title and what /proc/cpuinfo must list.
AVX2_FLAGS = {"avx2", "bmi2"}
AVX512_FLAGS = AVX2_FLAGS | {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"}
LEVELS = {
    "avx512": ("AVX-512", AVX512_FLAGS),
    "avx2": ("AVX2", AVX2_FLAGS),
    "portable": ("portable", set()),
}


@dataclass(frozen=True)
class Command:
    argv: list
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """An rdiff, or something called like it."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)

    def signature(self, kind: str, old: Path, out: Path, block_len: int = BLOCK_LEN) -> Command:
        options = [f"--block-size={block_len}", *KIND_OPTIONS[kind]]
        return self.call("--force", *options, "signature", old, out)

    def delta(self, signature: Path, new: Path, out: Path) -> Command:
        return self.call("--force", "delta", signature, new, out)

    def patch(self, old: Path, delta: Path, out: Path) -> Command:
        return self.call("--force", "patch", old, delta, out)

    def call(self, *words) -> Command:
        return Command([self.path, *words], self.environment)


class FastRsync(Program):
    """bench/peers/src/fast_rsync.rs, which knows rollsum+MD4 only."""

    def signature(self, kind: str, old: Path, out: Path, block_len: int = BLOCK_LEN) -> Command:
        assert kind == ROLLSUM_MD4
        return self.call("signature", old, out, block_len)

    def delta(self, signature: Path, new: Path, out: Path) -> Command:
        return self.call("delta", signature, new, out)

    def patch(self, old: Path, delta: Path, out: Path) -> Command:
        return self.call("patch", old, delta, out)


@dataclass(frozen=True)
class Programs:
    """Everything that is compared, in a folder of its own, so that a build meanwhile changes nothing."""

    rdiff: Program
    librsync: Program
    fast_rsync: FastRsync
    # bench/peers/src/qbsdiff.rs.
    qbsdiff: Path
    # Ours, one thread, by level: from the fastest that the machine has.
    levels: dict[str, Program]
    sigdelta: Path
    # Runs jobs and FILE functions on whichever librsync.so.2 the loader finds; ours is in this folder.
    jobs: Path
    our_library: Path

    @property
    def ours(self) -> Program:
        return next(iter(self.levels.values()))

    def for_kind(self, kind: str) -> dict[str, Program]:
        """Returns the peers that know a kind of signature, and ours."""
        peers = {RDIFF: self.rdiff, LIBRSYNC: self.librsync}
        if kind == ROLLSUM_MD4:
            peers[FAST_RSYNC] = self.fast_rsync
        return {**peers, OURS: self.ours}

    def by_level(self) -> dict[str, Program]:
        """Returns ours at each level, the fastest as OURS."""
        return {contestant(level, self.levels): program for level, program in self.levels.items()}


def contestant(level: str, levels) -> str:
    """Returns the name under which a level of ours is measured."""
    return OURS if level == next(iter(levels)) else f"{OURS}, {level}"


def gather(
    folder: Path, rdiff: Path, librsync: Path | None, ours: Path | None, sigdelta: Path | None
) -> Programs:
    """Builds what is not given and copies everything into `folder`."""

    def copy(path: Path) -> Path:
        return Path(shutil.copy(path, Path(folder, path.name)))

    (folder / "peers").mkdir()
    commands = {} if ours and sigdelta else build(ROOT / "Cargo.toml", "-p", "sigdelta-cli")
    peers = build(PEERS / "Cargo.toml")
    our_rdiff = copy(ours or commands["rdiff"])
    levels = {
        level: Program(our_rdiff, {"SIGDELTA_SIMD": level, "SIGDELTA_THREADS": "1"})
        for level, (_, flags) in LEVELS.items()
        if flags <= cpu_flags()
    }
    built = folder / "peers/librsync-rdiff"
    if librsync:
        shutil.copy(librsync, built)
    else:
        build_vendored_rdiff(built)
    library = folder / "librsync.so.2"
    shutil.copy(build_library(), library)
    return Programs(
        rdiff=Program(Path(shutil.copy(rdiff, folder / "peers/rdiff"))),
        librsync=Program(built),
        fast_rsync=FastRsync(copy(peers["fast_rsync"])),
        qbsdiff=copy(peers["qbsdiff"]),
        levels=levels,
        sigdelta=copy(sigdelta or commands["sigdelta"]),
        jobs=build_jobs(folder / "jobs", library),
        our_library=library,
    )


def build(manifest: Path, *args) -> dict[str, Path]:
    """Builds a package for release and returns its executables by name."""
    artifacts = [message for message in cargo_build(manifest, *args) if message.get("executable")]
    return {artifact["target"]["name"]: Path(artifact["executable"]) for artifact in artifacts}


def cargo_build(manifest: Path, *args) -> list[dict]:
    command = ["cargo", "build", "--release", "--message-format=json-render-diagnostics"]
    command += ["--manifest-path", manifest, *args]
    messages = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    return list(map(json.loads, messages))


def build_library() -> Path:
    """Builds the C library by itself, as it is shipped."""
    messages = cargo_build(ROOT / "Cargo.toml", "-p", "sigdelta-librsync")
    files = [name for message in messages for name in message.get("filenames", [])]
    return next(Path(name) for name in files if name.endswith("librsync.so"))


def build_jobs(out: Path, library: Path) -> Path:
    """Links with ours, which has the same name for the loader as librsync's."""
    command = ["cc", "-O2", "-I", ROOT / "include", "-o", out, ROOT / "bench/jobs.c", library]
    subprocess.run(command, check=True)
    return out


def build_vendored_rdiff(out: Path) -> None:
    """Builds librsync's own rdiff from the C sources in the crate librsync-sys: -O3, no trace.

    Cargo has the crate as an optional dependency that is never compiled. Its sources are LGPL and stay
    where Cargo keeps them.
    """
    command = ["cargo", "metadata", "--format-version=1", "--all-features", "--locked"]
    command += ["--manifest-path", PEERS / "Cargo.toml"]
    packages = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)["packages"]
    crate = next(package for package in packages if package["name"] == "librsync-sys")
    source = Path(crate["manifest_path"]).parent / "librsync"
    config = source / "static" / host_target()
    if not (config / "config.h").is_file():
        raise SystemExit(f"librsync-sys knows no {config.name}: give an rdiff with --librsync")
    command = ["cc", "-O3", "-w", "-DNDEBUG", "-DSTDC_HEADERS=1", "-DLIBRSYNC_STATIC_DEFINE"]
    command += ["-I", config, "-I", source / "src", "-I", source / "src/blake2", "-o", out]
    command += [*sorted((source / "src").glob("*.c")), source / "src/blake2/blake2b-ref.c", "-lpopt"]
    subprocess.run(command, check=True)


def host_target() -> str:
    version = subprocess.run(["rustc", "-vV"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return re.search(r"host: (\S+)", version)[1]


def cpu_flags() -> set[str]:
    flags = re.search(r"^flags\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return set(flags[1].split()) if flags else set()


def locked_version(package_name: str) -> str:
    lock = tomllib.loads((PEERS / "Cargo.lock").read_text())
    return next(package["version"] for package in lock["package"] if package["name"] == package_name)


def first_line(*command) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")[0]
