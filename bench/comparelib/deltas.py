"""What deltas say, read without any of the programs that are compared."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAGIC = bytes.fromhex("72730236")


def merged_commands(delta: Path) -> list[tuple[int, ...]]:
    """Returns the commands of a delta, adjacent literals as one: (length,) or (position, length).

    The last entry is what follows END: the number of stray bytes.
    """
    merged: list[tuple[int, ...]] = []
    with open(delta, "rb") as file:
        for command in commands(file):
            if len(command) == 1:
                file.seek(command[0], os.SEEK_CUR)
                if merged and len(merged[-1]) == 1:
                    command = (merged.pop()[0] + command[0],)
            merged.append(command)
        stray_len = delta.stat().st_size - file.tell()
    return [*merged, (stray_len,)]


def literal_sha256(delta: Path) -> str:
    """Returns the digest of all literal bytes, one after the other."""
    digest = hashlib.sha256()
    with open(delta, "rb") as file:
        for command in commands(file):
            if len(command) == 1:
                digest.update(file.read(command[0]))
    return digest.hexdigest()


def commands(file: BinaryIO) -> Iterator[tuple[int, ...]]:
    """Yields the commands of a delta: (length,) or (position, length).

    After a length alone the file is at its literal bytes, which the caller reads or skips.
    """

    def number(len_: int) -> int:
        return int.from_bytes(file.read(len_))

    if file.read(4) != MAGIC:
        raise ValueError("not a delta")
    while (op := number(1)) != 0:
        if op <= 64:
            yield (op,)
        elif op <= 68:
            yield (number(1 << (op - 65)),)
        else:
            mode = op - 69
            yield (number(1 << mode // 4), number(1 << mode % 4))
