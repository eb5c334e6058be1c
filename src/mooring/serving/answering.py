"""From the rows of a request to answers that are on record; the same for every protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from mooring.errors import RequestError
from mooring.serving.columns import MISSING
from mooring.serving.context import Kept, checked_key, context_rows, feature_ages
from mooring.serving.domain import check_domain
from mooring.serving.following import NO_TRAFFIC
from mooring.serving.predicting import Part, Said
from mooring.serving.requests import Table, canonical_rows, type_rows

if TYPE_CHECKING:
    from mooring.clock import Clock
    from mooring.ids import IdSource
    from mooring.lineage.answers import Label
    from mooring.serving.batching import Batcher
    from mooring.serving.following import Following
    from mooring.serving.log import Value
    from mooring.serving.versions import ServedVersion, Split


@dataclass(frozen=True, slots=True)
class Request:
    """Rows to answer, and what the caller said about them.

    Parameters
    ----------
    table : Table
    key : str or None
        Keeps the whole request on one arm, before any key column.
    at : datetime or None
        The instant of the records, for replays; now when absent.
    number : str or None
        Only the model version of this number may answer.
    """

    table: Table
    key: str | None = None
    at: datetime | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer per row, in the order of the request.

    ``probabilities`` has a column for each of ``classes``; it is None for a regression, and when a
    model version among those that answered has none.
    """

    ids: Sequence[str]
    versions: Sequence[ServedVersion]
    predictions: Sequence[Value]
    probabilities: Sequence[Sequence[float]] | None
    classes: tuple[Label, ...]

    @property
    def only_version(self) -> ServedVersion | None:
        """The version that answered every row, when there is one."""
        return self.versions[0] if len({v.id for v in self.versions}) == 1 else None


@dataclass(frozen=True, slots=True)
class Service:
    """What answers requests: the split, the batcher and the log behind it.

    Parameters
    ----------
    following : Following
    batcher : Batcher
    clock : Clock
    ids : IdSource
    key : str or None
        The field whose value keeps an entity on one arm.
    max_rows : int
        In one request.
    kept : Kept
        Fields that the log keeps beside the inputs.
    """

    following: Following
    batcher: Batcher
    clock: Clock
    ids: IdSource
    key: str | None
    max_rows: int
    kept: Kept = field(default_factory=Kept)

    @property
    def split(self) -> Split:
        """The split in force: what of it holds now.

        Raises
        ------
        RequestError
            Of kind ``busy`` when nothing has traffic, or what has it cannot be loaded.
        """
        served = self.following.split
        split = served.at(self.clock()) if served is not None else None
        if split is None:
            raise RequestError(self.following.detail or NO_TRAFFIC, kind="busy", fix="mooring run")
        return split

    async def answer(self, request: Request) -> Answered:
        """Answers every row of a request, or none.

        Raises
        ------
        RequestError
            When the rows do not fit, are too many, or cannot be answered now.
        UserCodeError
            When the model version fails on them.
        """
        split, table = self.split, request.table
        self._check_size(table.rows)
        at = request.at or self.clock()
        ids = [self.ids(at) for _ in range(table.rows)]
        keys = self._keys(request)
        parts, places = [], []
        for version, chosen in _by_version(split, request.number, keys, ids).items():
            places.append(chosen)
            own = [ids[i] for i in chosen], [keys[i] for i in chosen]
            share = table if len(chosen) == table.rows else table.take(chosen)
            parts.append(self._part(split.deployment, version, share, chosen, own, at))
        return _in_order(ids, parts, places, await self.batcher.submit(parts))

    def _part(  # noqa: PLR0913, PLR0917 - the rows of one version, and what is known of them
        self,
        deployment: str,
        version: ServedVersion,
        share: Table,
        chosen: Sequence[int],
        own: tuple[list[str], list[str | None]],
        at: datetime,
    ) -> Part:
        numbers = [i + 1 for i in chosen]
        typed = type_rows(self._inputs(share, version), version.loaded.fields, numbers)
        outside = check_domain(typed, version.loaded.domain, numbers)
        return Part(
            *(deployment, version, typed, canonical_rows(typed), *own, at, outside),
            context=context_rows(share, self.kept),
            ages=feature_ages(share, self.kept, at),
        )

    def _check_size(self, rows: int) -> None:
        if rows > self.max_rows:
            raise RequestError(
                f"{rows} rows in one request",
                kind="too_large",
                fix=f"send at most {self.max_rows} rows at once, or raise serving.max_rows",
            )
        if not rows:
            raise RequestError("the request has no rows", fix="send at least one row")

    def _keys(self, request: Request) -> list[str | None]:
        """What keeps each row on its arm: the caller's word, then the key column."""
        rows = request.table.rows
        values = request.table.columns.get(self.key) if self.key is not None else None
        if request.key is not None or values is None:
            return [request.key] * rows
        return [_key_text(self.key or "", value, row) for row, value in enumerate(values, 1)]

    def _inputs(self, table: Table, version: ServedVersion) -> Table:
        """Keys and instants are no inputs of a model, unless it says that they are."""
        for name in (self.key, *self.kept.fields):
            if (
                name is not None
                and name in table.columns
                and name not in version.loaded.fields.columns
            ):
                table = table.without(name)
        return table


