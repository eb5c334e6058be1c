"""What the demo tells: the turning points as they come, then the weeks, then what to type next."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mooring.demo.replay import Lived
from mooring.retraining.decide import Outcome

_COLUMNS = {
    "week to": 10,
    "distance": 8,
    "drifted": 18,
    "MAE": 4,
    "never": 5,
    "decision": 16,
    "by": 4,
}
_MARGIN = " " * 12
_RULE = "[dim]" + "─" * 78 + "[/dim]"


class Story:
    """Tells the replay to a console, at most 80 columns wide."""

    def __init__(self, console: Console) -> None:
        self._out = console

    def say(self, text: str) -> None:
        """One paragraph."""
        self._out.print(text)

    def chapter(self, title: str) -> None:
        """A heading."""
        self._out.print(f"\n[bold]{title}[/bold]\n{_RULE}")

    def week(self, lived: Lived) -> None:
        """The week's turning point, when there is one."""
        if lived.outcome is None or lived.outcome.decision.action != "retrain":
            return
        decision = lived.outcome.decision
        at = f"{lived.week.end:%Y-%m-%d}"
        self._tell(f"{at}  [cyan]retrain[/cyan]", f"({decision.cause}): {decision.because}", 18)
        if lived.outcome.finished is not None:
            version = lived.outcome.finished.version.version
            self._out.print(
                f"{_MARGIN}[green]both gates passed: v{version} is the champion[/green]"
            )
        elif lived.outcome.error is not None:
            error = lived.outcome.error
            said = error.where.partition(";")[0]
            self._tell(f"{_MARGIN}[yellow]refused[/yellow]:", f"{error.what}, {said}", 20)

    def _tell(self, start: str, text: str, width: int) -> None:
        """A start that takes ``width`` columns, then a text whose further lines are indented."""
        lines = textwrap.wrap(text, 79, initial_indent=" " * width, subsequent_indent=_MARGIN)
        self._out.print(f"{start} {escape(lines[0].lstrip())}")
        for line in lines[1:]:
            self._out.print(escape(line))

    def weeks(self, lived: Sequence[Lived]) -> None:
        """Every week in a row of its own."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name, width in _COLUMNS.items():
            number = name in {"distance", "MAE", "never"}
            table.add_column(name, justify="right" if number else "left", width=width, no_wrap=True)
        for one in lived:
            table.add_row(*_row(one))
        self._out.print(table)

    def verdict(self, lived: Sequence[Lived]) -> None:
        """The two numbers that say whether it was worth it."""
        hours = np.array([one.week.rows.height for one in lived])
        never = float(np.average([one.error_never for one in lived], weights=hours))
        ours = float(np.average([one.error for one in lived], weights=hours))
        deployed = sum(
            one.outcome is not None and one.outcome.finished is not None for one in lived
        )
        refused = sum(one.outcome is not None and one.outcome.error is not None for one in lived)
        self._out.print(
            f"never retrained     MAE {never:6.1f} rides an hour\n"
            f"retrained by policy MAE {ours:6.1f} rides an hour\n"
            f"                    {deployed} promotions, {refused} candidates refused by a gate"
        )


def _row(lived: Lived) -> tuple[str, ...]:
    score, outcome = lived.score, lived.outcome
    drifted = score.detail.get("drifted", []) if score is not None else []
    names = [str(name) for name in drifted] if isinstance(drifted, list | tuple) else []
    distance = "-" if score is None or score.distance is None else f"{score.distance:.3f}"
    return (
        f"{lived.week.end:%Y-%m-%d}",
        distance,
        _shortened(", ".join(names) or "-", 18),
        f"{lived.error:.0f}",
        f"{lived.error_never:.0f}",
        _decision(outcome),
        f"v{lived.champion.rpartition('/')[2]}",
    )


def _decision(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    if outcome.finished is not None:
        return f"{outcome.decision.cause}: pass"
    if outcome.error is not None:
        return f"{outcome.decision.cause}: refused"
    return f"{outcome.decision.cause}: {outcome.decision.action}"


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
