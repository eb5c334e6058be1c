"""Evidently's choice of a method, its thresholds and its decision.

Read from Evidently 0.7: ``evidently.core.datasets.infer_column_type`` and
``evidently.legacy.calculations.stattests.registry``.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import polars as pl

from mooring.errors import DataError, UsageError
from mooring.profiling.compat import evidently_distances as distances
from mooring.profiling.compat import evidently_p_values as p_values
from mooring.profiling.compat.column import CompatColumn, Kind
from mooring.profiling.compat.sample import Sample, present

if TYPE_CHECKING:
    from collections.abc import Callable

    from mooring.profiling.compat.sample import Column

_SMALL = 1000
_FEW_VALUES = 5
_TWO_VALUES = 2
_CATEGORY_INTEGERS = 10
_TEXT_SHARE = 0.5

_NUMBERS: tuple[Kind, ...] = ("numeric",)
_CATEGORIES: tuple[Kind, ...] = ("categorical",)
_ANY: tuple[Kind, ...] = ("numeric", "categorical")


class Score(Protocol):
    """Reference, current and kind to a distance or a p-value."""

    def __call__(self, reference: Column, current: Column, kind: Kind, /) -> float: ...


@dataclass(frozen=True, slots=True)
class Method:
    """A method: its score, where drift begins and on which side of it."""

    score: Score
    kinds: tuple[Kind, ...]
    threshold: float
    drifts: Callable[[float, float], bool]


METHODS = {
    "ks": Method(p_values.ks, _NUMBERS, 0.05, operator.le),
    "wasserstein": Method(distances.wasserstein, _NUMBERS, 0.1, operator.ge),
    "psi": Method(distances.psi, _ANY, 0.1, operator.ge),
    "jensenshannon": Method(distances.jensenshannon, _ANY, 0.1, operator.ge),
    "kl_div": Method(distances.kl_div, _ANY, 0.1, operator.ge),
    "hellinger": Method(distances.hellinger, _ANY, 0.1, operator.ge),
    "ed": Method(distances.energy_distance, _NUMBERS, 0.1, operator.gt),
    "anderson": Method(p_values.anderson, _NUMBERS, 0.1, operator.lt),
    "cramer_von_mises": Method(p_values.cramer_von_mises, _NUMBERS, 0.1, operator.le),
    "mannw": Method(p_values.mannw, _NUMBERS, 0.05, operator.lt),
    "es": Method(p_values.epps_singleton, _NUMBERS, 0.05, operator.lt),
    "t_test": Method(p_values.t_test, _NUMBERS, 0.05, operator.lt),
    "empirical_mmd": Method(p_values.empirical_mmd, _NUMBERS, 0.1, operator.lt),
    "chisquare": Method(p_values.chisquare, _CATEGORIES, 0.05, operator.lt),
    "z": Method(p_values.z, _CATEGORIES, 0.05, operator.lt),
    "g_test": Method(p_values.g_test, _CATEGORIES, 0.1, operator.lt),
    "fisher_exact": Method(p_values.fisher_exact, _CATEGORIES, 0.1, operator.lt),
    "TVD": Method(p_values.total_variation, _CATEGORIES, 0.1, operator.lt),
}


def evidently_column(
    name: str,
    reference: Column,
    current: Column,
    kind: Kind,
    method: str | None = None,
) -> CompatColumn:
    """Evidently's judgement of one column.

    Parameters
    ----------
    name : str
    reference, current : polars.Series, numpy array or Sample
        Missing values and infinities are dropped.
    kind : "numeric" or "categorical"
    method : str, optional
        One of ``METHODS``; by default what Evidently chooses, see ``default_method``.

    Raises
    ------
    UsageError
        When there is no such method, or it does not take that kind of column.
    DataError
        When a side has no values, or the method cannot use them.

    Examples
    --------
    >>> import numpy as np
    >>> evidently_column("x", np.arange(9.0), np.arange(9.0) + 9, "numeric").method
    'ks'
    """
    a, b = present(reference), present(current)
    chosen = default_method(a, b, kind) if method is None else method
    if chosen not in METHODS or (method is not None and kind not in METHODS[chosen].kinds):
        raise UsageError(f"Evidently has no method {chosen!r} for {kind} columns")
    rule = METHODS[chosen]
    limit = rule.threshold
    score = rule.score(a, b, kind)
    if score != score:  # noqa: PLR0124 (NaN)
        return CompatColumn(name, kind, chosen, score, limit, None, "the score is not a number")
    return CompatColumn(name, kind, chosen, score, limit, bool(rule.drifts(score, limit)))


def judge_column(
    name: str, reference: pl.Series, current: pl.Series, kind: Kind | None
) -> CompatColumn:
    """Evidently's judgement of a column of a frame, typed as it types one."""
    return evidently_column(name, reference, current, kind or inferred_kind(current))


def default_method(reference: Column, current: Column, kind: Kind) -> str:
    """What Evidently chooses by the reference's rows and the distinct values of both sides.

    ============================  ==============  ===========================
    distinct values               to 1000 rows    above
    ============================  ==============  ===========================
    numbers, more than 5          ks              wasserstein
    else, more than 2             chisquare       jensenshannon
    else                          z               jensenshannon
    ============================  ==============  ===========================
    """
    a, b = present(reference), present(current)
    distinct = max(a.values.n_unique(), b.values.n_unique())
    if distinct <= _FEW_VALUES:
        distinct = len(a.counts().keys() | b.counts().keys())
    many = kind == "numeric" and distinct > _FEW_VALUES
    if a.rows > _SMALL:
        return "wasserstein" if many else "jensenshannon"
    if many:
        return "ks"
    return "chisquare" if distinct > _TWO_VALUES else "z"


def inferred_kind(column: pl.Series) -> Kind:
    """What Evidently takes a column for; it looks at the current side only.

    A float is a number, and so is an integer column with missing values, which pandas holds as
    floats; an integer of at most 10 distinct values is a category. A nullable boolean, which
    Evidently leaves out, counts as a category here.

    Raises
    ------
    DataError
        For what Evidently scores otherwise (free text) or not at all (times, lists).
    """
    if column.dtype.is_float():
        return "numeric"
    if column.dtype.is_integer():
        few = not column.null_count() and column.n_unique() <= _CATEGORY_INTEGERS
        return "categorical" if few else "numeric"
    if column.dtype == pl.String:
        there = column.drop_nulls()
        if there.n_unique() > len(there) * _TEXT_SHARE:
            raise DataError(
                "Evidently takes the column for free text: over half of its values are distinct"
            )
        return "categorical"
    if column.dtype == pl.Boolean or isinstance(column.dtype, pl.Categorical | pl.Enum):
        return "categorical"
    raise DataError(f"Evidently has no drift score for {column.dtype}")


def as_called(column: Column) -> Sample:
    """A column as Evidently's test sees it when called on its own: shares are of all rows."""
    return present(column, of_all=True)
