"""Overrides: traffic without a pass, allowed by a person, for a reason, until a date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mooring.errors import NotPermitted, UsageError
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction
from mooring.lineage.values import Verdict


@dataclass(frozen=True, slots=True)
class Override:
    """Who lets a model version serve without a pass, why, and until when."""

    by: str
    because: str
    until: datetime

    def expired(self, now: datetime) -> bool:
        """Whether it allows nothing any more; the last instant is not part of it."""
        return self.until <= now

    def words(self, now: datetime | None = None) -> str:
        """One line for people; says that it has expired when ``now`` is given and past its end.

        Examples
        --------
        >>> Override("ana", "the launch", datetime(2026, 12, 1)).words()
        'override by ana until 2026-12-01 00:00 UTC: the launch'
        """
        ended = " (EXPIRED)" if now is not None and self.expired(now) else ""
        return f"override by {self.by} until {self.until:%Y-%m-%d %H:%M} UTC{ended}: {self.because}"


def override_in(verdict: Verdict) -> Override | None:
    """The override that a verdict is; None for a gate's."""
    if verdict.outcome != "override" or verdict.until is None:
        return None
    return Override(verdict.by, "; ".join(verdict.reasons), verdict.until)


def overriding(tx: Transaction, model_version: str, at: datetime | None = None) -> Override | None:
    """What lets a model version serve that no gate passed: its override that lasts longest.

    None for a version with a pass, which needs none, and for one that nobody let through.
    """
    found = queries.verdicts(tx, model_version, at)
    if any(verdict.gate == "model" and verdict.outcome == "pass" for verdict in found):
        return None
    overrides = [one for verdict in found if (one := override_in(verdict)) is not None]
    return max(overrides, key=lambda one: one.until, default=None)


def check_permission(permitted: bool | Sequence[str], who: str) -> None:
    """Refuses whoever the settings do not let record an override.

    Parameters
    ----------
    permitted : bool or sequence of str
        ``[permissions] override``: everybody, nobody, or the accounts that may.
    who : str
        The account of the operating system that asks.

    Raises
    ------
    NotPermitted

    Examples
    --------
    >>> check_permission(["ana"], "ana")
    """
    if permitted is True or (permitted is not False and who in permitted):
        return
    listed = ", ".join(permitted) if permitted else ""
    raise NotPermitted(
        f"{who} may not override a gate in this project",
        where=f"[permissions] override = {_toml(permitted)}",
        fix=f"ask {listed}; or mooring run, for a candidate that passes"
        if listed
        else "mooring run makes a candidate that the gates can pass; the file can be changed in "
        "review",
    )


def _toml(permitted: bool | Sequence[str]) -> str:
    if isinstance(permitted, bool):
        return str(permitted).lower()
    return f"[{', '.join(repr(name) for name in permitted)}]".replace("'", '"')


def check_reason(because: str, by: str) -> None:
    """Refuses an override that does not say who and why.

    Raises
    ------
    UsageError
    """
    if not because.strip():
        raise UsageError("an override needs a reason", fix='--because "…"')
    if not by.strip():
        raise UsageError("an override names who gave it, and nobody is known here")
