"""How often does each drift score alarm without drift, and does it see a shift of half a deviation?

Thirty columns of known distribution: normal, lognormal, counts, zero-inflated, categories few and
many. Baselines are drawn row by row and fix the bins, as quantiles with heavy ties apart; windows
are drawn from the exact shares of those bins. Then prints, per score and size of window: the share
of windows without drift that are beyond their level (all columns, and the worst kind of column),
the share seen of those moved by half a standard deviation, and what a comparison costs.

    python bench/levels.py [BASELINE_ROWS] [BASELINES]
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr, pdtr

from mooring.profiling import scores
from mooring.profiling.laws.nulls import no_drift

Floats = NDArray[np.float64]
ALPHA = 0.01
SIZES = (100, 200, 500, 1_000, 10_000, 1_000_000)
WINDOWS = 25
FINE, COARSE = 250, 10
SHIFT = 0.5
DEFAULT_ROWS, DEFAULT_BASELINES = 20_000, 8
MILLI = 1e3
BASELINES = 2
"""The argument's position."""


@dataclass(frozen=True)
class Column:
    """A distribution: how to draw it, and its distribution function; or shares of categories."""

    kind: str
    draw: Callable[[np.random.Generator, int], Floats]
    below: Callable[[Floats], Floats]
    shares: Floats | None = None


class Binned(NamedTuple):
    """A baseline's rows per fine bin, the coarse bin of each, and what Wasserstein needs."""

    counts: tuple[int, ...]
    groups: NDArray[np.int64]
    edges: tuple[float, ...]
    scale: float
    discrete: bool


def _normal() -> Column:
    return Column("normal", lambda rng, n: rng.standard_normal(n), ndtr)


def _logistic() -> Column:
    return Column("normal", lambda rng, n: rng.logistic(size=n), expit)


def _lognormal(sigma: float) -> Column:
    return Column(
        "lognormal",
        lambda rng, n: rng.lognormal(sigma=sigma, size=n),
        lambda x: ndtr(np.log(np.maximum(x, 1e-300)) / sigma),
    )


def _count(rate: float) -> Column:
    return Column(
        "counts",
        lambda rng, n: rng.poisson(rate, n).astype(np.float64),
        lambda x: np.where(x >= 0, pdtr(np.maximum(np.floor(x), 0), rate), 0.0),
    )


def _inflated(zeros: float, sigma: float) -> Column:
    positive = _lognormal(sigma)
    return Column(
        "zero-inflated",
        lambda rng, n: np.where(rng.random(n) < zeros, 0.0, positive.draw(rng, n)),
        lambda x: np.where(x >= 0, zeros + (1 - zeros) * positive.below(x), 0.0),
    )


def _categories(kind: str, shares: Floats) -> Column:
    total = np.cumsum(shares) / shares.sum()
    return Column(
        kind,
        lambda rng, n: rng.choice(shares.size, n, p=shares / shares.sum()).astype(np.float64),
        lambda x: np.where(x >= 0, total[np.clip(np.floor(x), 0, shares.size - 1).astype(int)], 0),
        shares / shares.sum(),
    )


def columns() -> tuple[Column, ...]:
    """The thirty."""
    few = [[0.5, 0.5], [0.9, 0.1], [0.98, 0.02], [0.2, 0.3, 0.5], [0.2] * 5]
    many = [np.ones(k) for k in (20, 50, 100)] + [1 / np.arange(1.0, k) for k in (21, 51, 101)]
    return (
        *(_normal() for _ in range(3)),
        *(_logistic() for _ in range(2)),
        *(_lognormal(sigma) for sigma in (0.25, 0.5, 1.0, 1.5, 2.0)),
        *(_count(rate) for rate in (0.05, 0.5, 2, 10, 50)),
        *(_inflated(zeros, 1.0) for zeros in (0.3, 0.6, 0.9, 0.98)),
        *(_categories("few categories", np.asarray(shares)) for shares in few),
        *(_categories("many categories", shares) for shares in many),
    )


def binned(values: Floats, column: Column) -> Binned:
    """Bins as the baseline fixes them: at most 250 quantiles, or a bin per value, and open ends."""
    values = np.sort(values)
    distinct = np.unique(values)
    discrete = distinct.size <= FINE
    picks = distinct if discrete else np.quantile(values, np.arange(1, FINE + 1) / FINE)
    if not discrete:
        ties = picks[1:][picks[1:] == picks[:-1]]
        picks = np.union1d(picks, np.nextafter(ties, -np.inf))
    edges = np.union1d(np.nextafter(values[0], -np.inf), picks)
    below = np.searchsorted(values, edges, side="right")
    counts = np.diff(below, prepend=0, append=values.size)
    if column.shares is not None:
        groups = np.arange(counts.size)
    else:
        groups = np.minimum((COARSE * (np.cumsum(counts) - counts / 2) / values.size), COARSE - 1)
    groups = np.unique(groups.astype(np.int64), return_inverse=True)[1]
    deviation = float(values.std())
    return Binned(tuple(counts.tolist()), groups, tuple(edges.tolist()), deviation, bool(discrete))


