"""Profiles as bytes: MessagePack, compressed, with a version; every number comes back exactly."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mooring.errors import ArtifactError
from mooring.profiling.counting.cells import Cells
from mooring.profiling.counting.many import DEPTH, WIDTH, Many
from mooring.profiling.counting.moments import Moments
from mooring.profiling.counting.names import Names
from mooring.profiling.profiles import ColumnProfile, Kind, Layout, Profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

VERSION = 3
_FAST = 1
_MOST = 1 << 30
"""No profile is larger than this when decompressed."""


class _Header(msgspec.Struct, frozen=True):
    version: int


class _Array(msgspec.Struct, frozen=True, array_like=True):
    """Numbers in the least width that holds them."""

    dtype: str
    data: bytes


class _Many(msgspec.Struct, frozen=True, array_like=True):
    """Texts too many to list."""

    rows: _Array
    smallest: _Array
    named: list[str]


class _Column(msgspec.Struct, frozen=True, array_like=True):
    name: str
    kind: Kind
    centre: float
    integral: bool
    known: list[str]
    rows: int
    nulls: int
    zeros: int
    moments: Moments
    steps: _Array
    counts: _Array
    values: _Array | None
    texts: list[str]
    text_counts: _Array
    rest: int
    dimensions: list[Moments]
    problem: str
    many: _Many | None


class _Envelope(msgspec.Struct, frozen=True):
    version: int
    rows: int
    columns: list[_Column]


def to_bytes(profile: Profile) -> bytes:
    """A profile as bytes: some 5 kB for a column of numbers, less for one of categories.

    Examples
    --------
    >>> from_bytes(to_bytes(Profile(rows=0, columns=()))).rows
    0
    """
    columns = [_encode(column) for column in profile.columns]
    data = msgspec.msgpack.encode(_Envelope(VERSION, profile.rows, columns))
    return zlib.compress(data, _FAST)


def from_bytes(data: bytes) -> Profile:
    """The profile that ``to_bytes`` wrote.

    Raises
    ------
    ArtifactError
        When the bytes are not a profile, or were written by another version of Mooring.
    """
    try:
        unpacked = zlib.decompressobj().decompress(data, _MOST)
        version = msgspec.msgpack.decode(unpacked, type=_Header).version
        if version != VERSION:
            raise ArtifactError(
                f"this profile has format {version}; {VERSION} is read here",
                fix="upgrade mooring" if version > VERSION else "train again",
            )
        envelope = msgspec.msgpack.decode(unpacked, type=_Envelope)
        columns = tuple(_decode(column) for column in envelope.columns)
        return Profile(rows=envelope.rows, columns=columns)
    except (msgspec.DecodeError, UnicodeDecodeError, zlib.error, ValueError, TypeError) as error:
        raise _unusable(str(error)) from error


def _encode(column: ColumnProfile) -> _Column:
    cells, layout = column.cells, column.layout
    return _Column(
        name=column.name,
        kind=layout.kind,
        centre=layout.centre,
        integral=layout.integral,
        known=list(layout.known),
        rows=column.rows,
        nulls=column.nulls,
        zeros=column.zeros,
        moments=column.moments,
        steps=_pack(np.diff(cells.ids, prepend=0)),
        counts=_pack(cells.counts),
        values=None if cells.values is None else _pack(cells.values),
        texts=list(column.names.texts),
        text_counts=_pack(np.asarray(column.names.counts, dtype=np.int64)),
        rest=column.names.rest,
        dimensions=list(column.dimensions),
        problem=column.problem,
        many=None if column.names.many is None else _encode_many(column.names.many),
    )


def _encode_many(many: Many) -> _Many:
    smallest = many.smallest.astype("<u8").tobytes()
    return _Many(_pack(many.rows.ravel()), _Array("<u8", smallest), list(many.named))


def _decode_many(many: _Many | None) -> Many | None:
    if many is None:
        return None
    rows = _unpack(many.rows).astype(np.int64).reshape(DEPTH, WIDTH)
    return Many(rows, _unpack(many.smallest).astype(np.uint64), tuple(many.named))


def _decode(column: _Column) -> ColumnProfile:
    ids = np.cumsum(_unpack(column.steps), dtype=np.int32)
    counts = _unpack(column.counts).astype(np.int64)
    values = None if column.values is None else _unpack(column.values).astype(np.float64)
    text_counts = tuple(_unpack(column.text_counts).tolist())
    sizes = {ids.size, counts.size, ids.size if values is None else values.size}
    if len(sizes) > 1 or len(text_counts) != len(column.texts):
        raise _unusable(f"column {column.name}: counts and cells do not fit")
    return ColumnProfile(
        name=column.name,
        layout=Layout(column.kind, column.centre, column.integral, tuple(column.known)),
        rows=column.rows,
        nulls=column.nulls,
        zeros=column.zeros,
        moments=column.moments,
        cells=Cells(ids, counts, values),
        names=Names(tuple(column.texts), text_counts, column.rest, _decode_many(column.many)),
        dimensions=tuple(column.dimensions),
        problem=column.problem,
    )


def _pack(values: NDArray[np.int64] | NDArray[np.int32] | NDArray[np.float64]) -> _Array:
    if values.dtype.kind == "f":
        return _Array("<f8", values.astype("<f8").tobytes())
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    for dtype in ("<i1", "<i2", "<i4", "<i8"):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return _Array(dtype, values.astype(dtype).tobytes())
    raise AssertionError("an int64 fits in eight bytes")


def _unpack(array: _Array) -> NDArray[np.generic]:
    if array.dtype not in {"<i1", "<i2", "<i4", "<i8", "<u8", "<f8"}:
        raise _unusable(f"numbers of type {array.dtype!r}")
    return np.frombuffer(array.data, dtype=array.dtype)


def _unusable(where: str) -> ArtifactError:
    return ArtifactError(
        "these bytes are not a profile", where=where, fix="train again to make a new baseline"
    )
