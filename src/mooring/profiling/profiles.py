"""Profiles: the mergeable summary of some rows, per column.

Profiles of one layout form a commutative monoid under ``merge``: the profile of no rows is the
identity, and counts add exactly, whatever the partition. Means and squared deviations merge by
Chan, Golub and LeVeque (1979), equal up to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from mooring.errors import DataError
from mooring.profiling.bins import Bins
from mooring.profiling.counting import cells as on_cells
from mooring.profiling.counting import names as on_names
from mooring.profiling.counting.cells import Cells
from mooring.profiling.counting.moments import Moments, together
from mooring.profiling.counting.names import Names
from mooring.profiling.grids import Grid, grids_of
from mooring.profiling.quantiles import Quantile, quantile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mooring.profiling.findings import Comparison, DriftRules

Kind = Literal["numeric", "categorical", "boolean", "datetime", "text", "embedding", "unsupported"]
MEASURED = frozenset({"numeric", "datetime", "text", "embedding"})
"""Kinds with cells: numbers, instants, the lengths of texts, the norms of embeddings."""

UNEVEN = "embeddings are empty or of different lengths"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a column is counted: profiles merge when they agree on it.

    Parameters
    ----------
    kind : Kind
    centre : float
        What is subtracted from numbers before they are put into cells.
    integral : bool
        Whether all values are integers, by the baseline's type and the values found since.
    known : tuple of str
        The baseline's texts (of free text: its tokens): their rows are always told apart.
    """

    kind: Kind
    centre: float = 0.0
    integral: bool = False
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnProfile:
    """One column of some rows.

    Parameters
    ----------
    name : str
    layout : Layout
    rows : int
        All rows, missing values included.
    nulls : int
        Missing values: nulls, and NaN in a float column.
    zeros : int
        Values equal to 0, of a numeric column.
    moments : Moments
        Mean, squared deviations and extremes of the finite values: of numbers, of seconds since
        1970 UTC, of texts' lengths in bytes, of embeddings' Euclidean norms.
    cells : Cells
        Rows per cell of the same.
    names : Names
        Rows per category, or tokens of free text.
    dimensions : tuple of Moments
        Of an embedding: one for each dimension.
    problem : str
        Why the column could not be counted; empty when it was.
    """

    name: str
    layout: Layout
    rows: int
    nulls: int = 0
    zeros: int = 0
    moments: Moments = Moments()  # noqa: RUF009 - frozen, so it can be shared
    cells: Cells = field(default_factory=Cells)
    names: Names = Names()  # noqa: RUF009 - frozen, so it can be shared
    dimensions: tuple[Moments, ...] = ()
    problem: str = ""

    @property
    def kind(self) -> Kind:
        """What the column holds."""
        return self.layout.kind

    @cached_property
    def bins(self) -> Bins:
        """The bins that this column fixes when it is the baseline."""
        return self.grid.bins

    @cached_property
    def grid(self) -> Grid:
        """What it fixes for every window, as arrays, when it is the baseline."""
        return grids_of([self])[0]

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Rows in its own bins, missing values left out."""
        return tuple(int(rows) for rows in self.grid.fine.tolist())

    @property
    def present(self) -> int:
        """Values that are not missing."""
        return self.rows - self.nulls if not self.problem else 0

    @property
    def non_finite(self) -> int:
        """Infinities."""
        return self.present - self.moments.count if self.kind in MEASURED else 0

    @property
    def minimum(self) -> float | None:
        """The least finite value; None when there is none."""
        return self.moments.minimum

    @property
    def maximum(self) -> float | None:
        """The greatest finite value; None when there is none."""
        return self.moments.maximum

    @property
    def mean(self) -> float:
        """Mean of the finite values; 0 when there is none."""
        return self.moments.mean

    @property
    def null_rate(self) -> float:
        """Share of rows without a value; NaN without rows."""
        return self.nulls / self.rows if self.rows else float("nan")

    @property
    def deviation(self) -> float:
        """Population standard deviation of the finite values; NaN without any."""
        return self.moments.deviation

    @property
    def distinct(self) -> int | None:
        """How many different values: exactly, or about (see `Names.many`); None when not known."""
        if self.kind in MEASURED:
            values = self.cells.values
            return None if values is None or np.isnan(values).any() else values.size
        return self.names.distinct

    def quantile(self, q: float) -> Quantile:
        """A quantile of the values, with bounds; NaN for columns without cells.

        See `mooring.profiling.quantiles.quantile`.
        """
        return quantile(self.cells, self.moments, self.layout.centre, q)


@dataclass(frozen=True, repr=False)
class Profile:
    """The summary of some rows: their number, and each column.

    The profile of no rows, ``Profile()``, is what ``merge`` leaves unchanged.
    """

    rows: int = 0
    columns: tuple[ColumnProfile, ...] = ()

    def column(self, name: str) -> ColumnProfile | None:
        """The column of this name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def compare(self, baseline: Profile, *, rules: DriftRules | None = None) -> Comparison:
        """How far these rows are from a baseline; see :func:`mooring.profiling.compare`."""
        from mooring.profiling.comparing import compare
        from mooring.profiling.findings import DriftRules

        return compare(baseline, self, rules=rules or DriftRules())

    def __repr__(self) -> str:
        from mooring.profiling.tables import profile_table

        return profile_table(self)

    def _repr_html_(self) -> str:
        from mooring.profiling.tables import profile_html

        return profile_html(self)


