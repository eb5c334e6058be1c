"""Stable 64-bit mixing on arrays: ours, so that a digest means the same for ever.

Every step is a bijection of 64 bits (xor with a shift of itself, multiplication by an odd
number), after Stafford's variants of the MurmurHash3 finaliser
(https://zimbry.blogspot.com/2011/09/better-bit-mixing-improving-on.html).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy import bitwise_xor, multiply, right_shift
from numpy.typing import NDArray

Words = NDArray[np.uint64]

# Arrays without dimensions, not scalars: numpy takes half the time to start on them, and holds the
# interpreter's lock meanwhile, which is what the threads of a digest wait for.
M1: Words = np.array(0xBF58476D1CE4E5B9, dtype=np.uint64)
M3: Words = np.array(0xFF51AFD7ED558CCD, dtype=np.uint64)
S29: Words = np.array(29, dtype=np.uint64)
S32: Words = np.array(32, dtype=np.uint64)

_SHORT = 12
_LONG = 256
_LOW = np.uint64(0xFFFFFFFF)


def seed(*parts: str) -> np.uint64:
    """Derive an odd constant from a name: the first 64 bits of the SHA-256 of its parts."""
    text = json.dumps(["mooring", *parts], separators=(",", ":"))
    return np.uint64(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") | 1)


def mix(words: Words, key: Words | np.uint64, out: Words, scratch: Words) -> None:
    """Scatter 64-bit words over all 64 bits, one to one, differently for each odd key."""
    right_shift(words, S32, scratch)
    bitwise_xor(words, scratch, out)
    multiply(out, key, out)
    right_shift(out, S29, scratch)
    bitwise_xor(out, scratch, out)


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

    A value is its length and first 4 bytes (one word), then its other bytes in words of 8, the
    last of which may overlap the one before; values over 256 bytes are hashed by BLAKE2b instead.

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
    right_shift(views[:, 0], S32, scratch)
    bitwise_xor(views[:, 0], scratch, out)
    multiply(out, M3, out)
    bitwise_xor(out, views[:, 1], out)
    if not data:
        return
    far = views.view(np.uint32)[:, 0] > _SHORT
    far[nulls] = False
    rows = np.flatnonzero(far)
    if 0 < rows.size == len(views):
        out[:] = _hash_far(views, data)
    elif rows.size:
        out[rows] = _hash_far(views.take(rows, axis=0), data)


def _hash_far(views: Words, data: Sequence[NDArray[np.uint8]]) -> Words:
    """Hash the values that do not fit in their view: those of one buffer after those of another."""
    buffers = views[:, 1] & _LOW
    cuts = np.flatnonzero(buffers[1:] != buffers[:-1]) + 1
    hashes = np.empty(len(views), dtype=np.uint64)
    if cuts.size > len(data):
        order = np.argsort(buffers, kind="stable")
        hashes[order] = _hash_far(views.take(order, axis=0), data)
        return hashes
    for start, stop in pairwise((0, *cuts.tolist(), len(views))):
        hashes[start:stop] = _hash_in(data[int(buffers[start])], views[start:stop])
    return hashes


def _hash_in(buffer: NDArray[np.uint8], views: Words) -> Words:
    lengths = (views[:, 0] & _LOW).view(np.int64)
    starts = (views[:, 1] >> S32).view(np.int64)
    hashes = views[:, 0] * M3
    _fold_words(hashes, buffer, starts, lengths)
    for i in np.flatnonzero(lengths > _LONG):
        value = buffer[starts[i] : starts[i] + lengths[i]].tobytes()
        hashes[i] = int.from_bytes(hashlib.blake2b(value, digest_size=8).digest(), "little")
    return hashes


def _fold_words(
    hashes: Words, buffer: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> None:
    """Fold the bytes after the first four, the last word ending where the value does."""
    # the eight bytes from any place on, aligned or not
    words = np.ndarray((buffer.size - 7,), np.dtype("<u8"), buffer, strides=(1,))
    scratch = np.empty_like(hashes)
    at, last = starts + 4, starts + lengths - 8
    shortest, longest = int(lengths.min()), int(lengths.max())
    done = 4
    while done < min(shortest, _LONG):
        _fold(hashes, words[np.minimum(at, last)], scratch)
        at += 8
        done += 8
    active = np.flatnonzero(lengths > done)
    while active.size and done < min(longest, _LONG):
        state = hashes.take(active)
        place = np.minimum(starts.take(active) + done, last.take(active))
        _fold(state, words[place], scratch[: len(active)])
        hashes[active] = state
        done += 8
        active = active[lengths.take(active) > done]


def _fold(state: Words, word: Words, scratch: Words) -> None:
    right_shift(state, S32, scratch)
    bitwise_xor(state, scratch, state)
    bitwise_xor(state, word, state)
    right_shift(state, S32, scratch)
    bitwise_xor(state, scratch, state)
    multiply(state, M1, state)
