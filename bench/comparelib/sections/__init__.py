"""Sections of BENCHMARKS.md. Each has a `TITLE` and `write`, which measures and returns Markdown."""

from . import corners, jobs, layered, load, packages, scaling, sizes, targets, threads, wire

# By the name that --only takes, in the order of the file.
SECTIONS = {
    "targets": targets,
    "threads": threads,
    "jobs": jobs,
    "scaling": scaling,
    "sizes": sizes,
    "packages": packages,
    "layered": layered,
    "wire": wire,
    "load": load,
    "corners": corners,
}
