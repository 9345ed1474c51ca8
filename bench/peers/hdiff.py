"""HDiffPatch's Python package as a command on whole files.

Its functions take and return bytes. Patches are compressed with zstd at level 21 and not checked once they are
made, which is how the project's own command hdiffz behaves, too. All else is the default.
"""

import sys

import hdiffpatch

ZSTD_LEVEL = 21


def main(verb: str, old: str, second: str, out: str) -> None:
    if verb == "diff":
        compression = hdiffpatch.ZStdConfig(level=ZSTD_LEVEL)
        result = hdiffpatch.diff(read(old), read(second), compression, validate=False)
    else:
        result = hdiffpatch.apply(read(old), read(second))
    with open(out, "wb") as file:
        file.write(result)


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in ("diff", "patch"):
        sys.exit("usage: hdiff.py diff OLD NEW PATCH\n       hdiff.py patch OLD PATCH NEW")
    main(*sys.argv[1:])
