"""Proposals as the lines of ``mooring.toml`` that they are."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mooring.profiling.calibration.plan import Calibration, Severity

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def settings_lines(
    found: Calibration, severity: Severity, spans: tuple[tuple[str, str], ...] = ()
) -> tuple[str, ...]:
    """What to write into ``mooring.toml``; nothing when there is not enough evidence.

    Parameters
    ----------
    found : Calibration
    severity : Severity
        Whose thresholds: what a finding of drift raises in this project.
    spans : tuple of (key, span)
        ``window`` and ``every``, when they are not the project's own.

    Examples
    --------
    ``('[monitoring]', 'alarm = "2 of 3"', '', '[monitoring.thresholds]', 'temp = 0.3')``
    """
    if not found.hindsight:
        return ()
    rules, (n, m) = found.rules(severity), found.plan.proposed
    lines = ["[monitoring]", *(f'{key} = "{span}"' for key, span in spans)]
    lines.append(f'alarm = "{n} of {m}"')
    if rules.inflation > 1 or found.plan.rules.inflation > 1:
        lines.append(f"inflation = {rules.inflation:g}")
    for key, value, before in (
        ("min_missing", rules.null_rate_floor, found.plan.rules.null_rate_floor),
        ("min_unseen", rules.unseen_rate_floor, found.plan.rules.unseen_rate_floor),
    ):
        if value != before:
            lines.append(f"{key} = {value:g}")
    own = [
        f"{_key(name)} = {by:g}" for name, by in rules.inflations if by > max(rules.inflation, 1)
    ]
    floors = [f"{_key(name)} = {floor:g}" for name, floor in rules.floors if floor > rules.min_psi]
    if own:
        lines += ["", "[monitoring.inflations]", *own]
    return (*lines, *(("", "[monitoring.thresholds]", *floors) if floors else ()))


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