def _key_text(field: str, value: object, row: int) -> str | None:
    if value is None or value is MISSING:
        return None
    return str(checked_key(field, value, row))


def _by_version(
    split: Split, number: str | None, keys: Sequence[str | None], ids: Sequence[str]
) -> Mapping[ServedVersion, list[int]]:
    """The places of the rows that go to each version.

    Rows without a key stay together: a request alone is one draw, under its first prediction id.
    """
    if number is not None:
        version = split.numbered(number)
        if version is None:
            raise RequestError(
                f"version {number} of {split.deployment} has no traffic",
                kind="not_found",
                fix=f"ask without a version; {_listed(split)}",
            )
        return {version: list(range(len(ids)))}
    chosen: dict[str, ServedVersion] = {}
    places: dict[ServedVersion, list[int]] = {}
    for i, key in enumerate(keys):
        by = ids[0] if key is None else key
        if by not in chosen:
            chosen[by] = split.choose(by)
        places.setdefault(chosen[by], []).append(i)
    return places


def _listed(split: Split) -> str:
    return f"with traffic: {', '.join(str(arm.version.number) for arm in split.arms)}"


def _in_order(
    ids: Sequence[str], parts: Sequence[Part], places: Sequence[Sequence[int]], said: Sequence[Said]
) -> Answered:
    """The parts of an answer, put back into the order of the request."""
    classes = tuple(dict.fromkeys(label for one in said for label in one.classes))
    known = all(one.probabilities is not None for one in said)
    if len(parts) == 1:
        versions = [parts[0].version] * len(ids)
        return Answered(ids, versions, said[0].predictions, said[0].probabilities, classes)
    rows: list[tuple[ServedVersion, Value, Sequence[float]]] = [
        (part.version, prediction, shares)
        for part, one in zip(parts, said, strict=True)
        for prediction, shares in zip(one.predictions, _aligned(one, classes), strict=True)
    ]
    flat = [place for chosen in places for place in chosen]
    ordered = [row for _, row in sorted(zip(flat, rows, strict=True), key=lambda pair: pair[0])]
    versions, predictions, probabilities = (list(column) for column in zip(*ordered, strict=True))
    return Answered(ids, versions, predictions, probabilities if known else None, classes)


def _aligned(said: Said, classes: Sequence[Label]) -> Sequence[Sequence[float]]:
    """Probabilities over the classes of all arms; a class that a version never met has none."""
    if said.probabilities is None:
        return [()] * len(said.predictions)
    if tuple(classes) == said.classes:
        return said.probabilities
    at = {label: i for i, label in enumerate(said.classes)}
    return [
        [row[at[label]] if label in at else 0.0 for label in classes] for row in said.probabilities
    ]
