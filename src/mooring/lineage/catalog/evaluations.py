"""What the catalog keeps of a comparison: each spends some of its holdout, whatever came of it."""

from __future__ import annotations

from mooring.lineage.catalog.columns import at, count, json, key, one_of, text, to

EVALUATION = (
    key(),
    text("kind"),
    to("run.id", "run"),
    to("model_version.id", "opponent", null=True),
    to("dataset_version.digest", "dataset"),
    count("rows"),
    text("outcome"),
    at(),
    text("by"),
    json("sketch"),
    json("detail"),
    one_of("kind", "gate", "hand"),
    one_of("outcome", "pass", "fail", "not_enough_evidence"),
)
