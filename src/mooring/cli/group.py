"""Verbs that are listed without being loaded, so that ``--help`` is quick."""

from __future__ import annotations

import importlib

import click

VERBS = {
    "init": "Write mooring.toml and pipeline.py for a data file of yours.",
    "contract": "Write, compare and check contract.toml: what the data must meet.",
    "run": "Train a candidate through both gates and deploy it if it passes.",
    "serve": "Answer predictions over HTTP and keep each one in the log.",
    "label": "Join labels that came late with the predictions they belong to.",
    "monitor": "Compare a window of the log with the baseline; report and alert.",
    "skew": "Replay logged requests through the offline code: what was stale.",
    "calibrate": "Learn what normal drift looks like on your history; propose thresholds.",
    "report": "Compare two tables, or two windows of one: what drifted.",
    "drill": "Inject faults into copies of your data; prove that each is named.",
    "watch": "Monitor, evaluate the triggers and retrain, until stopped.",
    "lineage": "Say what serves, and which data, code and verdicts are behind it.",
    "judge": "Compare two model versions on rows that neither was trained on.",
    "status": "Show the project at a glance.",
    "traffic": "Divide the traffic over model versions.",
    "promote": "Make a model version the champion.",
    "rollback": "Give the traffic back to the champion before.",
    "override": "Allow a version traffic without a pass: reasoned and expiring.",
    "reproduce": "Train a version again from its lineage, and say how far it differs.",
    "demo": "Live through two years of a real model in a minute.",
}


class VerbGroup(click.Group):
    """A group whose commands are modules of this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The verbs, in the order a newcomer needs them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb's command, its module loaded now."""
        if cmd_name not in VERBS:
            return None
        verb: click.Command = importlib.import_module(f"mooring.cli.{cmd_name}").command
        return verb

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Names the nearest verb when there is none of that name."""
        import difflib

        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "; mooring --help lists the verbs"
            raise click.UsageError(f"there is no verb {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Lists the verbs from their table, without loading one."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))
