"""How often does the model gate pass a candidate that is no better, and one that is?

Simulated holdouts with known truth: two models whose errors have the same law, and a candidate
whose errors are a tenth smaller. Rows are independent, or their errors follow an AR(1) series and
the labels come in runs. Then a hundred equal candidates on one holdout, with and without correction
for its wear; and what a verdict on a million rows takes beyond the predictions.

    python -m bench.gates.model [SIMULATIONS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from time import perf_counter, process_time

import numpy as np
import polars as pl

from bench.gates.worlds import GAIN, World, task_of
from mooring.gates.metrics import METRICS
from mooring.gates.model_gate import judge
from mooring.gates.paired import compare_paired
from mooring.gates.trivial import trivial_answers
from mooring.gates.wear import wear as wear_of
from mooring.lineage.answers import Answers
from mooring.settings.model import ModelGate

SIMULATIONS = 200
SIZES = (200, 2_000, 20_000)
MEMORIES = (None, 0.7, 0.9)
"""None is independent rows; else the AR(1) coefficient of the errors."""
METRIC_NAMES = ("mae", "rmse", "log_loss", "accuracy", "roc_auc", "f1")
CANDIDATES, HOLDOUTS, WORN_ROWS = 100, 100, 2_000
PLACES = (1, 10, 100)
MILLION = 1_000_000
CONFIDENCE = 0.95
COLUMNS = 30


Cell = tuple[str, float | None, int, int]


def rates(cell: Cell) -> tuple[float, float, float]:
    """Shares of equal candidates that pass and are surely worse, and of better ones that pass."""
    name, memory, rows, simulations = cell
    random = np.random.default_rng([rows, round(100 * (memory or 0)), METRIC_NAMES.index(name)])
    lows: list[bool] = []
    highs: list[bool] = []
    gains: list[bool] = []
    for _ in range(simulations):
        world = World.draw(random, task_of(name), rows, memory)
        champion = world.model(random)
        for size, found in ((1.0, lows), (GAIN, gains)):
            compared = compare_paired(
                METRICS[name],
                world.task,
                world.truth,
                champion,
                world.model(random, size),
                time_ordered=memory is not None,
                seed=0,
                resamples=1000,
            )
            found.append(compared is not None and compared.low > 0)
            if size == 1.0:
                highs.append(compared is not None and compared.high < 0)
    return float(np.mean(lows)), float(np.mean(highs)), float(np.mean(gains))


def spent(place: int) -> float:
    """The confidence of the verdict in this place on one holdout, as the gate asks for it."""
    return wear_of([1.0] * (place - 1), CONFIDENCE).confidence


def worn(metric: str, *, correct: bool) -> tuple[float, list[float]]:
    """Share of holdouts on which any of a hundred equal candidates passes.

    And of better ones that are judged in some ``PLACES``.
    """
    random = np.random.default_rng(5)
    any_passed, better = [], []
    level = spent if correct else lambda _place: CONFIDENCE
    for _ in range(HOLDOUTS):
        world = World.draw(random, task_of(metric), WORN_ROWS, None)
        champion = world.model(random)
        passes = [
            _passes(metric, world, champion, world.model(random), level(place))
            for place in range(1, CANDIDATES + 1)
        ]
        any_passed.append(any(passes))
        one = world.model(random, GAIN)
        better.append([_passes(metric, world, champion, one, level(place)) for place in PLACES])
    return float(np.mean(any_passed)), np.mean(better, axis=0).tolist()


def _passes(
    metric: str, world: World, champion: Answers, candidate: Answers, confidence: float
) -> bool:
    found = compare_paired(
        METRICS[metric],
        world.task,
        world.truth,
        champion,
        candidate,
        time_ordered=False,
        seed=0,
        resamples=1000,
        confidence=confidence,
    )
    return found is not None and found.low > 0


def seconds(metric: str, *, time_ordered: bool) -> tuple[float, float]:
    """Wall and processor time of a whole verdict on a million rows, the predictions given."""
    random = np.random.default_rng(3)
    world = World.draw(random, task_of(metric), MILLION, 0.7 if time_ordered else None)
    champion, candidate = world.model(random), world.model(random, GAIN)
    frame = pl.DataFrame({f"x{k}": random.standard_normal(MILLION) for k in range(COLUMNS - 5)})
    frame = frame.with_columns(
        **{f"c{k}": pl.Series(random.integers(0, 8, MILLION)).cast(pl.String) for k in range(5)}
    )
    classes = candidate.classes
    trivial = trivial_answers(world.task, world.truth, MILLION, classes, metric=metric)
    start, used = perf_counter(), process_time()
    judge(
        world.task,
        world.truth,
        candidate,
        champion,
        "champion",
        ModelGate(metric=metric, slices=("c0", "x0")),
        time_ordered=time_ordered,
        trivial=trivial,
        rows=frame,
        searched=tuple(frame.columns),
    )
    return perf_counter() - start, process_time() - used


def levels(simulations: int) -> Iterator[str]:
    """A line for each metric and kind of rows, the sizes side by side."""
    yield "equal candidates that pass (nominal 2.5 %) / better ones (errors x 0.9) that pass"
    yield f"{'rows':<14}{'metric':<10}" + "".join(f"{rows:>18,}" for rows in SIZES)
    kinds = list(product(MEMORIES, METRIC_NAMES))
    cells = [(name, memory, n, simulations) for memory, name in kinds for n in SIZES]
    with ProcessPoolExecutor(2) as pool:
        found = iter(pool.map(rates, cells))
        for memory, name in kinds:
            shown = [next(found) for _ in SIZES]
            kind = "independent" if memory is None else f"AR(1) {memory}"
            yield f"{kind:<14}{name:<10}" + "".join(
                f"{passed:>9.1%} /{better:>6.0%} " for passed, _, better in shown
            )


def wear() -> Iterator[str]:
    """A line for each metric, without and with correction."""
    yield f"{CANDIDATES} equal candidates in a row on one holdout of {WORN_ROWS:,} rows"
    heads = ("any passes", *(f"better as {place}." for place in PLACES))
    yield f"{'metric':<10}{'wear':<13}" + "".join(f"{head:>16}" for head in heads)
    for metric, correct in product(("accuracy", "mae"), (False, True)):
        passed, better = worn(metric, correct=correct)
        shown = "".join(f"{share:>16.0%}" for share in (passed, *better))
        yield f"{metric:<10}{'corrected' if correct else 'not counted':<13}{shown}"


def speed() -> Iterator[str]:
    """A line for each metric."""
    yield f"seconds of a verdict on {MILLION:,} rows of {COLUMNS} columns, all guardrails on"
    yield f"{'rows':<14}{'metric':<10}{'wall':>8}{'processor':>12}"
    for metric, ordered in product(METRIC_NAMES, (False, True)):
        kind = "time order" if ordered else "independent"
        wall, used = seconds(metric, time_ordered=ordered)
        yield f"{kind:<14}{metric:<10}{wall:>8.1f}{used:>12.1f}"


def main() -> None:
    """Every table."""
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else SIMULATIONS
    tables: list[Callable[[], Iterator[str]]] = [
        speed,
        wear,
        lambda: levels(simulations),
    ]
    for table in tables:
        start = perf_counter()
        for line in table():
            print(line, flush=True)  # noqa: T201
        print(f"({perf_counter() - start:.0f} s)\n", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
