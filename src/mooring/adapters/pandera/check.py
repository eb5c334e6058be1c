"""A Pandera schema as a check: the rows that it names are those that break it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mooring.errors import UserCodeError
from mooring.lineage.answering import like_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from mooring.lineage.answering import FrameKind


def check_schema(schema: object, frame: pl.DataFrame) -> pl.Series | bool:
    """The rows that break a schema: a ``DataFrameSchema`` or a ``DataFrameModel``.

    Every failure is collected (``lazy=True``). One that is not about rows, such as a column that is
    missing or of another type, breaks the table as a whole.

    Parameters
    ----------
    schema : pandera.polars or pandera.pandas schema or model
        Each is given frames of its own library.
    frame : polars.DataFrame

    Returns
    -------
    polars.Series of bool, shape (n,), or bool
        True where a row breaks the schema; False when it is broken and no row can be named.

    Raises
    ------
    UserCodeError
        When the schema cannot be evaluated.
    """
    from pandera.errors import SchemaErrors

    validate: Callable[..., object] | None = getattr(schema, "validate", None)
    if validate is None:
        raise UserCodeError(
            f"{type(schema).__name__} is no schema of a table",
            fix="name a DataFrameSchema or a DataFrameModel",
        )
    try:
        checked = validate(like_frame(frame, _kind(schema)), lazy=True)
    except SchemaErrors as errors:
        return _rows(errors.failure_cases, frame.height)
    except Exception as error:
        raise UserCodeError(
            f"the schema cannot be evaluated: {type(error).__name__}: {error}"
        ) from error
    # a schema that drops what it does not like says nothing: fewer rows came back
    return len(checked) == frame.height if hasattr(checked, "__len__") else True


def _kind(schema: object) -> FrameKind:
    of = schema if isinstance(schema, type) else type(schema)
    polars = any(".polars" in base.__module__ for base in of.__mro__)
    return "polars" if polars else "pandas"


def _rows(cases: object, height: int) -> pl.Series | bool:
    found = cases["index"]  # type: ignore[index]
    places = found.to_list() if isinstance(found, pl.Series) else found.tolist()
    rows = [int(place) for place in places if place is not None and place == place]  # noqa: PLR0124
    if len(rows) < len(places) or not rows:
        return False
    return pl.int_range(height, eager=True).is_in(pl.Series(rows, dtype=pl.Int64).implode())
