"""``mooring label``: late truth meets its prediction."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mooring.cli.common import Instant, as_json, settings_here
from mooring.cli.output import print_json, wrapped

if TYPE_CHECKING:
    from mooring.serving.log import LabelReceipt


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--known-at", type=Instant(), help="When they were known; when FILE was written by default."
)
@as_json
@click.pass_context
def command(context: click.Context, file: Path, known_at: datetime | None, as_json: bool) -> None:
    """Join the labels in FILE with the predictions they belong to.

    FILE is a table (CSV, Parquet or Arrow) with the columns prediction_id and label, and
    optionally known_at. The same file twice joins nothing twice.
    """
    from mooring.bootstrap import open_log, open_project
    from mooring.serving.label_terms import champion_artifact, terms_of
    from mooring.serving.labels import join_labels

    settings = settings_here(context)
    # Not now: the same file again would be labels that became known again.
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    with open_project(settings) as project, open_log(settings) as log:
        now = project.clock()
        serving = champion_artifact(project.catalog, project.store, project.name)
        receipt = join_labels(
            project.catalog,
            log,
            settings,
            file,
            known_at or min(written, now),
            received_at=now,
            ids=project.ids,
            classes=serving.manifest.classes if serving else (),
            terms=terms_of(serving),
        )
    if as_json:
        print_json(_plain(receipt))
    else:
        _print(receipt)


def _plain(receipt: LabelReceipt) -> dict[str, object]:
    return {
        "rows": receipt.rows,
        "joined": receipt.joined,
        "unknown": receipt.unknown,
        "repeated": receipt.repeated,
        "quarantined": receipt.quarantined,
        "warnings": list(receipt.told),
    }


def _print(receipt: LabelReceipt) -> None:
    click.echo(f"{receipt.joined:,} of {receipt.rows:,} labels joined a prediction")
    for line in receipt.told:
        click.echo(wrapped(line, indent=2))
    if receipt.repeated:
        click.echo(f"  {receipt.repeated:,} were known already")
    if receipt.unknown:
        examples = ", ".join(receipt.examples[:3])
        click.echo(f"  {receipt.unknown:,} name no prediction of this log, such as {examples}")
