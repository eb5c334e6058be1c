"""Rows that the data gate took out, kept to look at."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from mooring.errors import RunError
from mooring.gates.terms.taking import left_by
from mooring.lineage.blobs import digest_bytes, write_durably

FOLDER = "quarantine"


def keep_rows(state: Path, dataset: str, taken: pl.DataFrame) -> str:
    """Writes the rows to a Parquet file under ``quarantine/<dataset digest>/``.

    The same rows taken out for the same reasons are one file, however often.

    Parameters
    ----------
    state : Path
        The project's ``.mooring``.
    dataset : str
        The digest of the table they were in.
    taken : polars.DataFrame
        With the rule that caught each row, and its place.

    Returns
    -------
    str
        The file's path, relative to ``state``.
    """
    buffer = io.BytesIO()
    taken.write_parquet(buffer)
    data = buffer.getvalue()
    folder = Path(FOLDER) / dataset.replace(":", "-")
    file = folder / f"{digest_bytes(data).partition(':')[2][:16]}.parquet"
    (state / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(state / file, data)
    return file.as_posix()


def without_kept(rows: pl.DataFrame, file: Path) -> pl.DataFrame:
    """The rows that were left of a table, in their order.

    Parameters
    ----------
    rows : polars.DataFrame
        The table as it was when ``keep_rows`` wrote the file.
    file : Path

    Raises
    ------
    RunError
        When the file is not there any more.
    """
    if not file.exists():
        raise RunError("the rows that were quarantined are not kept any more", where=str(file))
    return left_by(rows, pl.read_parquet(file))
