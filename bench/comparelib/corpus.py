"""Pairs of files: synthetic ones, made when they are missing, and real ones, taken if they are there."""

import subprocess
import sys
from pathlib import Path

from .programs import ROOT

GENERATORS = ROOT / "bench/corpus"
MIB = 1 << 20
# Blocks that gen-adversarial.py makes.
COLLIDING_BLOCKS = 1000


def parse_size(text: str) -> int:
    """Reads a size as gen-synthetic.py does, whole numbers only."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    unit = units.get(text[-1].upper())
    return int(text[:-1]) * unit if unit else int(text)


def size_in_words(text: str) -> str:
    return f"{text[:-1]} {text[-1].upper()}iB" if text[-1].isalpha() else f"{text} bytes"


class Corpus:
    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def synthetic(self, size: str, name: str) -> Path:
        """Returns the folder of a pair of gen-synthetic.py."""
        pair = self.folder / f"synthetic-{size}" / name
        if not pair.is_dir():
            unfinished = self.folder / f"synthetic-{size}.unfinished"
            generate("gen-synthetic.py", unfinished, size, "--only", name)
            pair.parent.mkdir(exist_ok=True)
            (unfinished / name).rename(pair)
            unfinished.rmdir()
        return pair

    def adversarial(self, new_len: int) -> Path:
        """Returns a folder of pairs in which every window finds COLLIDING_BLOCKS weak sums."""
        folder = self.folder / f"adversarial-{new_len >> 20}M"
        if not folder.is_dir():
            unfinished = self.folder / f"{folder.name}.unfinished"
            generate("gen-adversarial.py", unfinished, COLLIDING_BLOCKS, new_len)
            unfinished.rename(folder)
        return folder

    def real(self) -> list[Path]:
        """Returns the pairs of fetch.sh that are there."""
        pairs = sorted(path.parent for path in (self.folder / "pairs").glob("*/new"))
        return [pair for pair in pairs if (pair / "old").is_file()]


def generate(script: str, *args) -> None:
    command = [sys.executable, GENERATORS / script, *map(str, args)]
    subprocess.run(command, stdout=sys.stderr, check=True)
