"""Do the multivariate scores alarm as rarely as they say, what do they see, and what do they cost?

Pairs of samples of one distribution (correlated normal, lognormal and heavy-tailed numbers, rare
booleans, few and many categories, nulls) say how often each score alarms without drift, with and
without its effect floor. Beside them stands the usual five-fold cross-fitted AUROC, taken for a
Mann-Whitney statistic. Then pairs that did drift say what each score sees.

    python bench/multivariate.py [PAIRS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from time import process_time

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtr

from mooring.profiling.multivariate.domain_classifier import auroc, domain_classifier
from mooring.profiling.multivariate.encoding import encode
from mooring.profiling.multivariate.reconstruction import reconstruction_error
from mooring.profiling.multivariate.score import MultivariateScore

ALPHAS = (0.05, 0.01)
SIZES = ((30, 30), (100, 100), (500, 500), (2000, 2000), (2000, 100), (5000, 500))
POWER_SIZES = ((100, 100), (500, 500), (2000, 2000))
DEFAULT_PAIRS = 200
FOLDS = 5
FEW = 4
"""How many times fewer pairs drift, and are cross-fitted, than not."""
TURNED = 0.6
UNKNOWN, RARE = 0.1, 0.02

Score = Callable[..., MultivariateScore]
SCORES: dict[str, Score] = {"classifier": domain_classifier, "pca": reconstruction_error}


@dataclass(frozen=True)
class World:
    """A distribution of rows, by what has changed in it."""

    rng: np.random.Generator

    def mixed(self, rows: int) -> pl.DataFrame:
        """Every kind of column, some dependent on each other."""
        rng = self.rng
        base = rng.standard_normal((rows, 4))
        unknown = rng.random(rows) < UNKNOWN
        return pl.DataFrame(
            {
                "normal": base[:, 0],
                "related": 0.7 * base[:, 0] + 0.7 * base[:, 1],
                "skewed": np.exp(base[:, 2]),
                "heavy": rng.standard_t(2, rows),
                "counts": rng.poisson(0.3 * np.exp(base[:, 3])),
                "rare": rng.random(rows) < RARE,
                "few": np.array(["a", "b", "c"])[(base[:, 1] > 0).astype(int) + (unknown * 1)],
                "many": (rng.pareto(1.0, rows) * 20).astype(int).astype(str),
                "nulls": pl.Series(np.where(unknown, np.nan, base[:, 3]), nan_to_null=True),
            }
        )

    def normal(self, rows: int, related: float = 0.0, shift: float = 0.0) -> pl.DataFrame:
        """Five standard normal columns, of which the first two are related or shifted."""
        base = self.rng.standard_normal((rows, 5))
        base[:, 1] = related * base[:, 0] + np.sqrt(1 - related**2) * base[:, 1]
        base[:, :2] += shift
        return _frame(base)

    def product(self, rows: int, sign: float) -> pl.DataFrame:
        """The sign of the third column is that of the product of the first two, or its reverse."""
        base = self.rng.standard_normal((rows, 5))
        base[:, 2] = np.abs(base[:, 2]) * np.sign(base[:, 0] * base[:, 1]) * sign
        return _frame(base)

    def missing(self, rows: int, share: float) -> pl.DataFrame:
        """Normal columns, the first of which is missing in some rows."""
        frame = self.normal(rows, related=TURNED)
        gone = pl.Series(self.rng.random(rows) < share)
        return frame.with_columns(x0=pl.when(~gone).then(pl.col("x0")))


Pair = Callable[[World, int, int], tuple[pl.DataFrame, pl.DataFrame]]
DRIFTS: dict[str, Pair] = {
    "correlation turns, .6 to -.6": lambda w, n, m: (w.normal(n, TURNED), w.normal(m, -TURNED)),
    "correlation goes, .6 to 0": lambda w, n, m: (w.normal(n, TURNED), w.normal(m)),
    "correlation comes, 0 to .6": lambda w, n, m: (w.normal(n), w.normal(m, TURNED)),
    "two of five shift by .4 sd": lambda w, n, m: (w.normal(n), w.normal(m, shift=0.4)),
    "sign of a product turns": lambda w, n, m: (w.product(n, 1), w.product(m, -1)),
    "nulls, 5 % to 25 %": lambda w, n, m: (w.missing(n, 0.05), w.missing(m, 0.25)),
}


def cross_fitted(reference: pl.DataFrame, current: pl.DataFrame) -> tuple[float, float]:
    """The usual AUROC of five folds and one pooled ranking, and its Mann-Whitney tail."""
    model = import_module("sklearn.ensemble").HistGradientBoostingClassifier
    encoded = encode(pl.concat([reference, current]), 0)
    now = np.arange(len(encoded.matrix)) >= reference.height
    fold = np.arange(now.size) % FOLDS
    scores: NDArray[np.float64] = np.zeros(now.size)
    for part in range(FOLDS):
        learn = fold != part
        fitted = model(max_iter=40, max_leaf_nodes=8, random_state=0)
        fitted.fit(encoded.matrix[learn], now[learn])
        scores[~learn] = fitted.predict_proba(encoded.matrix[~learn])[:, 1]
    area, variance = auroc(scores, now)
    return area, float(ndtr((0.5 - area) / np.sqrt(variance)))


def _frame(base: NDArray[np.float64]) -> pl.DataFrame:
    return pl.DataFrame(base, schema=[f"x{number}" for number in range(base.shape[1])])


def _alarm_rates(pairs: int) -> Iterator[str]:
    """The share of no-drift pairs in the tail, and of those said to have drifted."""
    error = np.sqrt(0.01 * 0.99 / pairs)
    yield f"no drift, {pairs} pairs a size (standard error {error:.2%} at 1 %)"
    yield f"{'':>11} {'score':<12} {'mean':>7} {'p<=.05':>7} {'p<=.01':>7} {'drift':>7} {'ms':>6}"
    for n, m in SIZES:
        for name, score in SCORES.items():
            world, start = World(np.random.default_rng([n, m])), process_time()
            found = [score(world.mixed(n), world.mixed(m), seed=k) for k in range(pairs)]
            each = (process_time() - start) / pairs
            tails = np.array([one.p_value for one in found])
            drift = np.mean([one.status == "drift" for one in found])
            mean = np.mean([one.effect for one in found])
            shares = " ".join(f"{(tails <= alpha).mean():7.2%}" for alpha in ALPHAS)
            yield f"{n:>5}/{m:<5} {name:<12} {mean:7.3f} {shares} {drift:7.2%} {each * 1e3:6.0f}"
    for n in (100, 500):
        world = World(np.random.default_rng(n))
        both = [cross_fitted(world.mixed(n), world.mixed(n)) for _ in range(pairs // FEW)]
        tails = np.array([tail for _, tail in both])
        mean = np.mean([2 * area - 1 for area, _ in both])
        shares = " ".join(f"{(tails <= alpha).mean():7.2%}" for alpha in ALPHAS)
        yield f"{n:>5}/{n:<5} {'(5 folds)':<12} {mean:7.3f} {shares}"


def _power(pairs: int) -> Iterator[str]:
    """The share of drifted pairs that are said to have drifted."""
    yield f"\nseen at 1 %, {pairs} pairs each"
    yield f"{'':<30} {'score':<12}" + "".join(f"{f'{n}/{m}':>11}" for n, m in POWER_SIZES)
    for drift, pair in DRIFTS.items():
        for name, score in SCORES.items():
            seen = [
                np.mean([score(*pair(world, n, m)).status == "drift" for _ in range(pairs)])
                for n, m in POWER_SIZES
                for world in [World(np.random.default_rng(n))]
            ]
            yield f"{drift:<30} {name:<12}" + "".join(f"{share:11.0%}" for share in seen)


def _cost() -> Iterator[str]:
    """What the largest usual case takes on one core."""
    rng = np.random.default_rng(0)
    before, after = (_frame(rng.standard_normal((5000, 50))) for _ in range(2))
    yield "\nseconds for 5,000 rows a side and 50 columns, without drift and with it"
    for name, score in SCORES.items():
        taken = []
        for current in (after, after + 0.5):
            start = process_time()
            score(before, current)
            taken.append(process_time() - start)
        yield f"{name:<12} {taken[0]:.2f} {taken[1]:.2f}"


if __name__ == "__main__":
    chosen = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_PAIRS
    few = max(chosen // FEW, 1)
    for line in chain(_alarm_rates(chosen), _power(few), _cost()):
        print(line, flush=True)  # noqa: T201
