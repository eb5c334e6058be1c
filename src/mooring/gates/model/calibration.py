"""Do chances come true as often as they say? The calibration of a classifier, with its interval.

Rows are put into bins of equally many rows by the chance that was given. What a bin's mean chance
and its frequency lie apart is part chance: its square overestimates by its own variance, which is
subtracted (Brocker 2012; Kumar, Liang and Ma 2019). Brier's score falls apart into reliability,
resolution and uncertainty (Murphy 1973). The expected calibration error (Naeini, Cooper and
Hauskrecht 2015) is told beside what it would be for a perfectly calibrated model on so many rows.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from mooring.gates.cases import Case, FloatArray
from mooring.gates.inference.cells import MAX_CELLS, Cells, interval_of
from mooring.gates.inference.plan import Plan, rows_to_tell
from mooring.gates.model.match import Finding, Match, about, unknown
from mooring.lineage.answers import Answers

BINS = 15
"""As in Guo, Pleiss, Sun and Weinberger 2017; fewer where a bin would hold under 20 rows."""
_LEAST = 20


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far chances lie from frequencies.

    Parameters
    ----------
    error, low, high : float
        Root of the mean square distance between chance and frequency, free of what chance adds,
        and its interval.
    ece, ece_by_chance : float
        The expected calibration error, and what it would be without any.
    reliability, resolution, uncertainty : float
        The parts of Brier's score; the first free of what chance adds.
    bins : int
    detectable : float
        The smallest difference of ``reliability`` that would be seen in 80 % of such data.
    """

    error: float
    low: float
    high: float
    ece: float
    ece_by_chance: float
    reliability: float
    resolution: float
    uncertainty: float
    bins: int
    detectable: float


def calibration_of(case: Case, answers: Answers, plan: Plan) -> Calibration | None:
    """The calibration of the positive class, or of the answered class where there are more.

    Parameters
    ----------
    case : Case
    answers : Answers
    plan : Plan
        How the interval is made.

    Returns
    -------
    Calibration or None
        None without probabilities, or with too few rows for two bins.
    """
    if answers.probabilities is None:
        return None
    if case.score is not None:
        chance, came = case.score, case.truth
    else:
        chance = answers.probabilities.max(axis=1).astype(np.float64)
        came = (case.predicted == case.truth).astype(np.float64)
    bins = min(BINS, len(chance) // _LEAST)
    if bins <= 1:
        return None
    edges = np.unique(np.quantile(chance, np.arange(1, bins) / bins))
    place = np.searchsorted(edges, chance, side="left")
    return _measured(chance, came, place, plan)


def _measured(
    chance: FloatArray, came: FloatArray, place: NDArray[np.intp], plan: Plan
) -> Calibration | None:
    bins = int(place.max()) + 1
    size = math.ceil(len(chance) / MAX_CELLS)
    cell = np.arange(len(chance)) // size
    gap, width = came - chance, int(cell[-1]) + 1

    def summed(values: FloatArray | None) -> FloatArray:
        flat = np.bincount(cell * bins + place, values, width * bins)
        return flat.reshape(width, bins).astype(np.float64)

    sums = np.concatenate([summed(None), summed(gap), summed(gap**2)], axis=1)
    cells = Cells(sums, lambda total: _reliability(total, bins))
    found = interval_of(cells, plan, size)
    if found is None:
        return None
    total = sums.sum(axis=0)
    counts, gaps, noise = _gaps(total, bins)
    shares = counts / counts.sum()
    reliability = float(_reliability(total, bins))
    base = float(came.mean())
    frequency = np.bincount(place, came, bins) / np.maximum(counts, 1)
    return Calibration(
        error=_root(reliability),
        low=_root(reliability - found.below),
        high=_root(reliability + found.above),
        ece=float(shares @ np.abs(gaps)),
        ece_by_chance=float(shares @ np.sqrt(noise * 2 / math.pi)),
        reliability=reliability,
        resolution=float(shares @ (frequency - base) ** 2),
        uncertainty=base * (1 - base),
        bins=bins,
        detectable=found.detectable,
    )


def _gaps(total: FloatArray, bins: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows by bin, what frequency and chance lie apart, and the variance of that."""
    counts, sums, squares = total[..., :bins], total[..., bins : 2 * bins], total[..., 2 * bins :]
    rows = np.maximum(counts, 1)
    gaps = sums / rows
    noise = np.maximum(squares / rows - gaps**2, 0) / np.maximum(counts - 1, 1)
    return counts, gaps, noise


def _reliability(total: FloatArray, bins: int) -> FloatArray:
    counts, gaps, noise = _gaps(total, bins)
    return np.asarray((counts * (gaps**2 - noise)).sum(axis=-1) / counts.sum(axis=-1))


def _root(square: float) -> float:
    return math.sqrt(max(0.0, square))


def calibration(match: Match, candidate: Case, opponent: Case) -> list[Finding]:
    """What the calibration says, and whether it is within ``gates.model.max_calibration_error``."""
    limit = match.rules.max_calibration_error
    found = calibration_of(candidate, match.candidate, match.plan)
    if found is None:
        if limit is None:
            return []
        return [unknown("calibration", "the calibration error cannot be measured on these rows")]
    before = calibration_of(opponent, match.opponent, match.plan)
    shown = f"calibration error {_interval(found)}"
    if before is not None and match.trivial is not None:
        shown += f", {_interval(before)} for {match.name}"
    evidence = {**asdict(found), "opponent": None if before is None else asdict(before)}
    if limit is None or found.high <= limit:
        return [Finding("calibration", "pass", shown, None, evidence)]
    if found.low > limit:
        reason = f"{shown}; at most {limit:g} is allowed: calibrate it (CalibratedClassifierCV)"
        return [Finding("calibration", "fail", reason, None, evidence)]
    needed = rows_to_tell(len(match.truth), found.detectable, abs(found.reliability - limit**2))
    reason = f"{shown}; it may be above the {limit:g} that is allowed{about(needed)}"
    return [Finding("calibration", "not_enough_evidence", reason, needed, evidence)]


def _interval(found: Calibration) -> str:
    return f"{found.error:.3f} ({found.low:.3f} to {found.high:.3f})"
