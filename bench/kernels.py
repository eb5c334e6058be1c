"""What counting a column costs: the compiled kernels beside NumPy and Polars, a million rows each.

    python bench/kernels.py [ROWS]

Processor time of one thread, the least of several runs, in memory; 2 % of the values are missing.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from time import process_time
from unittest.mock import patch

import numpy as np
import polars as pl

from mooring.profiling import Profile, profile
from mooring.profiling.counting import compiled, many, numbers, texts
from mooring.profiling.counting.columns import ColumnCounter
from mooring.profiling.counting.layouts import layout_like

REPEATS, NULLS, HALF, SEED = 7, 0.02, 0.5, 0
DEFAULT_ROWS = 1_000_000


def columns(rows: int) -> list[pl.Series]:
    """A column of each sort."""
    random = np.random.default_rng(SEED)
    zeros = random.random(rows) < HALF
    few = pl.Series(random.integers(0, 50, rows)).cast(pl.String)
    drawn = {
        "normal": pl.Series(random.normal(50, 10, rows)),
        "lognormal": pl.Series(random.lognormal(0, 1, rows)),
        "integers": pl.Series(random.poisson(40, rows)),
        "half zeros": pl.Series(random.gamma(2, 5, rows) * ~zeros),
        "50 short texts": few,
        "50 long texts": "a longer text, number " + few,
        "ids, all different": pl.Series(random.permutation(rows)).cast(pl.String),
    }
    missing = pl.Series(random.random(rows) < NULLS)
    return [
        pl.select(pl.when(~missing).then(one).alias(name)).to_series()
        for name, one in drawn.items()
    ]


def cost(series: pl.Series, base: Profile) -> float:
    """Milliseconds to count a window of it."""
    best = float("inf")
    for _ in range(REPEATS):
        begun = process_time()
        counter = ColumnCounter(series.name, layout_like(base.columns[0]))
        for start in range(0, series.len(), 262_144):
            counter.add(series.slice(start, 262_144))
        counter.done()
        best = min(best, process_time() - begun)
    return best * 1e3


def main() -> None:
    """Print a line for each column."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROWS
    if compiled.kernels is None:
        sys.exit("the kernels are not compiled: install with a C compiler")
    print("| column | kernel | NumPy and Polars |\n|---|---|---|")  # noqa: T201
    for series in columns(rows):
        base = profile(series.to_frame())
        fast = cost(series, base)
        with ExitStack() as without:
            for module in (many, numbers, texts):
                without.enter_context(patch.object(module, "kernels", None))
            slow = cost(series, base)
        print(f"| {series.name} | {fast:.1f} | {slow:.1f} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
