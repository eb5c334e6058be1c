"""Traffic: promotion, rollback, splits and overrides, each one transaction and one revision.

Every function takes an open transaction and reads from it what it needs; what it returns is for the
caller to append, together with facts of its own. Two changes that race carry the same revision
number, and the catalog takes only one of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mooring.errors import CatalogError, NoVerdict, UnknownName, UsageError
from mooring.ids import IdSource
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction
from mooring.lineage.catalog.queries import Traffic
from mooring.lineage.overrides import check_permission, check_reason
from mooring.lineage.values import Arm, DeploymentRevision, ModelVersion, Verdict

Action = Literal["deploy", "traffic", "promote", "rollback"]
_VERSION = re.compile(r"(?:models:/)?(?:(?P<name>[^/@]+)/)?v?(?P<version>\d{1,18})", re.ASCII)
_ALIAS = re.compile(r"(?:(?:models:/)?(?P<name>[^/@]+)?@)?(?P<alias>champion|challenger)")
_ROUNDING = 1e-9
"""How far typed decimals may add up beside 1."""


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes a deployment, when and why."""

    deployment: str
    because: str
    by: str
    at: datetime
    ids: IdSource


def find_version(tx: Transaction, name: str, text: str) -> ModelVersion:
    """The model version a person means by ``7``, ``v7``, ``name/7``, ``models:/name@champion``.

    Raises
    ------
    UnknownName
        When there is no such version; the newest ones are named.
    """
    alias = _ALIAS.fullmatch(text)
    if alias is not None:
        return _by_alias(tx, alias["name"] or name, alias["alias"])
    match = _VERSION.fullmatch(text)
    newest = queries.latest_versions(tx, name, 3)
    known = ", ".join(f"v{version.version}" for version in newest) or "none yet: mooring run"
    if match is None:
        raise UnknownName(
            f"{text!r} does not name a model version", fix=f"write v7 or champion; newest: {known}"
        )
    try:
        return queries.get(tx, ModelVersion, f"{match['name'] or name}/{int(match['version'])}")
    except UnknownName as error:
        raise UnknownName(f"no model version {text!r}", fix=f"the newest are: {known}") from error


def _by_alias(tx: Transaction, deployment: str, alias: str) -> ModelVersion:
    """The champion, or the challenger with the largest share."""
    traffic = queries.traffic(tx, deployment)
    arms = [arm for arm in traffic.arms if arm.role == alias] if traffic else []
    if not arms:
        raise UnknownName(f"{deployment} has no {alias}", fix="mooring lineage shows the traffic")
    return queries.get(tx, ModelVersion, arms[0].model_version)


def promote(tx: Transaction, change: Change, version: str, action: Action = "promote") -> Traffic:
    """The revision that makes a model version the champion with all of the traffic.

    Raises
    ------
    NoVerdict
        When it has no passing verdict and no override in force (P2).
    """
    return _revise(tx, change, action, {version: 1.0}, champion=version)


def split_traffic(tx: Transaction, change: Change, weights: Mapping[str, float]) -> Traffic:
    """The revision that divides the traffic; the champion stays champion while it has a share.

    Parameters
    ----------
    weights : Mapping[str, float]
        Share by model version id. What is left of 1 goes to the champion.
    """
    now = queries.traffic(tx, change.deployment)
    if now is None:
        raise UnknownName(f"{change.deployment} has no traffic yet", fix="mooring run")
    if not all(0 <= weight <= 1 for weight in weights.values()):
        raise _not_shares(weights)
    champion = now.champion.model_version
    rest = 1.0 - math.fsum(weights.values())
    shares = {version: weight for version, weight in weights.items() if weight > 0}
    if champion not in weights and rest > _ROUNDING:
        shares[champion] = rest
    heaviest = max(shares, key=lambda version: shares[version], default=champion)
    return _revise(
        tx, change, "traffic", shares, champion=champion if champion in shares else heaviest
    )


def roll_back(tx: Transaction, change: Change) -> Traffic:
    """The revision that gives all traffic back to the champion before this one.

    Raises
    ------
    CatalogError
        When there was none.
    """
    history: list[str] = []
    for revision, champion in queries.champions(tx, change.deployment):
        while revision.action == "rollback" and len(history) > 1 and history[-1] != champion:
            history.pop()  # more than one at once where an override before had expired too
        if not history or history[-1] != champion:
            history.append(champion)
    if len(history) < 2:  # noqa: PLR2004 - the champion and the one before it
        raise CatalogError(
            f"{change.deployment} has no earlier champion to go back to",
            fix="mooring lineage shows what serves; mooring traffic changes the split",
        )
    return _revise(tx, change, "rollback", {history[-2]: 1.0}, champion=history[-2])


def override(
    change: Change, version: str, until: datetime, *, permitted: bool | Sequence[str] = True
) -> Verdict:
    """The verdict by which a person lets a version have traffic for a time, without a pass.

    Parameters
    ----------
    permitted : bool or sequence of str
        ``[permissions] override``: who may.

    Raises
    ------
    NotPermitted
        When the settings withhold it from ``change.by``.
    UsageError
        Without a reason or a name, or when it would already have expired.
    """
    check_permission(permitted, change.by)
    check_reason(change.because, change.by)
    if until <= change.at:
        raise UsageError("an override must end in the future", fix="--until 2026-12-01")
    return Verdict(
        id=change.ids(change.at),
        gate="override",
        outcome="override",
        at=change.at,
        by=change.by,
        reasons=(change.because.strip(),),
        model_version=version,
        until=until,
    )


def _revise(
    tx: Transaction, change: Change, action: Action, weights: Mapping[str, float], *, champion: str
) -> Traffic:
    whole = abs(math.fsum(weights.values()) - 1.0) <= _ROUNDING
    if not whole or min(weights.values()) <= 0:
        raise _not_shares(weights)
    before = queries.traffic(tx, change.deployment)
    revision = DeploymentRevision(
        id=change.ids(change.at),
        deployment=change.deployment,
        number=before.revision.number + 1 if before else 1,
        action=action,
        because=change.because,
        by=change.by,
        at=change.at,
    )
    arms = tuple(
        _arm(tx, revision, version, weight, champion) for version, weight in sorted(weights.items())
    )
    return Traffic(revision, arms)


def _not_shares(weights: Mapping[str, float]) -> UsageError:
    return UsageError(
        "the shares of the traffic must be positive and add up to 1",
        where=", ".join(f"{version}={weight:g}" for version, weight in weights.items()),
        fix="mooring traffic v7=0.4 gives the rest to the champion",
    )


def _arm(
    tx: Transaction, revision: DeploymentRevision, version: str, weight: float, champion: str
) -> Arm:
    verdict = queries.usable_verdict(tx, version, revision.at)
    if verdict is None:
        found = [f"{v.gate}: {v.outcome}" for v in queries.verdicts(tx, version)]
        raise NoVerdict(
            f"{version} has no passing verdict and no override in force",
            where=f"verdicts so far: {', '.join(found) or 'none'}",
            fix=f'mooring override v{version.rpartition("/")[2]} --because "…" --until <date>',
        )
    return Arm(
        revision=revision.id,
        model_version=version,
        weight=weight,
        role="champion" if version == champion else "challenger",
        verdict=verdict.id,
        outcome=verdict.outcome,
    )
