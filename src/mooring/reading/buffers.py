"""The memory of a Polars series, seen by numpy without a copy and without pyarrow.

Speaks the `Arrow C data interface <https://arrow.apache.org/docs/format/CDataInterface.html>`_,
a frozen binary interface that Polars exports as ``__arrow_c_stream__``.
"""

from __future__ import annotations

import ctypes as c
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.errors import UnreadableData


class _Schema(c.Structure):
    pass


class _Array(c.Structure):
    pass


class _Stream(c.Structure):
    pass


_Schema._fields_ = [
    ("format", c.c_char_p),
    ("name", c.c_char_p),
    ("metadata", c.c_char_p),
    ("flags", c.c_int64),
    ("n_children", c.c_int64),
    ("children", c.c_void_p),
    ("dictionary", c.c_void_p),
    ("release", c.CFUNCTYPE(None, c.POINTER(_Schema))),
    ("private_data", c.c_void_p),
]
_Array._fields_ = [
    ("length", c.c_int64),
    ("null_count", c.c_int64),
    ("offset", c.c_int64),
    ("n_buffers", c.c_int64),
    ("n_children", c.c_int64),
    ("buffers", c.POINTER(c.c_void_p)),
    ("children", c.c_void_p),
    ("dictionary", c.c_void_p),
    ("release", c.CFUNCTYPE(None, c.POINTER(_Array))),
    ("private_data", c.c_void_p),
]
_Stream._fields_ = [
    ("get_schema", c.CFUNCTYPE(c.c_int, c.POINTER(_Stream), c.POINTER(_Schema))),
    ("get_next", c.CFUNCTYPE(c.c_int, c.POINTER(_Stream), c.POINTER(_Array))),
    ("get_last_error", c.c_void_p),
    ("release", c.c_void_p),
    ("private_data", c.c_void_p),
]
_capsule_pointer = c.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype = c.c_void_p
_capsule_pointer.argtypes = [c.py_object, c.c_char_p]

_WIDTHS = {
    b"c": "i1",
    b"C": "u1",
    b"s": "i2",
    b"S": "u2",
    b"i": "i4",
    b"I": "u4",
    b"l": "i8",
    b"L": "u8",
    b"e": "f2",
    b"f": "f4",
    b"g": "f8",
    b"vu": "V16",
    b"vz": "V16",
    b"tdD": "i4",
}


@dataclass(frozen=True)
class Chunk:
    """One contiguous chunk of a column: views of memory that lives as long as the chunk.

    Parameters
    ----------
    values : ndarray, shape (rows,)
        The numbers; 16-byte views for strings and binary; unpacked 0 and 1 for booleans.
        What stands under a null is undefined.
    validity : ndarray of uint8 or None
        A bit for each row, the least significant first: 0 for a null. None when there is none.
    bit : int
        Which bit is that of the first row.
    data : tuple of ndarray of uint8
        The bytes that long strings point into.
    owner : object
        Keeps the memory alive.
    """

    values: NDArray[np.generic]
    validity: NDArray[np.uint8] | None
    bit: int
    data: tuple[NDArray[np.uint8], ...]
    owner: object

    @cached_property
    def nulls(self) -> NDArray[np.intp]:
        """Positions of the nulls, ascending."""
        return null_places(self.validity, self.bit, len(self.values))


class _Owner:
    """Gives an exported array back when nothing refers to it any more."""

    __slots__ = ("array",)

    def __init__(self, array: _Array) -> None:
        self.array = array

    def __del__(self) -> None:
        if self.array.release:
            self.array.release(c.byref(self.array))


_FULL = np.uint8(255)
_INSIDE = 12
"""Bytes of a string that stand in its view; of a longer one they say where it is."""
_NO_NULLS: NDArray[np.intp] = np.empty(0, dtype=np.intp)


