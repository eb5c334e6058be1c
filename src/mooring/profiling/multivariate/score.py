"""What a multivariate score says, and the rules that make a status of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Literal

from mooring.errors import UsageError

if TYPE_CHECKING:
    from mooring.profiling.findings import Status

Method = Literal["domain_classifier", "reconstruction_error"]

LEAST_ROWS = 30
"""With fewer rows on either side the status is ``unknown``."""
MOST_COLUMNS = 3
"""Columns that are named as what drifted."""
TOLD = 5
"""How many times weaker than the first a column may be, and still be named."""


@dataclass(frozen=True, slots=True)
class MultivariateScore:
    """What all columns together show.

    Parameters
    ----------
    method : Method
    value : float
        The classifier's AUROC, or the window's mean reconstruction error.
    level : (lower, upper)
        What no drift leaves with probability ``alpha`` at these sizes.
    p_value : float
        The probability that no drift gives a value as far out.
    effect : float
        ``2 AUROC - 1``; or the change of the mean error in standard deviations of one row's error.
    rows : (reference, current)
        The rows that were drawn and used.
    status : Status
    reason : str
        Why the status is what it is, for people.
    columns : tuple of str
        With drift, up to three columns that show it, most first.
    ignored : tuple of str
        Columns that could not be used: on one side alone, of two kinds, of a type that is not
        understood, or without any variation.
    left_out : tuple of (column, reason)
        Columns that were not asked, as they only move with time.
    """

    method: Method
    value: float = nan
    level: tuple[float, float] = (nan, nan)
    p_value: float = nan
    effect: float = nan
    rows: tuple[int, int] = (0, 0)
    status: Status = "unknown"
    reason: str = ""
    columns: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What a user may choose, checked.

    Raises
    ------
    UsageError
        When a value cannot be meant.
    """

    seed: int
    max_rows: int
    alpha: float
    min_effect: float

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise UsageError(f"seed is {self.seed}", fix="0 or more")
        if not 0 < self.alpha < 1:
            raise UsageError(f"alpha is {self.alpha}", fix="a probability between 0 and 1")
        if self.max_rows < LEAST_ROWS:
            raise UsageError(f"max_rows is {self.max_rows}", fix=f"at least {LEAST_ROWS}")
        if not self.min_effect >= 0:
            raise UsageError(f"min_effect is {self.min_effect}", fix="0 or more")


def judge(name: str, found: MultivariateScore, rules: Rules) -> tuple[Status, str]:
    """The status of a value that was measured, and the sentence that says why."""
    low, high = found.level
    usual = f"below {high:.3f}" if low <= 0 else f"between {low:.3f} and {high:.3f}"
    said = f"{name} is {found.value:.3f}; without drift it is {usual} at these sizes"
    if found.p_value > rules.alpha:
        return "ok", said
    if abs(found.effect) < rules.min_effect:
        small = f"the effect {found.effect:.3f} is below the {rules.min_effect:g} that counts"
        return "ok", f"{said}, but {small}"
    return "drift", said


def too_few(rows: tuple[int, int]) -> str:
    """Why there is nothing to judge, or nothing when both sides have rows enough."""
    for side, count in zip(("reference", "current"), rows, strict=True):
        if count < LEAST_ROWS:
            return f"{count} rows on the {side} side; {LEAST_ROWS} are needed"
    return ""


def strongest(shares: dict[str, float]) -> tuple[str, ...]:
    """The few columns with the largest share, without those far behind the first."""
    ranked = sorted(shares, key=lambda name: -shares[name])[:MOST_COLUMNS]
    return tuple(name for name in ranked if shares[name] * TOLD >= shares[ranked[0]] > 0)
