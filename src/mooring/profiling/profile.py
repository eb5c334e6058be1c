"""Profiles: the mergeable summary of some rows, per column.

Profiles of the same baseline form a commutative monoid under ``merge``: the profile of no rows is
the identity, and counts add exactly whatever the partition. Means and squared deviations merge by
Chan, Golub and LeVeque (1979), equal up to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mooring.errors import DataError
from mooring.profiling.bins import Bins, Kind

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column of some rows.

    Parameters
    ----------
    name : str
    kind : Kind
        Datetimes are counted as seconds since 1970 UTC; durations and times of day are numeric
        seconds.
    rows : int
        All rows, missing values included.
    nulls : int
        Missing values: nulls, and NaN in a float column.
    non_finite : int
        Infinities; they also count in the open end cells.
    zeros : int
        Values equal to 0, of a numeric column.
    minimum, maximum : float or None
        Of the finite values; None when there are none.
    mean, m2 : float
        Mean of the finite values, and the sum of their squared deviations from it.
    bins : Bins
        The baseline's cells.
    counts : tuple of int
        Rows per cell, missing values left out.
    problem : str
        Why the column could not be counted; empty when it was. Such a column has zero counts.
    """

    name: str
    kind: Kind
    rows: int
    nulls: int = 0
    non_finite: int = 0
    zeros: int = 0
    minimum: float | None = None
    maximum: float | None = None
    mean: float = 0.0
    m2: float = 0.0
    bins: Bins = Bins()  # noqa: RUF009 - frozen, so it can be shared
    counts: tuple[int, ...] = ()
    problem: str = ""

    @property
    def present(self) -> int:
        """Values that are not missing."""
        return sum(self.counts)

    @property
    def finite(self) -> int:
        """Values of a numeric column that are neither missing nor infinite."""
        return self.present - self.non_finite

    @property
    def unseen(self) -> int:
        """Categories the baseline never held; numbers beyond its range."""
        if not self.counts:
            return 0
        if self.kind in {"numeric", "datetime"}:
            return self.counts[0] + (self.counts[-1] if len(self.counts) > 1 else 0)
        return self.counts[-1]

    @property
    def null_rate(self) -> float:
        """Share of rows without a value; NaN without rows."""
        return self.nulls / self.rows if self.rows else float("nan")

    @property
    def unseen_rate(self) -> float:
        """Share of rows with a value that is unseen; NaN without rows."""
        return self.unseen / self.rows if self.rows else float("nan")

    @property
    def deviation(self) -> float:
        """Population standard deviation of the finite values; NaN without any."""
        return float((self.m2 / self.finite) ** 0.5) if self.finite else float("nan")


@dataclass(frozen=True, slots=True)
class Profile:
    """The summary of some rows: their number, and each column."""

    rows: int
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile | None:
        """The column of this name, or None."""
        return next((column for column in self.columns if column.name == name), None)


def baseline(frame: pl.DataFrame) -> Profile:
    """Profile training rows, and fix the bins that every later profile counts in.

    Parameters
    ----------
    frame : polars.DataFrame
        The training rows, features only. The order of the rows does not matter.

    Returns
    -------
    Profile
        A column that cannot be profiled has kind ``unsupported`` and says why in ``problem``.

    Examples
    --------
    >>> import polars as pl
    >>> baseline(pl.DataFrame({"x": [1, 1, 2, None]})).columns[0].counts
    (0, 2, 1, 0)
    """
    from mooring.profiling.counting import baseline_column

    columns = tuple(baseline_column(series) for series in frame.iter_columns())
    return Profile(rows=frame.height, columns=columns)


def profile(frame: pl.DataFrame, like: Profile) -> Profile:
    """Profile rows in the bins of another profile.

    Parameters
    ----------
    frame : polars.DataFrame
        Any rows. Columns that ``like`` does not have are left out.
    like : Profile
        The baseline, or any profile made like it.

    Returns
    -------
    Profile
        The columns of ``like``, in its order. A column that is absent, or holds something else
        than the baseline's kind, says so in ``problem``; the others are not affected.

    Examples
    --------
    >>> import polars as pl
    >>> base = baseline(pl.DataFrame({"x": [1, 1, 2]}))
    >>> profile(pl.DataFrame({"x": [2, 9]}), base).columns[0].counts
    (0, 0, 1, 1)
    """
    from mooring.profiling.counting import absent_column, count_column

    columns = tuple(
        count_column(frame.get_column(column.name), column)
        if column.name in frame.columns
        else absent_column(column, frame.height)
        for column in like.columns
    )
    return Profile(rows=frame.height, columns=columns)


def merge(a: Profile, b: Profile) -> Profile:
    """The profile of the rows of both.

    Parameters
    ----------
    a, b : Profile
        Profiles in the same bins, of rows that do not overlap.

    Returns
    -------
    Profile
        Counts are exactly those of one profile over all rows. A column that could not be counted
        in one of them cannot be counted in the whole.

    Raises
    ------
    DataError
        When the columns or their bins differ.
    """
    if len(a.columns) != len(b.columns):
        raise _not_alike(f"{len(a.columns)} and {len(b.columns)} columns")
    columns = tuple(_merge_columns(x, y) for x, y in zip(a.columns, b.columns, strict=True))
    return Profile(rows=a.rows + b.rows, columns=columns)


def _merge_columns(a: ColumnProfile, b: ColumnProfile) -> ColumnProfile:
    if (a.name, a.kind, a.bins) != (b.name, b.kind, b.bins):
        raise _not_alike(a.name if a.name == b.name else f"{a.name}, {b.name}")
    mean, m2 = _merge_moments(a, b)
    return ColumnProfile(
        name=a.name,
        kind=a.kind,
        rows=a.rows + b.rows,
        nulls=a.nulls + b.nulls,
        non_finite=a.non_finite + b.non_finite,
        zeros=a.zeros + b.zeros,
        minimum=min((x for x in (a.minimum, b.minimum) if x is not None), default=None),
        maximum=max((x for x in (a.maximum, b.maximum) if x is not None), default=None),
        mean=mean,
        m2=m2,
        bins=a.bins,
        counts=tuple(x + y for x, y in zip(a.counts, b.counts, strict=True)),
        problem=min((x for x in (a.problem, b.problem) if x), default=""),
    )


def _merge_moments(a: ColumnProfile, b: ColumnProfile) -> tuple[float, float]:
    """Mean and squared deviations of both (Chan, Golub and LeVeque 1979)."""
    n, m = a.finite, b.finite
    if n == 0 or m == 0:
        return (b.mean, b.m2) if n == 0 else (a.mean, a.m2)
    # Both orders of the arguments must round alike, so the larger part does not lead.
    mean = a.mean * (n / (n + m)) + b.mean * (m / (n + m))
    apart = abs(a.mean - b.mean)
    return mean, a.m2 + b.m2 + apart * apart * (n * m / (n + m))


def _not_alike(where: str) -> DataError:
    return DataError(
        "these profiles do not share their bins",
        where=where,
        fix="profile both parts with profile(frame, like=the same baseline)",
    )
