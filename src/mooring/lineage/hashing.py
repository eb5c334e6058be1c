"""Stable 64-bit mixing on arrays: ours, so that a digest means the same for ever.

Every step is a bijection of 64 bits (xor with a shift of itself, multiplication by an odd
number), after Stafford's variants of the MurmurHash3 finaliser
(https://zimbry.blogspot.com/2011/09/better-bit-mixing-improving-on.html).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

M1 = np.uint64(0xBF58476D1CE4E5B9)
M2 = np.uint64(0x94D049BB133111EB)
M3 = np.uint64(0xFF51AFD7ED558CCD)
S29, S32 = np.uint64(29), np.uint64(32)

_SHORT = 12
_LONG = 256
_LOW = np.uint64(0xFFFFFFFF)


def seed(*parts: str) -> np.uint64:
    """Derive an odd constant from a name: the first 64 bits of the SHA-256 of its parts."""
    text = json.dumps(["mooring", *parts], separators=(",", ":"))
    return np.uint64(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") | 1)


def mix(words: Words, key: np.uint64, out: Words, scratch: Words) -> None:
    """Scatter 64-bit words over all 64 bits, one to one, differently for each odd key."""
    np.right_shift(words, S32, out=scratch)
    np.bitwise_xor(words, scratch, out=out)
    np.multiply(out, key, out=out)
    np.right_shift(out, S29, out=scratch)
    np.bitwise_xor(out, scratch, out=out)
    np.multiply(out, M2, out=out)


def mixed(words: Words, key: np.uint64) -> Words:
    """Mix into a new array."""
    out = np.empty_like(words)
    mix(words, key, out, np.empty_like(words))
    return out


def hash_views(
    views: Words,
    nulls: NDArray[np.intp],
    data: Sequence[NDArray[np.uint8]],
    out: Words,
    scratch: Words,
) -> None:
    """Hash strings or bytes given as Arrow views.

    A value is its length and first 4 bytes (one word), then its other bytes in words of 8, at
    least one; values over 256 bytes are hashed by BLAKE2b instead.

    Parameters
    ----------
    views : ndarray of uint64, shape (rows, 2)
        Length and first 4 bytes; then the next 8 bytes, or buffer and offset when over 12 bytes.
    nulls : ndarray of int
        Rows to leave alone: their views may be garbage.
    data : sequence of ndarray of uint8
        The buffers that long views point into.
    out : ndarray of uint64, shape (rows,)
        Receives the hashes.
    scratch : ndarray of uint64, shape (rows,)
        Is overwritten.
    """
    np.multiply(views[:, 0], M3, out=out)
    _fold(out, views[:, 1], scratch)
    if not data:
        return
    far = views.view(np.uint32)[:, 0] > _SHORT
    far[nulls] = False
    rows = np.flatnonzero(far)
    if rows.size:
        _hash_far(views[rows], rows, data, out)


def _fold(state: Words, word: Words, scratch: Words) -> None:
    np.right_shift(state, S32, out=scratch)
    np.bitwise_xor(state, scratch, out=state)
    np.bitwise_xor(state, word, out=state)
    np.right_shift(state, S32, out=scratch)
    np.bitwise_xor(state, scratch, out=state)
    np.multiply(state, M1, out=state)


def _hash_far(
    views: Words, rows: NDArray[np.intp], data: Sequence[NDArray[np.uint8]], out: Words
) -> None:
    """Hash the values that do not fit in their view, one buffer at a time."""
    buffers = views[:, 1] & _LOW
    for number in np.unique(buffers):
        of_buffer = buffers == number
        out[rows[of_buffer]] = _hash_in(data[int(number)], views[of_buffer])


def _hash_in(buffer: NDArray[np.uint8], views: Words) -> Words:
    lengths = (views[:, 0] & _LOW).astype(np.int64)
    starts = (views[:, 1] >> S32).astype(np.int64)
    hashes = views[:, 0] * M3
    for i in np.flatnonzero(lengths > _LONG):
        value = buffer[starts[i] : starts[i] + lengths[i]].tobytes()
        hashes[i] = int.from_bytes(hashlib.blake2b(value, digest_size=8).digest(), "little")
    active = np.flatnonzero(lengths <= _LONG)
    done = 4
    while active.size:
        left = lengths[active] - done
        state = hashes[active]
        _fold(state, _next_word(buffer, starts[active] + done, left), np.empty_like(state))
        hashes[active] = state
        done += 8
        active = active[left > 8]  # noqa: PLR2004 bytes of a word
    return hashes


def _next_word(
    buffer: NDArray[np.uint8], starts: NDArray[np.int64], left: NDArray[np.int64]
) -> Words:
    """Read 8 bytes from each start, at any alignment; a tail is read backwards, to stay inside."""
    everywhere = np.ndarray((buffer.size - 7,), np.dtype("<u8"), buffer, strides=(1,))
    missing = np.maximum(8 - left, 0)
    word: Words = everywhere[starts - missing]
    return word >> (missing * 8).astype(np.uint64)
