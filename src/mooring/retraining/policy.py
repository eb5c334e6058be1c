"""How reasons become action: one decision, with what held it back or drove it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mooring.clock import parse_duration
from mooring.retraining.evidence import Evidence
from mooring.retraining.triggers import Reading
from mooring.settings.model import Policy

_MOST_BACK_OFF = 8.0
_REJECTIONS_BEFORE_ASKING = 3


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the policy decides.

    Parameters
    ----------
    action : "retrain", "wait" or "ask"
        ``ask`` stops and tells a person: the gate keeps rejecting what the trigger asks for.
    cause : str
        The trigger that counts; the others that fired at the same time are in ``coalesced``.
    """

    action: Literal["retrain", "wait", "ask"]
    cause: str
    window_key: str
    because: str
    coalesced: tuple[str, ...] = ()


def rule(readings: Sequence[Reading], evidence: Evidence, policy: Policy) -> Ruling | None:
    """The policy's ruling on the readings; None when no trigger fires.

    However many triggers fire, one run comes of them (FD-40): the first declared that nothing
    holds back is the cause.
    """
    firing = [
        (reading, _held_back(reading, evidence, policy)) for reading in readings if reading.fires
    ]
    if not firing:
        return None
    first, held = next((pair for pair in firing if pair[1] is None), firing[0])
    action, why = held or ("retrain", "")
    because = f"{first.because}; {why}" if why else first.because
    others = (reading for reading, _ in firing if reading is not first)
    coalesced = tuple(f"{reading.trigger}: {reading.because}" for reading in others)
    return Ruling(action, first.trigger, first.window_key, because, coalesced)


def _held_back(
    reading: Reading, evidence: Evidence, policy: Policy
) -> tuple[Literal["wait", "ask"], str] | None:
    """Why a trigger that fires must not retrain now.

    The schedule is the floor: rejected candidates make the overrides back off, never the floor.
    """
    spent = sum(_same_month(run.at, evidence.now) for run in evidence.runs)
    if spent >= policy.budget_per_month:
        return "wait", f"this month's budget of {policy.budget_per_month} runs is spent"
    if not evidence.runs:
        return None
    rejected = 0 if reading.floor else evidence.rejected_in_a_row
    until = evidence.runs[0].at + _cooldown(policy, rejected)
    if evidence.now >= until:
        return None
    if rejected >= _REJECTIONS_BEFORE_ASKING:
        why = f"the gate rejected the last {rejected} candidates: a person must look"
        return "ask", f"{why}; not again before {until:%Y-%m-%d %H:%M}"
    return "wait", f"cooling down until {until:%Y-%m-%d %H:%M}"


def _cooldown(policy: Policy, rejected: int) -> timedelta:
    """The cooldown, longer after each rejected candidate in a row."""
    # Bounded first, as a power of what a person may write overflows.
    factor = min(min(policy.back_off, _MOST_BACK_OFF) ** min(rejected, 100), _MOST_BACK_OFF)
    return parse_duration(policy.cooldown) * factor


def _same_month(first: datetime, second: datetime) -> bool:
    return (first.year, first.month) == (second.year, second.month)
