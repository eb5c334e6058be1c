"""Identifiers: UUID version 7, so that ids sort by the time they were made (RFC 9562, 5.7)."""

from __future__ import annotations

import os
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


def random_ids(at: datetime) -> str:
    """An id from the operating system's randomness."""
    return uuid7(at, os.urandom(10))


def seeded_ids(seed: int) -> IdSource:
    """Ids that are the same for the same seed and the same calls, for replays and tests."""
    source = Random(seed)  # noqa: S311 - repeatable on purpose, never a secret
    return lambda at: uuid7(at, source.randbytes(10))
