"""How often does the model gate find a slice that lost, and how often one that did not?

A candidate whose errors are a tenth smaller than its champion's, but larger in 5 % of 8,000 rows:
one value of twenty, a range of a number, or where two columns meet. A slice may lose a tenth, so
that errors x 0.99 is where nothing should be found yet. Then equal models and no margin: whatever
is found there is false, and nominal is 2.5 %. Rows are independent or in time order, with AR(1)
errors; heavy tails are errors times a log-normal. There are ten columns, two of which follow time.

    python -m bench.gates.slices [SIMULATIONS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from bench.gates.worlds import GAIN, FloatArray, World, task_of
from mooring.gates.model_gate import judge
from mooring.gates.trivial import trivial_answers
from mooring.lineage.answers import Answers
from mooring.settings.model import ModelGate

SIMULATIONS = 100
ROWS, LEVEL_ROWS = 8_000, 4_000
LOST = (1.1, 1.3, 1.45, 1.6, 2.0)
MEMORIES = (None, 0.7, 0.9)
METRIC_NAMES = ("mae", "rmse", "log_loss", "accuracy", "roc_auc", "f1")
KINDS: Mapping[str, pl.Expr] = {
    "a value": pl.col("shop") == 3,  # noqa: PLR2004 - any would do
    "a range": pl.col("x0").is_between(1.0, 1.45),
    "a pair": (pl.col("region") == 1) & (pl.col("kind") == 2),  # noqa: PLR2004
}
"""Each holds 5 to 9 % of the rows; the range starts and ends where no cut does."""


@dataclass(frozen=True)
class Cell:
    """One kind of holdout, and the slice that is hidden in it."""

    metric: str
    rows: int
    memory: float | None
    kind: str
    lost: float
    better: float
    margin: float
    heavy: bool = False


def frame_of(random: np.random.Generator, rows: int) -> pl.DataFrame:
    """Columns that say nothing of the errors, two of which follow time."""
    return pl.DataFrame(
        {
            "shop": random.integers(0, 20, rows),
            "region": random.integers(0, 5, rows),
            "kind": random.integers(0, 4, rows),
            "month": np.arange(rows) * 10 // rows,
            "hour": np.arange(rows) % 24,
        }
        | {f"x{k}": random.standard_normal(rows) for k in range(5)}
    )


def found(cell: Cell, seed: int) -> tuple[bool, bool]:
    """Whether the verdict fails for a declared slice, and for a found one."""
    random = np.random.default_rng([seed, cell.rows])
    world = World.draw(random, task_of(cell.metric), cell.rows, cell.memory)
    frame = frame_of(random, cell.rows)
    champion, candidate = world.model(random), world.model(random, cell.better)
    if world.task == "regression":
        heavy = np.exp(random.standard_normal(cell.rows)) if cell.heavy else np.ones(cell.rows)
        bad = frame.select(KINDS[cell.kind].alias("bad"))["bad"].to_numpy()
        champion = _scaled(world, champion, heavy)
        candidate = _scaled(world, candidate, heavy * np.where(bad, cell.lost, 1.0))
    rules = ModelGate(metric=cell.metric, slices=("shop",), slice_margin=cell.margin, resamples=200)
    verdict = judge(
        world.task,
        world.truth,
        candidate,
        champion,
        "champion",
        rules,
        time_ordered=cell.memory is not None,
        trivial=trivial_answers(
            world.task, world.truth, cell.rows, candidate.classes, metric=cell.metric
        ),
        rows=frame,
        searched=tuple(frame.columns),
    )
    failed = {part.part for part in verdict.findings if part.outcome == "fail"}
    return "declared slices" in failed, "found slices" in failed


def _scaled(world: World, said: Answers, factor: FloatArray) -> Answers:
    truth = world.truth.astype(np.float64)
    return Answers(truth + factor * (said.predictions.astype(np.float64) - truth))


def rates(cell: Cell, simulations: int) -> tuple[float, float]:
    """Shares of verdicts that fail for a declared and for a found slice."""
    shares = np.mean([found(cell, seed) for seed in range(simulations)], axis=0)
    return float(shares[0]), float(shares[1])


def power(simulations: int) -> Iterator[str]:
    """A line for each kind of slice, the sizes of the loss side by side."""
    yield f"a slice that lost in {ROWS:,} rows, MAE: verdicts that fail for a found slice"
    yield f"{'rows':<14}{'slice':<12}" + "".join(f"{f'x {lost * GAIN:.2f}':>9}" for lost in LOST)
    for memory, kind in product(MEMORIES, KINDS):
        cells = [Cell("mae", ROWS, memory, kind, lost, GAIN, 0.1) for lost in LOST]
        yield _line(memory, kind, [share for _, share in _rates(cells, simulations)])
    cells = [Cell("mae", ROWS, None, "a value", lost, GAIN, 0.1) for lost in LOST]
    yield _line(None, "declared", [share for share, _ in _rates(cells, simulations)])


def level(simulations: int) -> Iterator[str]:
    """A line for each metric and kind of rows."""
    yield f"equal models on {LEVEL_ROWS:,} rows, no margin: verdicts that fail for a slice"
    yield f"{'rows':<14}{'metric':<12}{'declared':>9}{'found':>9}"
    for memory, metric in product(MEMORIES, METRIC_NAMES):
        for heavy in (False, True) if task_of(metric) == "regression" else (False,):
            cell = Cell(metric, LEVEL_ROWS, memory, "a value", 1.0, 1.0, 0.0, heavy)
            shares = list(_rates([cell], simulations)[0])
            yield _line(memory, f"{metric}{', heavy' if heavy else ''}", shares)


def _rates(cells: list[Cell], simulations: int) -> list[tuple[float, float]]:
    with ProcessPoolExecutor(2) as pool:
        return list(pool.map(rates, cells, [simulations] * len(cells)))


def _line(memory: float | None, name: str, shares: list[float]) -> str:
    kind = "independent" if memory is None else f"AR(1) {memory}"
    return f"{kind:<14}{name:<12}" + "".join(f"{share:>9.1%}" for share in shares)


def main() -> None:
    """Both tables."""
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else SIMULATIONS
    tables: list[Callable[[int], Iterator[str]]] = [power, level]
    for table in tables:
        for line in table(simulations):
            print(line, flush=True)  # noqa: T201
        print(flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
