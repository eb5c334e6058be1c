"""``mooring init``: a project for a data file that is there already."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--data", required=True, help="A file, a glob or a folder of Parquet, CSV or Arrow.")
@click.option("--target", required=True, help="The column to predict.")
@click.option("--name", help="Of the project; the data's name by default.")
@click.option("--time", help="The column of instants, when the guess would be wrong.")
@click.option("--task", type=click.Choice(["regression", "binary", "multiclass"]))
@click.option("--force", is_flag=True, help="Overwrite mooring.toml and pipeline.py.")
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    context: click.Context,
    data: str,
    target: str,
    name: str | None,
    time: str | None,
    task: str | None,
    force: bool,
) -> None:
    """Write mooring.toml and pipeline.py for a data file; they run unchanged."""
    from mooring.starting.start import start_project

    folder = Path((context.find_root().obj or {}).get("project") or Path.cwd()).resolve()
    started = start_project(
        folder, data=data, target=target, name=name, time=time, task=task, overwrite=force
    )
    for line in started.findings:
        click.echo(line)
    for path in started.files:
        click.echo(f"wrote {path}")
    click.echo("next: read mooring.toml, then: mooring run")
