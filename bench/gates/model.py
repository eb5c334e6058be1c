"""How often does the model gate pass a candidate that is no better, and one that is?

Simulated holdouts with known truth: two models whose errors have the same law, and a candidate
whose errors are a tenth smaller. Half of an error is shared by both models, as it is in practice.
Rows are independent, or their errors follow an AR(1) series and the labels come in runs. Then a
hundred equal candidates on one holdout, with and without correction for its wear; slices that hide
a loss; and what a verdict on a million rows takes beyond the predictions.

    python bench/gates/model.py [SIMULATIONS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from time import perf_counter, process_time

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.linalg import solve_banded

from mooring.gates.metrics import METRICS
from mooring.gates.model_gate import judge
from mooring.gates.paired import compare_paired
from mooring.gates.trivial import trivial_answers
from mooring.gates.wear import wear as wear_of
from mooring.lineage.answers import Answers
from mooring.settings.model import ModelGate, Task

FloatArray = NDArray[np.float64]
SIMULATIONS = 200
SIZES = (200, 2_000, 20_000)
MEMORIES = (None, 0.7, 0.9)
"""None is independent rows; else the AR(1) coefficient of the errors."""
METRIC_NAMES = ("mae", "rmse", "log_loss", "accuracy", "roc_auc", "f1")
GAIN = 0.9
"""The size of a better candidate's errors against the champion's."""
CANDIDATES, HOLDOUTS, WORN_ROWS = 100, 100, 2_000
PLACES = (1, 10, 100)
MILLION = 1_000_000
CONFIDENCE, HALF, CUT = 0.95, 0.5, 0.5
BAD = 3
"""The value of the slice that hides a loss."""
COLUMNS = 30


def series(random: np.random.Generator, rows: int, memory: float | None) -> FloatArray:
    """Normal errors with standard deviation 1, independent or AR(1)."""
    if memory is None:
        return random.standard_normal(rows)
    noise = random.standard_normal(rows + 200) * np.sqrt(1 - memory**2)
    steps = np.array([np.ones(len(noise)), np.full(len(noise), -memory)])
    return np.asarray(solve_banded((1, 0), steps, noise))[200:]


@dataclass(frozen=True)
class World:
    """Rows with a truth, and what any model gets wrong about them."""

    task: Task
    truth: NDArray[np.generic]
    shared: FloatArray
    memory: float | None

    @classmethod
    def draw(
        cls, random: np.random.Generator, task: Task, rows: int, memory: float | None
    ) -> World:
        """A holdout of some rows."""
        latent, shared = (series(random, rows, memory) for _ in range(2))
        return cls(task, 3.0 * latent if task == "regression" else latent > CUT, shared, memory)

    def model(self, random: np.random.Generator, size: float = 1.0) -> Answers:
        """What a model with errors of this size answers."""
        own = series(random, len(self.truth), self.memory)
        error = size * (np.sqrt(0.5) * self.shared + np.sqrt(0.5) * own)
        if self.task == "regression":
            return Answers(self.truth.astype(np.float64) + error)
        chance = 1 / (1 + np.exp(-(2.0 * self.truth.astype(np.float64) - 1.0 + error) * 1.5))
        return Answers(chance >= HALF, np.column_stack([1 - chance, chance]), (False, True))


def task_of(metric: str) -> Task:
    """The task a metric is simulated for."""
    return METRICS[metric].tasks[0]


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


def sliced(lost: float, simulations: int) -> tuple[float, float]:
    """Shares of verdicts that fail for a slice: declared ``a = 3`` (5 % of rows), and found."""
    random = np.random.default_rng(9)
    failed = {"declared slices": 0, "found slices": 0}
    rules = ModelGate(slices=("a",), resamples=500)
    for _ in range(simulations):
        world = World.draw(random, "regression", 8_000, None)
        frame = pl.DataFrame(
            {"a": random.integers(0, 20, 8_000)}
            | {f"x{k}": random.standard_normal(8_000) for k in range(8)}
        )
        champion, candidate = world.model(random), world.model(random, GAIN)
        bad = np.where(frame["a"].to_numpy() == BAD, lost, 1.0)
        truth = world.truth.astype(np.float64)
        said = truth + bad * (candidate.predictions.astype(np.float64) - truth)
        verdict = judge(
            "regression",
            world.truth,
            Answers(said),
            champion,
            "champion",
            rules,
            time_ordered=False,
            trivial=trivial_answers("regression", world.truth, 8_000),
            rows=frame,
            searched=tuple(frame.columns),
        )
        for finding in verdict.findings:
            if finding.part in failed:
                failed[finding.part] += finding.outcome == "fail"
    return failed["declared slices"] / simulations, failed["found slices"] / simulations


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


def slices(simulations: int) -> Iterator[str]:
    """A line for each size of a hidden loss."""
    yield "a slice of 5 % of 8,000 rows; the rest is 10 % better: verdicts that fail for a slice"
    yield f"{'errors there':<14}{'declared':>10}{'found':>10}"
    for lost in (1.0, 1.1, 1.3, 1.6, 2.0):
        declared, found = sliced(lost, simulations)
        yield f"{f'x {lost * GAIN:.2f}':<14}{declared:>10.1%}{found:>10.1%}"


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
        lambda: slices(max(20, simulations // 10)),
        lambda: levels(simulations),
    ]
    for table in tables:
        start = perf_counter()
        for line in table():
            print(line, flush=True)  # noqa: T201
        print(f"({perf_counter() - start:.0f} s)\n", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
