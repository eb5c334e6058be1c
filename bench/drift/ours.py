"""Mooring's own ways, and Polars reading the same file: each is run in a child process of its own.

    python -m ours read FILE
    python -m ours baseline FILE STORED [numbers]
    python -m ours window FILE STORED LATER
    python -m ours scores STORED LATER
    python -m ours year STORED LATER

``STORED`` and ``LATER`` are files of profiles: the baseline, and the later window.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
from measuring import Stopwatch
from polars import selectors

from mooring.profiling import Comparison, compare, profile
from mooring.profiling.codec import from_bytes, to_bytes

REPEATS = 50
DAYS = 365


def read(path: str) -> None:
    """Read the file, and do no more."""
    watch = Stopwatch()
    frame = watch.time("run", lambda: pl.read_parquet(path))
    watch.report("polars", columns=frame.width)


def baseline(path: str, stored: str, only: str = "") -> None:
    """From Parquet to the bytes of a baseline: of all columns, or of the numbers alone."""
    watch = Stopwatch()
    rows = pl.scan_parquet(path).select(selectors.numeric()) if only else path
    data = watch.time("run", lambda: to_bytes(profile(rows)))
    Path(stored).write_bytes(data)
    watch.report("mooring", bytes=len(data), columns=len(from_bytes(data).columns))


def window(path: str, stored: str, later: str) -> None:
    """From Parquet and the bytes of a baseline to all scores."""
    data = Path(stored).read_bytes()
    watch = Stopwatch()
    base = watch.time("decode", lambda: from_bytes(data))
    current = watch.time("profile", lambda: profile(path, baseline=base))
    found = watch.time("compare", lambda: compare(base, current))
    Path(later).write_bytes(to_bytes(current))
    total = {
        f"run_{clock}_s": sum(watch.found[f"{phase}_{clock}_s"] for phase in _WINDOW)
        for clock in ("wall", "cpu")
    }
    watch.report("mooring", columns=_scored(found), **total)


def scores(stored: str, later: str) -> None:
    """Scores alone: between two profiles that were just decoded, so that nothing is kept."""
    a, b = Path(stored).read_bytes(), Path(later).read_bytes()
    watch = Stopwatch()
    wall, processor = [], []
    for _ in range(REPEATS):
        base, current = from_bytes(a), from_bytes(b)
        walls, processors = time.perf_counter(), time.process_time()
        compare(base, current)
        wall.append(time.perf_counter() - walls)
        processor.append(time.process_time() - processors)
    watch.report(
        "mooring", run_wall_s=statistics.median(wall), run_cpu_s=statistics.median(processor)
    )


def year(stored: str, later: str) -> None:
    """Daily windows against one baseline: per window, to decode it and to compare it."""
    a, b = Path(stored).read_bytes(), Path(later).read_bytes()
    watch = Stopwatch()
    base = from_bytes(a)
    decode = watch.time("decode", lambda: [from_bytes(b) for _ in range(DAYS)])
    watch.time("run", lambda: [compare(base, current) for current in decode])
    each = {
        f"{phase}_{clock}_s": watch.found[f"{phase}_{clock}_s"] / DAYS
        for phase in ("decode", "run")
        for clock in ("wall", "cpu")
    }
    watch.report("mooring", **each)


def _scored(found: Comparison) -> int:
    return sum(bool(column.scores) for column in found.columns)


_WINDOW = ("decode", "profile", "compare")
_WAYS: dict[str, Callable[..., None]] = {
    "read": read,
    "baseline": baseline,
    "window": window,
    "scores": scores,
    "year": year,
}

if __name__ == "__main__":
    _WAYS[sys.argv[1]](*sys.argv[2:])
