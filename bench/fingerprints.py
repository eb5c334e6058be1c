"""What the fingerprints of the training rows cost beside a model version.

Run ``python bench/fingerprints.py`` (10 million rows) or ``--rows 100000000``. Prints the size of
the file, the peak memory while it is made, the processor time of making it and of looking up a
million holdout rows through a memory map, and how many rows were found that are not in it. Numbers
drawn at random stand for the fingerprints: those of real rows scatter alike over all bits (see
``tests/unit/lineage/test_digest.py``), and hashing rows is measured in ``bench/digest.py``.

Measuring memory forks nothing and traces nothing: it is the growth of the process's high-water
mark, in a process of its own for each step.
"""

from __future__ import annotations

import argparse
import mmap
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from mooring.lineage.fingerprints import fingerprints_of, read_fingerprints
from mooring.reading.hashing import Words, mixed, seed

LIMIT_BYTES = 1_000_000_000
LIMIT_AT_ROWS = 100_000_000
HOLDOUT = 1_000_000


def marks(first: int, rows: int) -> Words:
    """Fingerprints that no other range of numbers has: a bijection of the numbers."""
    made = np.arange(first, first + rows, dtype=np.uint64)
    for start in range(0, rows, HOLDOUT):  # in place, or this would be the peak
        made[start : start + HOLDOUT] = mixed(made[start : start + HOLDOUT], seed("bench"))
    return made


def build(path: Path, rows: int) -> None:
    """Make the set and write it; print bytes, seconds of the processor, and memory in bytes."""
    given = marks(0, rows)
    before, started = _peak(), time.process_time()
    data = fingerprints_of(given).to_bytes()
    seconds = time.process_time() - started
    peak = _peak() - before
    path.write_bytes(data)
    print(len(data), seconds, peak)  # noqa: T201 - read by the parent


def query(path: Path, rows: int) -> None:
    """Look up rows of the set and others; print false matches, misses, seconds and memory."""
    inside = marks(rows - HOLDOUT, HOLDOUT)
    outside = marks(rows, HOLDOUT)
    before = _peak()
    with path.open("rb") as file:
        held = read_fingerprints(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    started = time.process_time()
    false = int(held.seen(outside).sum())
    seconds = time.process_time() - started
    missed = HOLDOUT - int(held.seen(inside).sum())
    print(false, missed, seconds, held.false_match_rate, _peak() - before)  # noqa: T201


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _child(step: str, path: Path, rows: int) -> list[float]:
    words = [sys.executable, __file__, "--step", step, "--path", str(path), "--rows", str(rows)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603 - ourselves
    return [float(word) for word in done.stdout.split()]


def main() -> None:
    """Measure both steps, print a line for each and what follows for 100 million rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--step", choices=("build", "query"))
    parser.add_argument("--path", type=Path)
    options = parser.parse_args()
    if options.step:
        (build if options.step == "build" else query)(options.path, options.rows)
        return
    rows = options.rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.fingerprints")
        size, built, memory = _child("build", path, rows)
        false, missed, asked, rate, mapped = _child("query", path, rows)
    print(  # noqa: T201
        f"{rows:,} training rows: {size / 1e6:,.0f} MB, {size / rows:.2f} bytes a row; made in "
        f"{built:.1f} s with {memory / 1e6:,.0f} MB beside the rows' hashes\n"
        f"{HOLDOUT:,} holdout rows looked up in {asked:.2f} s, {mapped / 1e6:,.0f} MB with the "
        f"pages of the map; {missed:.0f} missed, {false:.0f} false (chance of one row {rate:.1e})"
    )
    if rows != LIMIT_AT_ROWS:
        # at most 32 rows a bucket of 8 bytes, so never less than 4.25 bytes nor more than 4.5
        print(f"100,000,000 rows: between 425 and 450 MB, to stay below {LIMIT_BYTES / 1e6:,.0f}")  # noqa: T201
    elif size > LIMIT_BYTES:
        print("over the limit")  # noqa: T201


if __name__ == "__main__":
    main()
