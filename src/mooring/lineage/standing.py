"""What of a split holds now: a second look at every verdict, and what follows an expired override.

The catalog refuses an arm without a verdict when it is written. Whoever serves asks again, because
overrides expire, and because the owner of a database can drop its guards (P2). An override that
expires takes its traffic along: it goes to the champion, or to the last champion before it that a
gate passed. Nothing is decided here that a person did not decide before.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mooring.errors import NoVerdict, UnknownName
from mooring.ids import IdSource
from mooring.lineage.canonical import canonical_json
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Catalog, Transaction
from mooring.lineage.catalog.queries import Traffic
from mooring.lineage.deployments import Change
from mooring.lineage.overrides import Override, override_in
from mooring.lineage.values import (
    Alert,
    Arm,
    DeploymentRevision,
    Fact,
    ModelVersion,
    Verdict,
)

RULE = "override-expired"
"""The name of the alert."""
SYSTEM = "mooring"
"""Who records that time has passed: nobody in particular."""


@dataclass(frozen=True, slots=True)
class Held:
    """A version's share of the traffic, and the verdict that allows it now."""

    version: ModelVersion
    weight: float
    verdict: Verdict

    @property
    def override(self) -> Override | None:
        """The override it serves by, if no gate passed it."""
        return override_in(self.verdict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds of a revision.

    Parameters
    ----------
    traffic : Traffic
        As it was written.
    arms : tuple of Held
        What may serve now, the champion first; nothing when no version is left.
    ended : tuple of Verdict
        The overrides that gave arms of the revision traffic, and have expired.
    heir : ModelVersion or None
        Who is left when all overrides expire: the last champion that a gate passed.
    """

    traffic: Traffic
    arms: tuple[Held, ...]
    ended: tuple[Verdict, ...]
    heir: ModelVersion | None


def standing(tx: Transaction, traffic: Traffic, now: datetime) -> Standing:
    """Looks at every verdict of a split again.

    A version whose override expired keeps its share when it has a newer verdict.

    Raises
    ------
    NoVerdict
        For an arm that no verdict ever allowed, or whose verdict is contradicted by its run: the
        catalog was written by something that its guards did not stop.
    """
    checked = [(arm, *_checked(tx, arm)) for arm in traffic.arms]
    holding: dict[str, tuple[ModelVersion, Verdict]] = {}
    ended = []
    for _, version, verdict in checked:
        if _expired(verdict, now):
            ended.append(verdict)
            newer = queries.usable_verdict(tx, version.id, now)
            if newer is None:
                continue
            verdict = newer  # noqa: PLW2901 - the one it holds by now
        holding[version.id] = version, verdict
    heir = _heir(tx, traffic, now)
    leads = traffic.champion.model_version
    if leads not in holding and heir is not None:
        leads = heir[0].id
        holding.setdefault(leads, heir)
    weights = {arm.model_version: arm.weight for arm in traffic.arms}
    taker = leads if leads in holding else None
    shares = inherit(weights, holding.keys() & weights.keys(), taker)
    arms = [Held(holding[name][0], share, holding[name][1]) for name, share in shares.items()]
    arms.sort(key=lambda held: (held.version.id != leads, -held.weight, held.version.id))
    return Standing(traffic, tuple(arms), tuple(ended), heir[0] if heir else None)


def inherit(shares: Mapping[str, float], holding: set[str], heir: str | None) -> dict[str, float]:
    """Shares once those that do not hold are gone: theirs go to the heir.

    Without an heir the others grow in proportion; without others nothing is left.

    Examples
    --------
    >>> inherit({"bikes/2": 0.75, "bikes/3": 0.25}, {"bikes/3"}, "bikes/1")
    {'bikes/3': 0.25, 'bikes/1': 0.75}
    >>> inherit({"bikes/2": 0.75, "bikes/3": 0.25}, {"bikes/3"}, None)
    {'bikes/3': 1.0}
    """
    kept = {name: share for name, share in shares.items() if name in holding}
    free = math.fsum(share for name, share in shares.items() if name not in holding)
    if not free:
        return kept
    if heir is not None:
        return {**kept, heir: kept.get(heir, 0.0) + free}
    whole = math.fsum(kept.values())
    return {name: share / whole for name, share in kept.items()}


def record_expiry(catalog: Catalog, deployment: str, at: datetime, ids: IdSource) -> bool:
    """Records expired overrides of a deployment, once, whoever is first; whether there were any.

    Raises
    ------
    CatalogError
        When it cannot be written: whoever serves goes on without the version all the same.
    """
    change = Change(deployment, "", SYSTEM, at, ids)
    with catalog.read() as tx:
        if not settle(tx, change):
            return False  # as nearly always: nobody waits for the write lock
    with catalog.write() as tx:
        tx.append_once(*settle(tx, change))
    return True


def settle(tx: Transaction, change: Change) -> tuple[Fact, ...]:
    """The facts that record an expired override: the revision that follows it, and an alert.

    Parameters
    ----------
    tx : Transaction
        Open for writing, so that of several that settle at once one does.
    change : Change
        Its reason is not used: the expiry is the reason.

    Returns
    -------
    tuple of Fact
        For the caller to append where they are new; nothing when every override is in force.
    """
    traffic = queries.traffic(tx, change.deployment)
    found = None if traffic is None else standing(tx, traffic, change.at)
    if found is None or not found.ended:
        return ()
    alert = _alert(found, change)
    if not found.arms:
        return (alert,)
    champion = found.arms[0].version.id
    before = found.traffic.champion.model_version
    revision = DeploymentRevision(
        id=change.ids(change.at),
        deployment=change.deployment,
        number=found.traffic.revision.number + 1,
        action="traffic" if champion == before else "rollback",
        because="; ".join(map(_said, found.ended)),
        by=change.by,
        at=change.at,
    )
    arms = [_arm(revision, held, place) for place, held in enumerate(found.arms)]
    return (revision, *arms, alert)


def _checked(tx: Transaction, arm: Arm) -> tuple[ModelVersion, Verdict]:
    """An arm's version and verdict, once they are known to belong together."""
    try:
        verdict = queries.get(tx, Verdict, arm.verdict)
        version = queries.get(tx, ModelVersion, arm.model_version)
    except UnknownName as error:
        raise _no_verdict(arm, error.what) from error
    allows = {("model", "pass"), ("override", "override")}
    kind = verdict.gate, verdict.outcome
    if verdict.model_version != arm.model_version or kind not in allows:
        raise _no_verdict(arm, f"its verdict {verdict.id} is a {verdict.gate} {verdict.outcome}")
    if verdict.outcome == "pass" and queries.contradicted(tx, verdict):
        raise _no_verdict(arm, f"its run recorded something else than the pass {verdict.id}")
    if verdict.outcome == "override" and (verdict.until is None or not verdict.by.strip()):
        raise _no_verdict(arm, f"the override {verdict.id} says not by whom, or until when")
    return version, verdict


def _no_verdict(arm: Arm, why: str) -> NoVerdict:
    return NoVerdict(
        f"{arm.model_version} has traffic and no passing verdict",
        where=why,
        fix="somebody wrote the catalog past its guards: mooring rollback, then restore them",
    )


def _expired(verdict: Verdict, now: datetime) -> bool:
    override = override_in(verdict)
    return override is not None and override.expired(now)


def _heir(tx: Transaction, traffic: Traffic, now: datetime) -> tuple[ModelVersion, Verdict] | None:
    """The champion, or the last one before, that a gate passed."""
    history = [name for _, name in queries.champions(tx, traffic.revision.deployment)]
    for name in dict.fromkeys(reversed(history)):
        verdict = queries.usable_verdict(tx, name, now)
        if verdict is not None and verdict.outcome == "pass":
            return queries.get(tx, ModelVersion, name), verdict
    return None


def _said(ended: Verdict) -> str:
    override = override_in(ended)
    return f"{ended.model_version}: the {override.words() if override else ended.id} has expired"


def _arm(revision: DeploymentRevision, held: Held, place: int) -> Arm:
    role: Literal["champion", "challenger"] = "challenger" if place else "champion"
    verdict = held.verdict
    return Arm(revision.id, held.version.id, held.weight, role, verdict.id, verdict.outcome)


def _alert(found: Standing, change: Change) -> Alert:
    now = ", ".join(f"{held.version.id} {held.weight:.0%}" for held in found.arms)
    about = [RULE, change.deployment, *sorted(verdict.id for verdict in found.ended)]
    versions = ", ".join(sorted({str(verdict.model_version) for verdict in found.ended}))
    left = f"the traffic now: {now}" if now else "no version with a pass is left: nothing serves"
    return Alert(
        id="a1:" + hashlib.sha256(canonical_json(about)).hexdigest()[:32],
        deployment=change.deployment,
        rule=RULE,
        severity="notify" if now else "page",
        title=f"{change.deployment}: the override of {versions} has expired; {left}",
        body="\n".join([*map(_said, found.ended), left, "next: mooring lineage; mooring run"]),
        at=change.at,
        detail={"status": "firing", "verdicts": about[2:]},
    )
