"""``N of M``: how many of the latest windows must say so."""

from __future__ import annotations

import re

from mooring.errors import UsageError

MOST_WINDOWS = 20
"""Windows one may look back over; the evidence that is gathered holds no more."""

_N_OF_M = re.compile(r"([1-9]\d{0,3}) of ([1-9]\d{0,3})", re.ASCII)


def parse_n_of_m(text: str) -> tuple[int, int]:
    """``2 of 3`` as its two numbers.

    Raises
    ------
    UsageError
        When the text is anything else, more is wanted than looked at, or more is looked at than
        ``MOST_WINDOWS``.

    Examples
    --------
    >>> parse_n_of_m("2 of 3")
    (2, 3)
    """
    found = _N_OF_M.fullmatch(text)
    if found is not None and int(found[1]) <= int(found[2]) <= MOST_WINDOWS:
        return int(found[1]), int(found[2])
    raise UsageError(
        f"{text!r} does not say how many of how many windows",
        fix=f'write how many of how many, {MOST_WINDOWS} at most: "2 of 3"',
    )
