"""What a digest costs beside reading the file: at most 3 times the read alone (promise P1).

Run ``python bench/digest.py``; it writes two tables into a temporary folder, and measures reading
them and reading and digesting them in turn. Wall time needs an idle machine; processor time is
the steadier number.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from mooring.lineage.digest import digest_frames, digest_table
from mooring.reading.tables import read_table, stream_table

LIMIT = 3.0
COMPRESSIONS: tuple[Literal["snappy", "zstd"], ...] = ("snappy", "zstd")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that one call took."""

    wall: float
    processor: float


def numbers_and_categories(rows: int, random: np.random.Generator) -> pl.DataFrame:
    """Make 30 columns of floats and 20 of few texts, 2 % of each null."""
    columns = [pl.Series(f"n{i:02}", random.normal(size=rows)) for i in range(30)]
    for i in range(20):
        texts = pl.Series([f"category {j}" for j in range(5 + 3 * i)])
        columns.append(texts.gather(random.integers(0, len(texts), rows)).alias(f"c{i:02}"))
    return pl.DataFrame([with_nulls(column, random) for column in columns])


def ids_and_instants(rows: int, random: np.random.Generator) -> pl.DataFrame:
    """Make an id that never repeats, a long one, instants, integers and prices."""
    key = pl.Series("key", random.permutation(rows).astype(np.uint64) * np.uint64(2654435761))
    start, span = 1_700_000_000_000_000, 10**13
    return pl.DataFrame(
        [
            "u-" + key.cast(pl.String),
            ("order/2024/" + key.cast(pl.String) + "/line").alias("long_key"),
            *(
                with_nulls(
                    pl.Series(f"at{i}", random.integers(start, start + span, rows)), random
                ).cast(pl.Datetime("us"))
                for i in range(4)
            ),
            *(pl.Series(f"count{i}", random.integers(0, 1000, rows)) for i in range(6)),
            *(pl.Series(f"price{i}", random.gamma(2, 10, rows).round(2)) for i in range(6)),
        ]
    )


def with_nulls(column: pl.Series, random: np.random.Generator) -> pl.Series:
    """Replace 2 % of the values with null."""
    return column.scatter(np.flatnonzero(random.random(len(column)) < 0.02), None)  # noqa: PLR2004


def measure(call: Callable[[], object]) -> Cost:
    """Time one call."""
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return Cost(time.perf_counter() - wall, time.process_time() - processor)


def compare(path: Path, repeats: int) -> dict[str, Cost]:
    """Measure each way in turn, and give the medians."""
    ways: dict[str, Callable[[], object]] = {
        "read": lambda: pl.read_parquet(path),
        "read + digest": lambda: digest_table(read_table(path.name, path.parent)),
        "stream + digest": lambda: digest_frames(stream_table(path.name, path.parent)),
    }
    costs: dict[str, list[Cost]] = {way: [] for way in ways}
    for _ in range(repeats):
        for way, call in ways.items():
            costs[way].append(measure(call))
    return {
        way: Cost(
            statistics.median(cost.wall for cost in found),
            statistics.median(cost.processor for cost in found),
        )
        for way, found in costs.items()
    }


def report(name: str, path: Path, costs: dict[str, Cost]) -> None:
    """Print one table's medians, and each as a multiple of the read alone."""
    print(f"{name}: {path.stat().st_size / 1e6:.0f} MB")  # noqa: T201
    read = costs["read"]
    for way, cost in costs.items():
        wall, processor = cost.wall / read.wall, cost.processor / read.processor
        print(  # noqa: T201
            f"  {way:<16} {cost.wall * 1e3:6.0f} ms {wall:5.2f}x   "
            f"processor {cost.processor * 1e3:6.0f} ms {processor:5.2f}x"
            f"{'' if wall <= LIMIT else '   over the limit'}"
        )


def main() -> None:
    """Write the tables, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    makers = {"30 floats, 20 categories": numbers_and_categories, "ids, instants": ids_and_instants}
    with tempfile.TemporaryDirectory() as folder:
        for name, make in makers.items():
            table = make(options.rows, np.random.default_rng(1))
            for compression in COMPRESSIONS:
                path = Path(folder, f"{compression}.parquet")
                table.write_parquet(path, compression=compression, row_group_size=131_072)
                report(f"{name}, {compression}", path, compare(path, options.repeats))


if __name__ == "__main__":
    main()
