"""Model versions as monitoring needs them, each loaded once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from mooring.errors import ArtifactError
from mooring.gates import contract as contracts
from mooring.lineage.golden import golden_rows
from mooring.lineage.loading import LoadedVersion, load_version
from mooring.profiling import codec
from mooring.serving.requests import inputs_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mooring.gates.contract import Contract
    from mooring.lineage.artifacts import ArtifactStore
    from mooring.profiling.profiles import Profile


@dataclass(frozen=True, slots=True, eq=False)
class MonitoredVersion:
    """A loaded model version with the baselines it brought along.

    Parameters
    ----------
    loaded : LoadedVersion
    baseline : Profile
        Of the features it was trained on.
    predictions : Profile
        Of its predictions on validation and holdout rows.
    contract : Contract
    trained : polars.Schema
        The types of the raw columns in training.
    """

    loaded: LoadedVersion
    baseline: Profile
    predictions: Profile
    contract: Contract
    trained: pl.Schema

    def features(self, inputs: Sequence[bytes]) -> pl.DataFrame:
        """The features of logged rows, made by the version's own code.

        Parameters
        ----------
        inputs : sequence of bytes, shape (n,)
            Canonical JSON from the prediction log.

        Raises
        ------
        RequestError, UserCodeError
            When the rows do not fit the contract, or ``features`` cannot use them.
        """
        return self.loaded.features(self.rows(inputs))

    def rows(self, inputs: Sequence[bytes]) -> pl.DataFrame:
        """Logged rows as raw columns of the types of the training rows; errors as above."""
        rows = inputs_frame(inputs, self.contract)
        known = [name for name in self.trained if name in rows.columns]
        return rows.select(*(as_trained(rows[name], self.trained[name]) for name in known))


def as_trained(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    """The type that ``features`` was given in training; what does not fit is missing."""
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        series = series.dt.replace_time_zone("UTC")
    return series if series.dtype == dtype else series.cast(dtype, strict=False)


class VersionCache:
    """Loaded model versions by the digest of their artifact.

    Parameters
    ----------
    store : ArtifactStore
    most : int
        How many are kept; the one that was used longest ago goes first.
    """

    def __init__(self, store: ArtifactStore, most: int = 8) -> None:
        self._store = store
        self._most = most
        self._held: dict[str, MonitoredVersion] = {}

    def get(self, digest: str) -> MonitoredVersion:
        """The version of that digest, verified and tried on its golden rows when first loaded.

        Raises
        ------
        ArtifactError
            When it is missing, was changed, or lacks a part that monitoring needs.
        """
        found = self._held.pop(digest, None) or self._load(digest)
        self._held[digest] = found
        while len(self._held) > self._most:
            del self._held[next(iter(self._held))]
        return found

    def _load(self, digest: str) -> MonitoredVersion:
        loaded = load_version(self._store, digest)
        missing = {"baseline.profile", "predictions.profile"} - loaded.parts.keys()
        if missing:
            raise ArtifactError(
                f"the model version has no {min(missing)}", where=digest, fix="mooring run"
            )
        return MonitoredVersion(
            loaded=loaded,
            baseline=codec.from_bytes(loaded.parts["baseline.profile"]),
            predictions=codec.from_bytes(loaded.parts["predictions.profile"]),
            contract=contracts.from_bytes(loaded.contract_bytes),
            trained=golden_rows(loaded.parts).schema,
        )
