"""The tables of the benchmark: a fixed mix of columns, and a later window that has moved.

Numbers are normal, lognormal, gamma, integers and zero-inflated in turn; categories have 5 to 60
values of falling frequency. 2 % of all values are null. In the later window every third column has
moved: numbers become ``x * 1.15 + 0.1 * deviation``, the shares of categories are tilted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

ROW_GROUP = 131_072
NULLS = 0.02
MOVED = 3
"""Every how many columns one has moved."""
FEWEST, MOST = 5, 60
"""Values of the first and of the last column of categories."""
_TILT = (0.7, 1.3)

Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
KINDS: Sequence[tuple[str, float, Callable[[np.random.Generator, int], Numbers]]] = (
    ("normal", 10.0, lambda random, rows: random.normal(50, 10, rows)),
    ("lognormal", 2.161, lambda random, rows: random.lognormal(0, 1, rows)),
    ("gamma", 14.142, lambda random, rows: random.gamma(2, 10, rows)),
    ("integer", 6.325, lambda random, rows: random.poisson(40, rows).astype(np.float64)),
    ("zeros", 7.348, lambda random, rows: random.gamma(2, 5, rows) * (random.random(rows) > 0.4)),  # noqa: PLR2004
)
"""Each kind of numbers: its name, its standard deviation, and how to draw it."""


def make_table(
    rows: int, numeric: int, categorical: int, *, seed: int, moved: bool
) -> pl.DataFrame:
    """Draw a table.

    Parameters
    ----------
    rows, numeric, categorical : int
        Its rows, and its columns of each sort.
    seed : int
        The same seed draws the same table. A reference and its window need different ones.
    moved : bool
        Whether every third column has drifted.
    """
    draws = np.random.default_rng(seed).spawn(numeric + categorical)
    columns = [
        _numbers(i, rows, draws[i], moved=moved and i % MOVED == 0) for i in range(numeric)
    ] + [
        _categories(i, _size(i, categorical), rows, draws[numeric + i], moved and i % MOVED == 0)
        for i in range(categorical)
    ]
    return pl.DataFrame(columns)


def write_pair(folder: Path, rows: int, numeric: int, categorical: int) -> tuple[Path, Path]:
    """Write ``reference.parquet`` and ``current.parquet``, when they are not there yet."""
    home = folder / f"{rows}x{numeric}+{categorical}"
    home.mkdir(parents=True, exist_ok=True)
    paths = home / "reference.parquet", home / "current.parquet"
    for seed, path in enumerate(paths):
        if not path.exists():
            table = make_table(rows, numeric, categorical, seed=seed, moved=seed > 0)
            write(table, path)
    return paths


def write_parts(
    folder: Path, parts: int, rows: int, numeric: int, categorical: int
) -> Iterator[Path]:
    """Write one part of a table after the other, ``rows`` rows each, when it is not there yet."""
    home = folder / f"parts-{rows}x{numeric}+{categorical}"
    home.mkdir(parents=True, exist_ok=True)
    for part in range(parts):
        path = home / f"part-{part:05}.parquet"
        if not path.exists():
            write(make_table(rows, numeric, categorical, seed=part, moved=False), path)
        yield path


def write(table: pl.DataFrame, path: Path) -> None:
    """Write a table whole or not at all."""
    beside = path.with_suffix(".partial")
    table.write_parquet(beside, compression="snappy", row_group_size=ROW_GROUP)
    beside.replace(path)


def _numbers(index: int, rows: int, random: np.random.Generator, *, moved: bool) -> pl.Series:
    kind, deviation, draw = KINDS[index % len(KINDS)]
    values = draw(random, rows)
    if moved:
        values = values * 1.15 + 0.1 * deviation
    column = pl.Series(f"n{index:02}", values.round() if kind == "integer" else values)
    return _with_nulls(column.cast(pl.Int64) if kind == "integer" else column, random)


def _categories(
    index: int, size: int, rows: int, random: np.random.Generator, moved: bool
) -> pl.Series:
    shares = 1 / np.arange(1, size + 1) ** 0.8
    if moved:
        shares = shares * np.linspace(*_TILT, size)
    values = pl.Series([f"category {value:02}" for value in range(size)])
    drawn = random.choice(size, rows, p=shares / shares.sum())
    return _with_nulls(values.gather(drawn).alias(f"c{index:02}"), random)


def _size(index: int, columns: int) -> int:
    return round(FEWEST + (MOST - FEWEST) * index / max(columns - 1, 1))


def _with_nulls(column: pl.Series, random: np.random.Generator) -> pl.Series:
    return column.scatter(np.flatnonzero(random.random(len(column)) < NULLS), None)
