"""A report as one HTML file that needs nothing else, and stays small whatever the data.

Every value is escaped, and a content security policy forbids whatever is not in the file: no
scripts, no fonts, no images, no network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

import mooring
from mooring.profiling import words
from mooring.profiling.reporting.words import (
    compat,
    lead,
    left_out,
    missing,
    together,
    verdict,
)

if TYPE_CHECKING:
    from datetime import datetime

    from mooring.profiling.findings import DriftRules, Status
    from mooring.profiling.multivariate.score import MultivariateScore
    from mooring.profiling.reporting.report import Report, ReportColumn

CARDS = 60
"""Columns that have a chart."""
LINES = 1000
"""Columns that stand in the table."""
_OPEN = 40
"""Lines of the table that are not folded away."""


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page; ``drawn`` is the number of cards, ``left_out`` what is nowhere."""

    reference: str
    current: str
    headline: str
    lead: str
    status: Status
    drifted: int
    count: str
    distance: float | None
    rows: tuple[int, int]
    together: tuple[MultivariateScore, ...]
    tool: str
    first: tuple[ReportColumn, ...]
    more: tuple[ReportColumn, ...]
    left_out: int
    cards: tuple[ReportColumn, ...]
    drawn: int
    undrawn: int
    alpha: float
    min_psi: float
    made: datetime


def render(report: Report, rules: DriftRules, made: datetime) -> str:
    """The page as HTML.

    Parameters
    ----------
    report : Report
    rules : DriftRules
        As the report was made with, to say so.
    made : datetime
        When, in UTC.
    """
    return _template().render(page=_page(report, rules, made), version=mooring.__version__)


def _page(report: Report, rules: DriftRules, made: datetime) -> Page:
    columns = report.columns
    headline = verdict(report)
    cards = columns[:CARDS]
    return Page(
        reference=report.reference,
        current=report.current,
        headline=f"{headline[:1].upper()}{headline[1:]}",
        lead=lead(report),
        status=report.status,
        drifted=len(report.drifted),
        count=words.columns_of(len(columns)),
        distance=report.distance,
        rows=report.rows,
        together=report.together,
        tool=report.tool,
        first=columns[:_OPEN],
        more=columns[_OPEN:LINES],
        left_out=max(len(columns) - LINES, 0),
        cards=cards,
        drawn=len(cards),
        undrawn=len(columns) - len(cards),
        alpha=rules.alpha,
        min_psi=rules.min_psi,
        made=made,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("mooring.profiling.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        compat=compat,
        count=_count,
        left_out=left_out,
        missing=missing,
        score=words.score,
        share=words.share,
        short=words.short,
        together=together,
        why=words.why,
    )
    return environment.get_template("report.html.jinja")


def _count(number: int) -> str:
    return f"{number:,}"
