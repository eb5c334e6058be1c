"""The page to open at three in the morning: one HTML file that needs nothing else.

Every value is escaped (SEC-34), and a content security policy forbids whatever is not in the file:
no scripts, no fonts, no images, no network.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

import mooring
from mooring.monitoring.page import Page, gather_page
from mooring.monitoring.words import moved_words
from mooring.profiling.words import share, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mooring.lineage.values import WindowScore
    from mooring.pipeline.context import Context


def write_report(context: Context, path: Path, shown: Sequence[WindowScore] = ()) -> Path:
    """Writes the page of a project, whole or not at all.

    Parameters
    ----------
    context : Context
    path : Path
        The HTML file; its folder is made.
    shown : sequence of WindowScore
        Scores of one window that the page is about, recorded or not; the newest when absent.

    Returns
    -------
    Path
        The file.
    """
    with context.catalog.read() as tx:
        page = gather_page(tx, context.name, context.clock(), shown)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(render(page), encoding="utf-8")
    draft.replace(path)
    return path


def render(page: Page) -> str:
    """The page as HTML."""
    return _template().render(page=page, version=mooring.__version__)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("mooring.monitoring", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=_number, share=share, moved=moved_words, short=short)
    return environment.get_template("report.html.jinja")


def _number(value: float | None, digits: int = 3) -> str:
    """A number for people; a dash when it is unknown."""
    if value is None:
        return "-"
    size = abs(value)
    if size >= 100:  # noqa: PLR2004
        return f"{value:,.0f}"
    return f"{value:.{digits if size < 10 else 1}f}"  # noqa: PLR2004
