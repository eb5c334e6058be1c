"""The loop on one machine: monitor what is due, deliver what is left, decide, retrain."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from mooring.errors import MooringError
from mooring.lineage.values import WindowScore
from mooring.pipeline.context import Context
from mooring.retraining.decide import Outcome, act

_log = logging.getLogger(__name__)

Look = Callable[[], tuple[WindowScore, ...]]
"""Scores every window that is due, and alerts: ``monitor_due`` of one project."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What one round of the loop did."""

    scores: tuple[WindowScore, ...]
    outcome: Outcome | None


def tick(context: Context, look: Look) -> Tick:
    """One round: scores every window that is due, then decides and acts once."""
    return Tick(look(), act(context))


def watch(
    context: Context,
    look: Look,
    stop: threading.Event,
    *,
    idle_seconds: float,
    say: Callable[[Tick], None],
) -> None:
    """Goes round until told to stop; a round that fails is logged, and the next one tries again.

    Parameters
    ----------
    stop : threading.Event
        Set by whoever wants the loop to end; a round under way is finished first, so that no run
        is left half done.
    idle_seconds : float
        The pause between two rounds.
    say : Callable
        Told what each round did.
    """
    while not stop.is_set():
        try:
            say(tick(context, look))
        except MooringError as error:
            # One bad round (a locked database, a receiver that is down) must not end the watch.
            _log.error("this round failed: %s", error)
        stop.wait(idle_seconds)
