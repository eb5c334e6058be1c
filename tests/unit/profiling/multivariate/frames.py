"""Rows that drift together or not at all."""

from __future__ import annotations

import numpy as np
import polars as pl


def normal(rng: np.random.Generator, rows: int, related: float = 0.0) -> pl.DataFrame:
    """Five standard normal columns ``x0`` to ``x4``; the first two are correlated."""
    base = rng.standard_normal((rows, 5))
    base[:, 1] = related * base[:, 0] + np.sqrt(1 - related**2) * base[:, 1]
    return pl.DataFrame(base, schema=[f"x{number}" for number in range(5)])


def product(rng: np.random.Generator, rows: int, sign: float) -> pl.DataFrame:
    """No two columns are correlated; the sign of three together is always the same."""
    base = rng.standard_normal((rows, 5))
    base[:, 2] = np.abs(base[:, 2]) * np.sign(base[:, 0] * base[:, 1]) * sign
    return pl.DataFrame(base, schema=[f"x{number}" for number in range(5)])


def awkward(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    """Every type that can be compared, and what breaks a careless score."""
    number = rng.standard_normal(rows)
    text = [f"order {value}" for value in rng.integers(0, 10**9, rows)]
    days = np.datetime64("2024-01-01", "D") + rng.integers(0, 100, rows)
    wide = pl.List(pl.Float32)
    few = rng.choice(["a", "b", "c"], rows)
    return pl.DataFrame(
        {
            "plain": number,
            "related": number + rng.standard_normal(rows),
            "constant": np.full(rows, 7),
            "nothing": pl.Series([None] * rows, dtype=pl.Float64),
            "untyped": pl.Series([None] * rows),
            "infinite": np.where(rng.random(rows) < 0.05, np.inf, number),
            "nan": np.where(rng.random(rows) < 0.2, np.nan, number),
            "huge": rng.choice([-1.7e308, 1.7e308], rows),
            "flag": pl.Series(rng.random(rows) < 0.5),
            "text": text,
            "few": pl.Series(few, dtype=pl.Categorical),
            "named": pl.Series(few, dtype=pl.Enum(["a", "b", "c"])),
            "day": pl.Series(days),
            "instant": pl.Series(days).cast(pl.Datetime("ns", "UTC")),
            "span": pl.Series(rng.integers(0, 9, rows)).cast(pl.Duration("ms")),
            "clock": pl.Series(rng.integers(0, 86_400, rows) * 10**9).cast(pl.Time),
            "money": pl.Series(rng.integers(0, 99, rows)).cast(pl.Decimal(10, 2)),
            "embedding": pl.Series(rng.standard_normal((rows, 40)).tolist()).cast(wide),
            "short": pl.Series(rng.standard_normal((rows, 3)), dtype=pl.Array(pl.Float64, 3)),
            "ragged": pl.Series([[1.0] * int(size) or None for size in rng.integers(0, 4, rows)]),
            "record": pl.Series([{"a": 1}] * rows),
            "words": pl.Series([["a"]] * rows),
        },
        strict=False,
    )
