"""Does the cost grow with rows and with columns, and does memory stay where it is?

    python bench/drift/scaling.py [--rows 4000000] [--numeric 3] [--categorical 2] [--repeats 3]
        [--widths 10,25,50] [--work FOLDER]

Rows double from one part of a million up to ``--rows`` (100000000 is some 3 GB of files, written
part by part and kept for the next time); a table is a folder of parts. Then a million rows of each
width. Ratios are to the first line of each ladder: linear is where time grows as the rows do.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from children import Cost, WayFailedError, measure
from workload import write_pair, write_parts

READ_AT_MOST = 16_000_000
"""Rows up to which Polars reads the whole beside it: it needs memory for all of them."""
SPARE = 1.2
NUMBERS = 0.6
"""Share of the columns that are numbers, where a width is asked for."""


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of a ladder: what was given, and what each way took."""

    size: int
    baseline: Cost
    window: Cost
    read: Cost | None


def measure_step(
    size: int, reference: Path, current: Path, options: argparse.Namespace, *, read: bool
) -> Step:
    """Make a baseline of one table, and score another against it."""
    stored, later = str(options.work / "baseline"), str(options.work / "later")
    repeats = options.repeats
    source = f"{current}/*.parquet" if current.is_dir() else str(current)
    return Step(
        size,
        measure("ours", "baseline", str(reference), stored, repeats=repeats),
        measure("ours", "window", str(current), stored, later, repeats=repeats),
        measure("ours", "read", source, repeats=repeats) if read else None,
    )


def growing_rows(options: argparse.Namespace) -> Iterator[Step]:
    """One, two, four ... parts of a million rows, and in the end as many as were asked for."""
    most = max(options.rows // options.part, 1)
    sizes = [1 << power for power in range(most.bit_length()) if 1 << power < most] + [most]
    parts = parts_of(most, options)
    for size in sizes:
        folder = options.work / f"first-{size}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for part in parts[:size]:
            (folder / part.name).hardlink_to(part)
        rows = size * options.part
        yield measure_step(rows, folder, folder, options, read=rows <= READ_AT_MOST)
        shutil.rmtree(folder)


def parts_of(count: int, options: argparse.Namespace) -> list[Path]:
    """Every part, written when it is not there yet; refuses when the disk is too small."""
    parts: list[Path] = []
    shape = (options.part, options.numeric, options.categorical)
    for part in write_parts(options.work, count, *shape):
        parts.append(part)
        missing = (count - len(parts)) * part.stat().st_size * SPARE
        if len(parts) == 1 and missing > shutil.disk_usage(part).free:
            sys.exit(f"{options.work} has no room for {missing / 1e9:.1f} GB; use --work or --rows")
    return parts


def growing_width(options: argparse.Namespace) -> Iterator[Step]:
    """One part of each width."""
    for width in (int(text) for text in options.widths.split(",") if text):
        numeric = round(width * NUMBERS)
        reference, current = write_pair(options.work, options.part, numeric, width - numeric)
        yield measure_step(width, reference, current, options, read=True)


def report(what: str, steps: Iterator[Step]) -> None:
    """Print a ladder as it is climbed."""
    say(
        f"\n{what:>12} {'x':>6} | {'baseline s':>10} {'CPU s':>8} {'x':>6} {'MB':>6} {'x':>5}"
        f" | {'window s':>10} {'CPU s':>8} {'x':>6} {'MB':>6} {'x':>5} | {'read s':>8} {'MB':>6}"
    )
    first: Step | None = None
    for step in steps:
        first = first or step
        read = "" if step.read is None else _read(step.read)
        say(
            f"{step.size:>12,} {step.size / first.size:>6.1f} | "
            f"{_way(step.baseline, first.baseline)} | {_way(step.window, first.window)} | {read}"
        )


def _way(cost: Cost, first: Cost) -> str:
    wall, processor = cost.get("run", "wall"), cost.get("run", "cpu")
    grown, memory = processor / first.get("run", "cpu"), cost.peak_mb / first.peak_mb
    return f"{wall:>10.3f} {processor:>8.3f} {grown:>6.2f} {cost.peak_mb:>6.0f} {memory:>5.2f}"


def _read(cost: Cost) -> str:
    return f"{cost.get('run', 'wall'):>8.3f} {cost.peak_mb:>6.0f}"


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)  # noqa: T201


def main() -> None:
    """Climb both ladders."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--part", type=int, default=1_000_000, help="rows of one file")
    parser.add_argument("--numeric", type=int, default=3)
    parser.add_argument("--categorical", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--widths", default="10,25,50", help="columns; '' for none")
    default = Path(tempfile.gettempdir(), "mooring-drift", "scaling")
    parser.add_argument("--work", type=Path, default=default)
    options = parser.parse_args()
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    columns = f"{options.numeric} numbers, {options.categorical} categories"
    say(f"Ratios (x) of CPU time and of peak memory are to the first line. Rows: {columns}.")
    try:
        report("rows", growing_rows(options))
        if options.widths:
            report("columns", growing_width(options))
    except WayFailedError as failed:
        sys.exit(f"Mooring or Polars could not be measured: {failed}")


if __name__ == "__main__":
    main()
