"""Where a model errs most, in a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mooring.cli.output import print_table


def print_worst_slices(evidence: Mapping[str, object]) -> None:
    """A table of the slices with the largest errors; nothing where a verdict found none.

    Parameters
    ----------
    evidence : mapping
        Of a verdict of the model gate.
    """
    found = _largest_errors(evidence)
    if not found:
        return
    opponent = str(evidence.get("opponent") or "opponent").removeprefix("the ")
    rows = [
        (
            str(one["slice"]),
            f"{one['rows']:,}",
            _measured(one["candidate"]),
            _value(one["opponent"]),
        )
        for one in found
    ]
    heads = ("most wrong where", "rows", f"{found[0]['label']} (interval)", opponent)
    print_table(heads, rows, right=".rrr")


def _largest_errors(evidence: Mapping[str, object]) -> list[Mapping[str, object]]:
    findings = evidence.get("findings")
    for finding in findings if isinstance(findings, Sequence) else ():
        if finding["part"] == "found slices":
            return list(finding["evidence"].get("largest_error", ()))
    return []


def _measured(found: object) -> str:
    if not isinstance(found, Mapping):
        return "undefined"
    return f"{found['value']:.3g} ({found['low']:.3g} to {found['high']:.3g})"


def _value(found: object) -> str:
    return f"{found['value']:.3g}" if isinstance(found, Mapping) else "undefined"
