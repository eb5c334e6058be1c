"""Options and openings that verbs share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

import click

from mooring.clock import Window, parse_duration, parse_instant
from mooring.errors import UsageError
from mooring.pipeline.context import Context
from mooring.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Instant(click.ParamType[datetime]):
    """An ISO 8601 instant; without a zone it is UTC."""

    name = "instant"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Reads the text, or fails as a usage error."""
        if isinstance(value, datetime):
            return value
        try:
            return parse_instant(str(value))
        except UsageError as error:
            self.fail(f"{error.what}; {error.fix}", param, ctx)


def settings_here(context: click.Context) -> Settings:
    """The settings of the project the command was started in."""
    from mooring.bootstrap import settings_of

    return settings_of((context.find_root().obj or {}).get("project"))


@contextmanager
def project_here(context: click.Context) -> Iterator[Context]:
    """The project the command was started in, wired."""
    from mooring.bootstrap import open_project

    with open_project(settings_here(context)) as project:
        yield project


def window_options(command: F) -> F:
    """``--from``, ``--to`` and ``--window``, in that order; see :func:`window_asked`."""
    options = (
        click.option("--from", "start", type=Instant(), help="Start of a window of your own."),
        click.option("--to", "end", type=Instant(), help="Its end, exclusive; now by default."),
        click.option(
            "--window", metavar="SPAN", help="Length of the latest complete window, such as 7d."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def window_asked(
    project: Context, start: datetime | None, end: datetime | None, length: str | None
) -> Window | None:
    """The window that was asked for; None for the latest complete one of the settings.

    Raises
    ------
    UsageError
        When the options exclude each other, or the window ends before it starts.
    """
    from mooring.monitoring.windows import latest_window

    if length is not None:
        if start is not None or end is not None:
            raise UsageError("--window and --from/--to exclude each other")
        every = parse_duration(project.settings.monitoring.every)
        return latest_window(project.clock(), every=every, length=parse_duration(length))
    if start is None:
        if end is not None:
            raise UsageError("--to needs --from", fix="add --from, such as --from 2026-03-02")
        return None
    chosen = Window(start, end or project.clock())
    if chosen.start >= chosen.end:
        raise UsageError("the window ends before it starts", where=str(chosen))
    return chosen


def because_option(default: str) -> Callable[[F], F]:
    """``--because``: the reason that stays in the history."""
    return click.option(
        "--because", "--reason", default=default, show_default=True, help="Why; kept in history."
    )


def parse_shares(pairs: tuple[str, ...]) -> dict[str, float]:
    """``v7=0.4`` pairs as shares by what names the version.

    Raises
    ------
    UsageError
        When a pair is not a version and a share.
    """
    shares: dict[str, float] = {}
    for pair in pairs:
        version, equals, share = pair.partition("=")
        try:
            number = float(share) if equals else float("nan")
        except ValueError:
            number = float("nan")
        if not 0 <= number <= 1:
            raise UsageError(f"{pair!r} is not a version and a share", fix="write v7=0.4")
        if version in shares:
            raise UsageError(f"{version} is given two shares", fix="give it one")
        shares[version] = number
    return shares
