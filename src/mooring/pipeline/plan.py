"""The plan: which steps a run takes, in which order. There is no way round the two gates."""

from __future__ import annotations

from mooring.pipeline.candidate import Candidate
from mooring.pipeline.context import Context
from mooring.pipeline.runner import Step
from mooring.pipeline.steps.deploy import deploy
from mooring.pipeline.steps.evaluate import evaluate
from mooring.pipeline.steps.extract import extract
from mooring.pipeline.steps.judge import judge
from mooring.pipeline.steps.prepare import prepare
from mooring.pipeline.steps.register import register
from mooring.pipeline.steps.train import train
from mooring.pipeline.steps.validate import validate


def plan(context: Context) -> tuple[Step[Candidate], ...]:
    """Every step of a run, from the source to traffic."""
    return (
        extract(context),
        validate(context),
        prepare(context),
        train(context),
        evaluate(context),
        judge(context),
        register(context),
        deploy(context),
    )
