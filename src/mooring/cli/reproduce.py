"""``mooring reproduce``: is the model version what its lineage says it was made from?"""

from __future__ import annotations

from functools import partial

import click

from mooring.cli.common import as_json, project_here
from mooring.cli.output import print_json, wrapped

_EXIT = {"same": 0, "differs": 1, "cannot_tell": 3}
_SAID = {"same": "the same", "differs": "it differs", "cannot_tell": "it cannot be told"}
_COLOURS = {"same": "green", "differs": "red", "cannot_tell": "cyan"}


@click.command()
@click.argument("version")
@click.option("--data", metavar="PATH", help="Where the rows are, if not where they were.")
@click.option("--here", is_flag=True, help="Train in this environment, whatever it holds.")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1),
    default=1e-6,
    show_default=True,
    help="How far metrics and answers may lie apart, relative.",
)
@as_json
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    context: click.Context,
    version: str,
    data: str | None,
    here: bool,
    tolerance: float,
    as_json: bool,
) -> None:
    """Train VERSION again from its code, rows and environment, and compare.

    Exit codes: 0 the same, 1 it differs, 3 the rows or the environment are not to be had.
    """
    from mooring.lineage.deployments import find_version
    from mooring.pipeline.reproduce.reproduce import Asked, reproduce

    say = partial(click.echo, err=True)
    with project_here(context) as project:
        with project.catalog.read() as tx:
            found = find_version(tx, project.name, version)
        made = reproduce(project, found, Asked(data, here, tolerance), say)
    if as_json:
        print_json(made)
    else:
        outcome = click.style(_SAID[made.outcome], fg=_COLOURS[made.outcome], bold=True)
        click.echo(f"{made.model_version} trained again: {outcome}")
        for reason in made.reasons:
            click.echo(wrapped(reason, indent=2))
    context.exit(_EXIT[made.outcome])
