"""The claim that decides: better than the opponent, or surely not worse by more than a margin."""

from __future__ import annotations

from mooring.gates.cases import Case, prepare
from mooring.gates.metrics import METRICS, Metric, find_metric
from mooring.gates.model.match import Finding, Match, about, places, unknown
from mooring.gates.paired import PairedDifference, compare_cases


def claim(match: Match, opponent: float | None, found: PairedDifference | None) -> Finding:
    """What the interval of the difference says to the claim of the settings.

    Parameters
    ----------
    opponent : float or None
        The opponent's value of the metric.
    found : PairedDifference or None
    """
    if found is None or opponent is None:
        return unknown(
            "claim",
            f"the interval of the {match.metric.label} difference is undefined: "
            "too few rows carry information",
        )
    left = abs(match.metric.perfect - opponent)
    # A model that is no worse than one that ignores the features has shown nothing.
    if match.trivial is not None and match.rules.margin is not None:
        return no_worse(match.name, "claim", found, match.rules.margin * left)
    return _better(match, found, match.rules.worthwhile * left)


def _better(match: Match, found: PairedDifference, least: float) -> Finding:
    say = places(found)
    if found.high < 0:
        return Finding("claim", "fail", f"the candidate is worse than {match.name}")
    if found.high <= 0 or found.high < least:
        return Finding(
            "claim",
            "fail",
            f"no worthwhile gain over {match.name}: {say(found.high)} at most, "
            f"and {say(least)} is the least worth a promotion",
        )
    if found.low > 0:
        return Finding("claim", "pass", f"the candidate is better than {match.name}")
    needed = _at_least(match, found.rows_for(max(found.difference, least)))
    return unknown(
        "claim", f"the interval includes zero, so it may be chance{about(needed)}", needed
    )


def no_worse(
    name: str, part: str, found: PairedDifference, margin: float, subject: str = "the candidate"
) -> Finding:
    """Non-inferiority: the whole interval lies above the margin's loss.

    Parameters
    ----------
    name : str
        The opponent, as a reason should call it.
    margin : float
        In the unit of the metric, at least 0.
    """
    say = places(found)
    if found.high < -margin:
        return Finding(
            part,
            "fail",
            f"{subject} is worse than {name} by at least {say(-found.high)}; "
            f"{say(margin)} is the most that may be lost",
        )
    if found.low > -margin or (found.low == found.high == 0.0):
        lost = max(0.0, -found.low)
        return Finding(
            part, "pass", f"{subject} is worse than {name} by {say(lost)} at most "
            f"({say(margin)} may be lost)",
        )  # fmt: skip
    needed = found.rows_for(min(found.difference, 0.0) + margin)
    return unknown(
        part,
        f"{subject} may be worse than {name} by up to {say(-found.low)}, and only "
        f"{say(margin)} may be lost{about(needed)}",
        needed,
    )


def beats_trivial(match: Match, claimed: Finding, candidate: Case, trivial: Case) -> Finding:
    """A candidate must beat answers that ignore the features, whoever the champion is.

    Else champions could follow each other below the best constant, each better than the last. It
    must do so surely; where it is surely better than its champion, on these rows is enough: to keep
    the worse of two would be no caution.

    Parameters
    ----------
    claimed : Finding
        What the claim against the champion came to.
    """
    part, name = "trivial baseline", "the trivial baseline"
    found = compare_cases(match.metric, trivial, candidate, match.plan)
    values = match.metric.value(candidate), match.metric.value(trivial)
    if found is None:
        return unknown(part, f"{match.metric.label} against {name} is undefined on these rows")
    say = places(found)
    shown = f"{match.metric.label} {say(values[0])} against {say(values[1])}"
    evidence = {
        "value": values[1],
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
    }
    if found.low > 0:
        return Finding(part, "pass", f"the candidate beats {name}: {shown}", None, evidence)
    if found.high <= 0:
        reason = f"the candidate is no better than {name}, which ignores the features: {shown}"
        return Finding(part, "fail", reason, None, evidence)
    reason = f"the candidate may be no better than {name}, which ignores the features: {shown}"
    surely_better = claimed.outcome == "pass" and match.rules.claim == "superiority"
    if surely_better and found.difference > 0:
        return Finding(part, "pass", reason, None, evidence)
    needed = _at_least(match, found.rows_for(found.difference))
    return Finding(part, "not_enough_evidence", reason + about(needed), needed, evidence)


def guardrails(match: Match, candidate: Case, opponent: Case) -> list[Finding]:
    """Each metric of ``gates.model.guardrails``: surely not worse by more than its share.

    A first model is held against the best constant for that metric, as no champion is there yet.
    """
    return [
        _guardrail(match, find_metric(match.task, name), share, candidate, opponent)
        for name, share in match.rules.guardrails.items()
    ]


def _guardrail(
    match: Match, metric: Metric, share: float, candidate: Case, opponent: Case
) -> Finding:
    part = f"metric {metric.name}"
    if match.first and (constant := match.constants.get(metric.name)) is not None:
        opponent = prepare(match.task, match.truth, constant, match.positive)
    values = metric.value(candidate), metric.value(opponent)
    found = compare_cases(metric, opponent, candidate, match.plan)
    if found is None or values[1] is None:
        return unknown(part, f"{METRICS[metric.name].label} is undefined on these rows")
    margin = share * abs(metric.perfect - values[1])
    finding = no_worse(match.name, part, found, margin)
    evidence = {"candidate": values[0], "opponent": values[1], "difference": found.difference,
                "low": found.low, "high": found.high, "margin": margin}  # fmt: skip
    reason = f"{metric.label}: {finding.reason}"
    return Finding(part, finding.outcome, reason, finding.rows_needed, evidence)


def _at_least(match: Match, rows: int | None) -> int | None:
    return None if rows is None else max(match.rules.min_rows, rows)
