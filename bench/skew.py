"""Is a lag named where there is one, and only there?

Breaks requests in ways that are no lag (values of other rows, one up or down, a burst, a default,
another unit) in columns of many kinds, and counts those that are called stale or ahead all the
same. Then serves rows of real tables late, as ``mooring drill --only FD-18`` does, in every column
that it can be done in, and counts those that are named.

    python bench/skew.py [FOLDER]

where ``FOLDER/<name>/<name>.parquet`` are the real tables, as many as are there.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.drills.drills import DRILLS
from mooring.drills.run import exercise
from mooring.monitoring.skew.columns import compare_columns
from mooring.monitoring.skew.offline import join, offline_of
from mooring.settings.model import DataGate

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.faults import SEED, sources

SEEDS = 40
DAYS = 40
START = datetime(2026, 1, 1)  # noqa: DTZ001 - a table without zones
Values = NDArray[Any]


def table(random: np.random.Generator) -> pl.DataFrame:
    """Hours of two entities: measured, seasonal, counted, of few values, slow."""
    n, hour = 24 * DAYS, np.arange(24 * DAYS) % 24
    parts = [
        pl.DataFrame(
            {
                "at": [START + timedelta(hours=k) for k in range(n)],
                "entity": [entity] * n,
                "normal": random.normal(size=n),
                "season": (5 * np.sin(hour / 24 * 2 * np.pi) + random.normal(0, 1, n)).round(1),
                "hour": hour,
                "rush": ((hour > 7) & (hour < 18)).astype(int),  # noqa: PLR2004
                "coin": random.integers(0, 2, n),
                "five": random.integers(0, 5, n),
                "twenty": random.integers(0, 20, n),
                "walk": np.cumsum(random.integers(-1, 2, n)),
                "zeros": np.where(random.random(n) < 0.6, 0, random.poisson(5, n)),  # noqa: PLR2004
                "day": np.arange(n) // 24,
                "slow": np.repeat(random.normal(size=DAYS), 24),
            }
        )
        for entity in (0, 1)
    ]
    return pl.concat(parts)


def broken(values: Values, random: np.random.Generator) -> Iterator[tuple[str, Values]]:
    """A column in each way that is no lag."""
    some = random.random(len(values)) < random.choice([0.03, 0.2, 0.6])
    burst = np.zeros(len(values), dtype=bool)
    start = random.integers(0, len(values) - 100)
    burst[start : start + 100] = True
    mixed = random.permutation(values)
    yield "values of other rows", np.where(some, mixed, values)
    yield "one up or down", np.where(some, values + random.choice([-1, 1], len(values)), values)
    yield "values of other rows, in a burst", np.where(burst, mixed, values)
    yield "a default, in a burst", np.where(burst, np.median(values), values)
    yield "another unit", values * 2.2 + 1


def false_lags() -> None:
    """Counts columns without a lag that are called stale or ahead."""
    named, asked = Counter[str](), Counter[str]()
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        frame = table(random)
        offline = offline_of(frame, "at", ["entity"])
        requests = frame.filter(pl.col("at") >= START + timedelta(days=DAYS // 2))
        places = join(requests, offline, ["entity"], requests["at"]).places
        for name in frame.columns[2:]:
            for how, values in broken(requests[name].to_numpy().astype(float), random):
                online = pl.DataFrame({name: values})
                [found] = compare_columns(online, offline, places, most=0.01)
                asked[how] += 1
                lag = found.cause is not None and found.cause.kind in {"stale", "ahead"}
                named[how] += lag
                named[f"  of them {name}"] += lag
    for how, count in asked.items():
        print(f"{how:<36}{named[how]:>5} of {count} called stale or ahead")  # noqa: T201
    print("\n".join(f"{k}: {n}" for k, n in named.items() if n and k not in asked))  # noqa: T201


def true_lags(folder: Path | None) -> None:
    """Counts columns of real tables that are served late, or as they are, and caught."""
    drills = [drill for drill in DRILLS if drill.id == "FD-18"]
    for each, steps in sources(folder, ""):
        for what, rows in steps[-1:]:
            done = list(exercise(rows, drills, DataGate(), seed=SEED, most=1000))
            for drill in drills:
                mine = [one for one in done if one.drill is drill]
                missed = ", ".join(one.place for one in mine if not one.caught)
                caught = sum(one.caught for one in mine)
                print(  # noqa: T201
                    f"{each.name} {what}  {drill.name:<22}{caught:>4} of {len(mine)}  {missed}"
                )


if __name__ == "__main__":
    false_lags()
    true_lags(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
