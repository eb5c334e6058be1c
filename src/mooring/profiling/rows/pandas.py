"""pandas frames as rows, part by part, with or without pyarrow."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
import polars as pl

from mooring.profiling.rows.arrays import Slice, array_slices, check_names, in_parts
from mooring.profiling.rows.objects import guarded

if TYPE_CHECKING:
    import pandas as pd

    from mooring.profiling.rows.arrays import Array

    PandasRows = pd.DataFrame | pd.Series | pd.Index


def is_pandas(rows: object) -> TypeGuard[PandasRows]:
    """Whether this is a frame, series or index of pandas; who has one has pandas loaded."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(rows, (pandas.DataFrame, pandas.Series, pandas.Index))


def pandas_parts(rows: PandasRows) -> Iterator[pl.DataFrame]:
    """The columns of a frame, without its index."""
    import pandas as pd

    if not isinstance(rows, pd.DataFrame):
        rows = rows.to_frame(name="column_0" if rows.name is None else rows.name)
    names = check_names([_name(label) for label in rows.columns])
    columns = [_slices(name, rows.iloc[:, place]) for place, name in enumerate(names)]
    return in_parts(columns, len(rows))


def _name(label: object) -> str:
    return ".".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _slices(name: str, column: pd.Series) -> Slice:
    """One column, which is converted where it is asked for."""
    if isinstance(column.dtype, np.dtype):
        return array_slices(name, column.to_numpy())
    return lambda start, stop: guarded(
        name, stop - start, lambda: _extension(name, column.iloc[start:stop])
    )


def _extension(name: str, column: pd.Series) -> pl.Series:
    """A column of one of pandas' own types."""
    import pandas as pd

    dtype, rows = column.dtype, len(column)
    if isinstance(dtype, pd.CategoricalDtype):
        texts = pl.Series(name, [str(value) for value in dtype.categories], dtype=pl.String)
        codes = pl.Series(np.array(column.cat.codes, dtype=np.int64))
        return texts.gather(codes.replace(-1, None))
    if isinstance(dtype, pd.StringDtype):
        return pl.Series(name, column.to_numpy(object, na_value=None).tolist(), dtype=pl.String)
    if isinstance(column.array, pd.arrays.ArrowExtensionArray):
        return pl.Series(name, pl.from_arrow(column.array.__arrow_array__()))
    return array_slices(name, _as_array(column))(0, rows)


def _as_array(column: pd.Series) -> Array:
    """The values of a type that NumPy has one for; objects where it has none."""
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    elif isinstance(dtype, pd.SparseDtype):
        column = column.sparse.to_dense()
    elif isinstance(dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    plain = getattr(dtype, "numpy_dtype", None)
    if plain is None:
        values: Array = column.to_numpy()
        return values
    missing = np.asarray(column.isna(), dtype=bool)
    return np.ma.masked_array(column.fillna(plain.type(0)).to_numpy(plain), missing)
