"""Bytes that are the same for the same value."""

from __future__ import annotations

import msgspec


def canonical_json(value: object) -> bytes:
    """JSON in UTF-8 without spaces, keys sorted at every depth.

    Parameters
    ----------
    value : object
        What ``msgspec`` can encode: structs, mappings with string keys, sequences, scalars.

    Examples
    --------
    >>> canonical_json({"b": 1, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    return msgspec.json.encode(value, order="sorted")
