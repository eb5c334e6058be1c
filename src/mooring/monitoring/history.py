"""Recorded scores in the order of their windows; of one window scored twice, the newest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mooring.lineage.catalog import queries
from mooring.lineage.values import WindowScore

if TYPE_CHECKING:
    from mooring.clock import Window
    from mooring.lineage.catalog.engine import Transaction

_PAGES = (50, 500, 5000)


def newest_of_each(scores: Sequence[WindowScore]) -> tuple[WindowScore, ...]:
    """One score per model version and window, the latest; newest windows first.

    Labels that come late append a second score of the same window; this is what reads them.
    """
    found: dict[tuple[object, ...], WindowScore] = {}
    for score in scores:
        key = (score.model_version, score.start, score.end)
        held = found.get(key)
        if held is None or (score.at, score.id) > (held.at, held.id):
            found[key] = score
    return tuple(sorted(found.values(), key=lambda s: (s.end, s.start, s.at), reverse=True))


def score_of(tx: Transaction, deployment: str, version: str, window: Window) -> WindowScore | None:
    """The newest score of a window, or None."""
    for limit in _PAGES:
        scores = queries.window_scores(tx, deployment, limit, version)
        same = [s for s in scores if (s.start, s.end) == (window.start, window.end)]
        if same:
            return newest_of_each(same)[0]
        if len(scores) < limit or scores[-1].end < window.end:
            return None
    return None


def before(
    tx: Transaction, deployment: str, version: str, window: Window
) -> tuple[WindowScore, ...]:
    """The scores of a version's windows that ended before this one, newest first."""
    scores = newest_of_each(queries.window_scores(tx, deployment, _PAGES[0], version))
    return tuple(score for score in scores if score.end < window.end)
