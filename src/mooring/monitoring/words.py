"""What a score says, in sentences: for alerts, the terminal and the report."""

from __future__ import annotations

from collections.abc import Sequence

from mooring.lineage.values import WindowScore
from mooring.monitoring.detail import Column, Detail, read_detail

_LISTED = 3
_SHORT = 40


def headline(score: WindowScore) -> str:
    """One sentence for one window: what moved, and what it cost.

    Examples
    --------
    ``Drift in temp and hr; MAE 52 against 38 on the holdout, 37% worse``
    """
    detail = read_detail(score)
    if score.rows == 0 or detail.reason:
        return _sentence(detail.reason or "no predictions in this window")
    return f"{drift_words(detail)}; {performance_words(detail)}"


def performance_words(detail: Detail) -> str:
    """What is known of the performance."""
    performance = detail.performance
    if performance.status == "unknown":
        return f"performance unknown: {performance.reason}"
    return performance.reason


def drift_words(detail: Detail) -> str:
    """What moved, in a few words."""
    if detail.drift == "drift":
        return f"Drift in {listed(detail.drifted)}"
    if detail.drift == "unknown":
        return "Drift unknown"
    return "No drift"


def listed(names: Sequence[str], most: int = _LISTED) -> str:
    """Names in a sentence: ``a, b and 3 more``.

    Examples
    --------
    >>> listed(["temp", "hr"]), listed(list("abcde"))
    ('temp and hr', 'a, b, c and 2 more')
    """
    shown = [short(name) for name in names[:most]]
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def by_weight(columns: Sequence[Column]) -> list[Column]:
    """The columns that drifted, by importance times distance, the most telling first."""
    drifted = [column for column in columns if column.status == "drift"]
    return sorted(drifted, key=_weight, reverse=True)


def _weight(column: Column) -> float:
    importance = 0.0 if column.importance is None else max(column.importance, 0.0)
    return (importance + 1e-12) * (column.jensenshannon or 0.0)


def moved_words(column: Column, most: int = 2) -> str:
    """Which bins moved: ``12 to 15: 10% → 31%; missing: 0% → 8%``."""
    return "; ".join(
        f"{short(one.label)}: {share(one.baseline)} → {share(one.current)}"
        for one in column.moved[:most]
    )


def share(value: float) -> str:
    """A share of the rows in percent, with a digit more where it is small.

    Examples
    --------
    >>> share(0.314), share(0.004)
    ('31%', '0.4%')
    """
    return f"{value:.1%}" if 0 < value < 0.01 else f"{value:.0%}"  # noqa: PLR2004


def short(text: str, most: int = _SHORT) -> str:
    """A name or category on one line, its end cut off when it is long."""
    line = "".join(sign if sign.isprintable() else "�" for sign in text)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
