"""``mooring lineage``: the 3am question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from mooring.cli.common import Instant, as_json, project_here
from mooring.cli.output import print_json, print_table, wrapped
from mooring.cli.slices import print_worst_slices

_MAIN_METRICS = ("f1", "f1_macro", "log_loss", "roc_auc", "accuracy", "mae", "rmse", "r2")


@click.command()
@click.argument("version", required=False)
@click.option("--at", type=Instant(), help="As of this instant instead of now.")
@click.option("--dataset", metavar="DIGEST", help="Everything trained on this dataset version.")
@as_json
@click.pass_context
def command(
    context: click.Context,
    version: str | None,
    at: datetime | None,
    dataset: str | None,
    as_json: bool,
) -> None:
    """Say what serves, and which data, code and verdicts are behind it.

    With VERSION (v7, 7, models:/name/7): what made that one, whether it serves or was refused.
    """
    from mooring.lineage.answer import dataset_answer, lineage_answer, version_answer
    from mooring.lineage.deployments import find_version

    with project_here(context) as project, project.catalog.read() as tx:
        answer: Mapping[str, Any]
        if version is not None:
            answer = version_answer(tx, find_version(tx, project.name, version), at)
        elif dataset is not None:
            answer = dataset_answer(tx, dataset)
        else:
            answer = lineage_answer(tx, at, at or project.clock())
    if as_json:
        print_json(answer)
    elif version is not None:
        click.secho(answer["model_version"], bold=True)
        _print_made(answer)
    elif dataset is not None:
        _print_dataset(answer)
    else:
        _print_deployments(answer["deployments"])


def _print_deployments(deployments: Sequence[Mapping[str, Any]]) -> None:
    if not deployments:
        click.echo("nothing serves: no model version has had traffic.  next: mooring run")
    for deployment in deployments:
        click.echo(
            f"{deployment['name']}: revision {deployment['revision']} ({deployment['action']}) "
            f"since {deployment['since'][:16]} by {deployment['by']}"
        )
        click.echo(wrapped(f"because {deployment['because']}", indent=2))
        for arm in deployment["arms"]:
            _print_arm(arm)


def _print_arm(arm: Mapping[str, Any]) -> None:
    click.echo("")
    click.secho(f"{arm['weight']:6.1%}  {arm['model_version']}  ({arm['role']})", bold=True)
    if arm["override"]:
        click.secho(wrapped(arm["override"]["words"], indent=2), fg="yellow")
    _print_made(arm)


def _print_made(arm: Mapping[str, Any]) -> None:
    """What a model version was made from, and what the gates said of it."""
    code = arm["code"]
    commit = code["commit"][:12] if code["commit"] else "no Git commit"
    click.echo(f"  run      {arm['run']}")
    click.echo(wrapped(f"because  {arm['trigger']}: {arm['because']}", indent=2))
    click.echo(f"  code     {commit}{' + uncommitted changes' if code['dirty'] else ''}")
    click.echo(f"  trained  {arm['trained_at'][:16]}")
    if arm["contract"]:
        click.echo(f"  contract {arm['contract'][:19]}")
    rows = [
        (used["role"], f"{used['rows']:,}", used["digest"][:19], used["dataset"])
        for used in arm["data"]
    ]
    print_table(("data", "rows", "digest", "dataset"), rows, right=".r")
    _print_metrics(arm["metrics"].get("holdout", {}))
    uses = arm["holdout_uses"]
    click.echo(f"  its holdout was used by {uses:,} comparison{'' if uses == 1 else 's'}")
    for verdict in arm["verdicts"]:
        against = f" against {verdict['opponent']}" if verdict["opponent"] else ""
        until = f" until {verdict['until'][:16]}" if verdict["until"] else ""
        by = f" by {verdict['by']}" if verdict["gate"] == "override" else ""
        click.echo(f"  {verdict['gate']} gate: {verdict['outcome']}{against}{by}{until}")
        for reason in verdict["reasons"]:
            click.echo(wrapped(reason, indent=4))
        print_worst_slices(verdict["evidence"])
    for tried in arm["reproductions"]:
        said = tried["outcome"].replace("_", " ")
        click.echo(f"  trained again by {tried['by']} at {tried['at'][:16]}: {said}")
        for reason in tried["reasons"]:
            click.echo(wrapped(reason, indent=4))
    for judged in arm["by_hand"]:
        what = f"{judged['outcome']} against {judged['opponent']} on {judged['rows']:,} rows"
        click.echo(wrapped(f"by hand {judged['at'][:16]} by {judged['by']}: {what}", indent=2))


def _print_metrics(holdout: Mapping[str, float]) -> None:
    first = [name for name in _MAIN_METRICS if name in holdout]
    rest = sorted(name for name in holdout if name not in first)
    shown = ", ".join(f"{name} {holdout[name]:.4g}" for name in [*first, *rest])
    click.echo(wrapped(f"holdout: {shown or 'no metrics'}", 2))


def _print_dataset(answer: Mapping[str, Any]) -> None:
    click.echo(f"{answer['dataset']}  {answer['rows']:,} rows")
    rows = []
    for use in answer["used_by"]:
        serving = use["serving"]
        where = f"{serving['weight']:.0%}" if serving else "-"
        rows.append((use["role"], use["model_version"] or "-", where, use["run"]))
    print_table(("role", "model version", "serves", "run"), rows)
