"""Scores made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from mooring.lineage.values import WindowScore
from mooring.monitoring.detail import Column, Detail, Drift, Performance, Share, Status, plain

START = datetime(2026, 3, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


def column(name: str, status: Drift = "drift", importance: float = 1.0) -> Column:
    """A column that moved from its low to its high bin."""
    moved = (Share("up to 12", 0.5, 0.1), Share("above 12", 0.5, 0.9))
    return Column(
        name=name,
        status=status,
        reason="PSI 0.400, no drift stays under 0.050",
        importance=importance,
        psi=0.4,
        jensenshannon=0.3,
        ks=0.4,
        level=0.05,
        moved=moved,
        bins=moved,
        null_rate=(0.0, 0.1),
        unseen_rate=0.02,
    )


def score(  # noqa: PLR0913 - what a test may want
    number: int = 0,
    drift: Drift = "ok",
    performance: Literal["ok", "degraded", "unknown"] = "unknown",
    *,
    rows: int = 500,
    names: tuple[str, ...] = ("temp", "hr"),
    at: datetime | None = None,
) -> WindowScore:
    """The score of the numbered week, recorded when it ended."""
    known = performance != "unknown"
    loss = 0.4 if performance == "degraded" else 0.0
    detail = Detail(
        drift=drift,
        drifted=names if drift == "drift" else (),
        watched=tuple(column(name, drift, len(names) - i) for i, name in enumerate(names)),
        others=(column("wind", "ok", 0.0),),
        predictions=(column("prediction", "ok"),),
        performance=Performance(
            status=performance,
            reason=f"MAE 52 against 38 on the holdout, {loss:.0%} worse" if known else "no labels",
            metric="mae",
            value=52.0 if known else None,
            baseline=38.0,
            loss=loss if known else None,
            rows=rows if known else 0,
        ),
        reason="" if rows else "no predictions in this window",
    )
    status: Status = "degraded" if performance == "degraded" else drift
    start = START + number * WEEK
    return WindowScore(
        id=f"score-{number}",
        deployment="bikes",
        model_version="bikes/1",
        start=start,
        end=start + WEEK,
        at=at or start + WEEK,
        rows=rows,
        labelled=rows if known else 0,
        status=status,
        distance=0.2 if drift != "unknown" else None,
        detail=plain(detail),
    )