def merge(*profiles: Profile) -> Profile:
    """The profile of the rows of all.

    Parameters
    ----------
    *profiles : Profile
        Made with one baseline, or laid out alike, of rows that do not overlap. None at all give
        the profile of no rows.

    Returns
    -------
    Profile
        Counts are exactly those of one profile over all rows, in whatever order and grouping.
        A column that could not be counted in one of them cannot be counted in the whole.

    Raises
    ------
    DataError
        When the columns or how they are counted differ.

    Examples
    --------
    >>> import polars as pl
    >>> from mooring.profiling import profile
    >>> a = profile(pl.DataFrame({"x": [1, 2]}))
    >>> b = profile(pl.DataFrame({"x": [2]}), baseline=a)
    >>> merge(a, b).columns[0].moments.count
    3
    """
    some = [profile for profile in profiles if profile.columns or profile.rows]
    if len(some) < 2:  # noqa: PLR2004 - nothing to add
        return some[0] if some else Profile()
    widths = {len(profile.columns) for profile in some}
    if len(widths) > 1:
        raise _not_alike(f"{' and '.join(str(width) for width in sorted(widths))} columns")
    columns = zip(*(profile.columns for profile in some), strict=True)
    return Profile(
        rows=sum(profile.rows for profile in some),
        columns=tuple(merge_columns(parts) for parts in columns),
    )


def merge_columns(parts: Iterable[ColumnProfile]) -> ColumnProfile:
    """One column of the rows of all parts."""
    parts = tuple(parts)
    first, rows = parts[0], sum(part.rows for part in parts)
    layout = replace(first.layout, integral=all(part.layout.integral for part in parts))
    for part in parts:
        if (part.name, replace(part.layout, integral=layout.integral)) != (first.name, layout):
            names = (first.name,) if first.name == part.name else (first.name, part.name)
            raise _not_alike(", ".join(names))
    dimensions = [part.dimensions for part in parts if part.dimensions]
    problem = min((part.problem for part in parts if part.problem), default="")
    if not problem and len({len(found) for found in dimensions}) > 1:
        problem = UNEVEN
    if problem:
        return ColumnProfile(first.name, layout, rows, problem=problem)
    return ColumnProfile(
        name=first.name,
        layout=layout,
        rows=rows,
        nulls=sum(part.nulls for part in parts),
        zeros=sum(part.zeros for part in parts),
        moments=together(part.moments for part in parts),
        cells=on_cells.merged(part.cells for part in parts),
        names=on_names.merged([part.names for part in parts], layout.known),
        dimensions=tuple(together(each) for each in zip(*dimensions, strict=True)),
    )


def _not_alike(where: str) -> DataError:
    return DataError(
        "these profiles are not laid out alike, so they cannot be merged",
        where=where,
        fix="profile every part with the same one: profile(rows, baseline=…)",
    )
