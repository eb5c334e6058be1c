"""Identifiers: UUID version 7, so that ids sort by the time they were made (RFC 9562, 5.7)."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from datetime import datetime
from random import Random
from uuid import UUID

IdSource = Callable[[datetime], str]
"""Makes an id for something that happens at an instant."""


def uuid7(at: datetime, randomness: bytes) -> str:
    """The UUIDv7 of an instant and ten random bytes.

    Parameters
    ----------
    at : datetime
        The instant, to the millisecond.
    randomness : bytes
        Ten bytes; 74 of their bits are used.

    Examples
    --------
    >>> from datetime import UTC
    >>> uuid7(datetime(2026, 1, 1, tzinfo=UTC), bytes(10))
    '019b76da-a800-7000-8000-000000000000'
    """
    milliseconds = int(at.timestamp() * 1000)
    rest = int.from_bytes(randomness, "big")
    high = (milliseconds & (2**48 - 1)) << 80
    return str(UUID(int=high | 7 << 76 | (rest >> 62 & 0xFFF) << 64 | 2 << 62 | rest & (2**62 - 1)))


_BYTES = 10
_BLOCK = 256
_spare: deque[bytes] = deque()
"""Randomness for the next ids. A deque, because its ``pop`` and ``extend`` are atomic."""

if hasattr(os, "register_at_fork"):
    # Or both processes would make the same ids.
    os.register_at_fork(after_in_child=_spare.clear)


def random_ids(at: datetime) -> str:
    """An id from the operating system's randomness.

    It is drawn in blocks: every call gives up the GIL, which a busy server is slow to get back.
    """
    try:
        randomness = _spare.pop()
    except IndexError:
        drawn = os.urandom(_BYTES * _BLOCK)
        randomness, *more = (drawn[i : i + _BYTES] for i in range(0, len(drawn), _BYTES))
        _spare.extend(more)
    return uuid7(at, randomness)


def seeded_ids(seed: int) -> IdSource:
    """Ids that are the same for the same seed and the same calls, for replays and tests."""
    source = Random(seed)  # noqa: S311 - repeatable on purpose, never a secret
    return lambda at: uuid7(at, source.randbytes(10))
