"""Choosing an arm: the same key always meets the same model version."""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b

_SPAN = 2.0**64


def choose(arms: Sequence[tuple[str, float]], key: str, salt: str) -> str:
    """The arm that answers for a key; stable across processes, restarts and the order of arms.

    Weighted rendezvous hashing: every arm draws one number for the key, and the best draw, scaled
    by the weight, wins. When weights change, a key only moves from an arm whose share of the
    traffic falls to one whose share rises.

    Parameters
    ----------
    arms : sequence of (name, weight)
        Weights are relative; an arm of weight 0 gets no key.
    key : str
        What must stay on one arm: a customer, a device, or a request's own id.
    salt : str
        Makes two deployments split the same keys independently.

    Raises
    ------
    ValueError
        When no arm has a positive weight.

    Examples
    --------
    >>> choose([("bikes/1", 1.0), ("bikes/2", 0.0)], "station 7", "bikes")
    'bikes/1'

    References
    ----------
    Schindelhauer & Schomaker (2005), *Weighted distributed hash tables*, logarithmic method.
    """
    open_arms = [arm for arm in arms if arm[1] > 0]
    if len(open_arms) == 1:
        return open_arms[0][0]
    return max(open_arms, key=lambda arm: (_draw(arm[0], key, salt) * arm[1], arm[0]))[0]


def _draw(arm: str, key: str, salt: str) -> float:
    """A draw from 1/Exp(1) that is always the same for these three."""
    hashed = blake2b(digest_size=8)
    for part in (salt, arm, key):
        data = part.encode("utf-8", "surrogatepass")
        hashed.update(len(data).to_bytes(8, "big") + data)
    uniform = (int.from_bytes(hashed.digest(), "big") + 0.5) / _SPAN
    return -1.0 / math.log(uniform) if uniform < 1.0 else math.inf