def scored(base: Binned, window: NDArray[np.int64]) -> dict[str, tuple[float, tuple[float, ...]]]:
    """Each score, and the baseline's counts that it was computed over."""
    fine = np.asarray(base.counts)
    coarse = np.bincount(base.groups, weights=fine), np.bincount(base.groups, weights=window)
    a = tuple(coarse[0].tolist())
    area = scores.wasserstein(
        fine, window, edges=base.edges, scale=base.scale, discrete=base.discrete
    )
    return {
        "psi": (scores.psi(*coarse), a),
        "jensenshannon": (scores.jensenshannon(*coarse), a),
        "hellinger": (scores.hellinger(*coarse), a),
        "chisquare": (scores.chisquare(*coarse).statistic, a),
        "tvd": (scores.total_variation(*coarse), a),
        "ks": (scores.kolmogorov_smirnov(fine, window).statistic, base.counts),
        "wasserstein": (area, base.counts),
    }


def judged(base: Binned, window: NDArray[np.int64], levels: str) -> dict[str, tuple[bool, bool]]:
    """Whether each score is beyond its level, and whether that was resampled."""
    rows = int(window.sum())
    found = {}
    for name, (value, counts) in scored(base, window).items():
        law = no_drift(
            name,
            value,
            counts,
            rows,
            alpha=ALPHA,
            edges=base.edges,
            scale=base.scale,
            discrete=base.discrete,
            levels="closed" if levels == "closed" else "auto",
        )
        found[name] = (law.p_value <= ALPHA, law.method == "resampled")
    return found


def shares(base: Binned, column: Column, shift: float) -> Floats:
    """The exact shares of the bins, of values moved by so much."""
    below = column.below(np.asarray(base.edges) - shift)
    found = np.diff(below, prepend=0.0, append=1.0)
    kept = np.asarray(np.maximum(found, 0), dtype=np.float64)
    return np.asarray(kept / kept.sum(), dtype=np.float64)


Tally = dict[tuple[str, int, str], list[float]]


def run(rows: int, baselines: int, levels: str) -> tuple[Tally, Tally, Tally]:
    """Alarms without drift, alarms with it, and resampled laws, by score, size and kind."""
    quiet, moved, drawn = (defaultdict[tuple[str, int, str], list[float]](list) for _ in range(3))
    for number, column in enumerate(columns()):
        for repeat in range(baselines):
            rng = np.random.default_rng([number, repeat, rows])
            base = binned(column.draw(rng, rows), column)
            same = shares(base, column, 0.0)
            away = shares(base, column, SHIFT * base.scale) if column.shares is None else None
            for size in SIZES:
                for window in rng.multinomial(size, same, size=WINDOWS):
                    for name, (alarm, how) in judged(base, window, levels).items():
                        quiet[name, size, column.kind].append(alarm)
                        drawn[name, size, column.kind].append(how)
                if away is None:
                    continue
                for window in rng.multinomial(size, away, size=2):
                    for name, (alarm, _) in judged(base, window, levels).items():
                        moved[name, size, column.kind].append(alarm)
    return quiet, moved, drawn


def show(title: str, tally: Tally, *, worst: bool = False) -> None:
    """One line for each score, one column for each size, in percent."""
    print(f"\n{title}\n{'':14}" + "".join(f"{size:>18,}" for size in SIZES))  # noqa: T201
    for name in scores.NAMES:
        cells = []
        for size in SIZES:
            kinds = {kind: flags for (n, s, kind), flags in tally.items() if (n, s) == (name, size)}
            mean = float(np.mean([flag for flags in kinds.values() for flag in flags]))
            kind = max(kinds, key=lambda kind: float(np.mean(kinds[kind])))
            tail = f" {float(np.mean(kinds[kind])):6.2%} {kind[:5]}" if worst else ""
            cells.append(f"{mean:.2%}{tail}".rjust(20 if worst else 18))
        print(f"{name:14}" + "".join(cells))  # noqa: T201


def cost() -> None:
    """Fifty numeric columns by seven scores, twice: the laws new, and the laws known."""
    rng = np.random.default_rng(0)
    pairs = []
    for _ in range(50):
        base = binned(rng.standard_normal(DEFAULT_ROWS), _normal())
        window = rng.multinomial(5_000, shares(base, _normal(), 0.0))
        pairs.append((base, scored(base, window)))
    for title in ("new", "known", "known"):
        start = perf_counter()
        for base, found in pairs:
            for name, (value, counts) in found.items():
                no_drift(name, value, counts, 5_000, edges=base.edges, scale=base.scale)
        print(f"50 columns by 7 scores, laws {title}: {(perf_counter() - start) * MILLI:.1f} ms")  # noqa: T201


def main() -> None:
    """Run with a baseline of some rows."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_ROWS
    baselines = int(sys.argv[BASELINES]) if len(sys.argv) > BASELINES else DEFAULT_BASELINES
    cost()
    for levels in ("auto", "closed"):
        start = perf_counter()
        quiet, moved, drawn = run(rows, baselines, levels)
        print(f"\nlevels={levels}, baselines of {rows:,} rows, {perf_counter() - start:.0f} s")  # noqa: T201
        show(f"beyond the level at {ALPHA:.0%} without drift; the worst kind", quiet, worst=True)
        show(f"seen, of windows moved by {SHIFT} sd (numeric columns)", moved)
        if levels == "auto":
            show("levels that were resampled", drawn)


if __name__ == "__main__":
    main()