def chunks(series: pl.Series) -> Iterator[Chunk]:
    """Walk over the chunks of a flat column (numbers, times, booleans, strings, binary).

    Raises
    ------
    UnreadableData
        The column is exported in a layout that is not known here.
    """
    # names may hold what a C string cannot
    capsule = series.alias("").__arrow_c_stream__()
    stream = _Stream.from_address(_capsule_pointer(capsule, b"arrow_array_stream"))
    layout = _layout(stream)
    while True:
        array = _Array()
        if stream.get_next(c.byref(stream), c.byref(array)):
            raise UnreadableData(f"column {series.name!r} could not be handed over as Arrow data")
        if not array.release:
            return
        owner = _Owner(array)
        if array.length:
            yield _chunk(array, layout, owner)


def texts_at(chunk: Chunk, rows: NDArray[np.int64]) -> list[str]:
    """The strings of some rows, none of them null; a few are faster this way than by Polars.

    See "variable-size binary view" in the `Arrow columnar format
    <https://arrow.apache.org/docs/format/Columnar.html>`_.
    """
    words = chunk.values.view(np.uint32).reshape(-1, 4)[rows]
    views = words.view(np.uint8)
    texts: list[str] = []
    for (length, _, buffer, start), view in zip(words.tolist(), views, strict=True):
        inside = view[4 : 4 + length]
        text = inside if length <= _INSIDE else chunk.data[buffer][start : start + length]
        texts.append(text.tobytes().decode())
    return texts


def _layout(stream: _Stream) -> bytes:
    schema = _Schema()
    stream.get_schema(c.byref(stream), c.byref(schema))
    layout: bytes = schema.format
    schema.release(c.byref(schema))
    return layout


def _chunk(array: _Array, layout: bytes, owner: _Owner) -> Chunk:
    rows, offset = int(array.length), int(array.offset)
    validity, bit = None, offset % 8
    if array.buffers[0] and array.null_count:
        validity = _memory(array.buffers[0], (offset + rows + 7) // 8)[offset // 8 :]
    if layout == b"b":
        return Chunk(_bits(array.buffers[1], offset, rows), validity, bit, (), owner)
    width = "i8" if layout[:2] in {b"ts", b"tt", b"tD"} else _WIDTHS.get(layout)
    if width is None:
        raise UnreadableData(f"Arrow layout {layout.decode()!r} is not known")
    dtype = np.dtype(width)
    memory = _memory(array.buffers[1], (offset + rows) * dtype.itemsize)
    values = memory.view(dtype)[offset:]
    return Chunk(values, validity, bit, _data(array) if width == "V16" else (), owner)


def _data(array: _Array) -> tuple[NDArray[np.uint8], ...]:
    count = int(array.n_buffers) - 3
    if count <= 0:
        return ()
    sizes = _memory(array.buffers[count + 2], count * 8).view(np.int64)
    return tuple(_memory(array.buffers[2 + i], int(sizes[i])) for i in range(count))


def _bits(address: int, offset: int, rows: int) -> NDArray[np.uint8]:
    packed = _memory(address, (offset + rows + 7) // 8)
    return np.unpackbits(packed[offset // 8 :], count=offset % 8 + rows, bitorder="little")[
        offset % 8 :
    ]


def null_places(validity: NDArray[np.uint8] | None, bit: int, rows: int) -> NDArray[np.intp]:
    """Find the zero bits of a bitmap, unpacking only the bytes that have one."""
    if validity is None:
        return _NO_NULLS
    touched = np.flatnonzero(validity != _FULL)
    bits = np.flatnonzero(np.unpackbits(validity[touched], bitorder="little") == 0)
    found: NDArray[np.intp] = touched[bits >> 3] * 8 + (bits & 7) - bit
    return found[(found >= 0) & (found < rows)]


def _memory(address: int | None, size: int) -> NDArray[np.uint8]:
    if not address or not size:
        return np.empty(0, dtype=np.uint8)
    # read-only, for it is the frame's own
    memory = memoryview((c.c_uint8 * size).from_address(address)).toreadonly()
    return np.frombuffer(memory, dtype=np.uint8)
