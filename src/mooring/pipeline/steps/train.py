"""Fits the model with the project's ``train``."""

from __future__ import annotations

from dataclasses import replace

from mooring.lineage.blobs import BlobStore
from mooring.lineage.loading import call_train, dump_model, load_model
from mooring.lineage.values import Json
from mooring.pipeline.candidate import Candidate, Trained, known, truth_of
from mooring.pipeline.context import Context
from mooring.pipeline.runner import Done, Step


def train(context: Context) -> Step[Candidate]:
    """The step that fits the model, and keeps it for a resumption."""
    settings = context.settings
    model_format = settings.pipeline.model_format

    def run(candidate: Candidate) -> Done[Candidate]:
        truth = truth_of(known(candidate.splits).training, settings.data.target)
        params = {"seed": settings.pipeline.seed, **settings.params}
        model = call_train(candidate.space, candidate.features["training"], truth, params)
        data, trusted = dump_model(model, model_format, candidate.space)
        digest = BlobStore(context.run_folder(candidate.run.id)).put(data)
        result = {"bytes": len(data), "trusted": list(trusted), "model": digest}
        return Done(replace(candidate, trained=Trained(model, data, trusted)), result)

    def restore(candidate: Candidate, result: Json) -> Candidate:
        trusted = result["trusted"]
        names = tuple(map(str, trusted)) if isinstance(trusted, list) else ()
        data = BlobStore(context.run_folder(candidate.run.id)).get(str(result["model"]))
        model = load_model(data, model_format, names, candidate.space)
        return replace(candidate, trained=Trained(model, data, names))

    return Step("train", run, restore)
