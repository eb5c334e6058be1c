"""Labels, held against what a contract says of the target."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mooring.errors import DataError
from mooring.gates.terms.reading import parse_terms
from mooring.serving.label_terms import hold_labels
from mooring.serving.log import Label
from mooring.settings import Settings
from mooring.settings.model import Data, Project

COLUMNS = '[columns.cnt]\ntype = "float"\n[columns.seats]\ntype = "float"\n'
AT = datetime(2026, 1, 1, tzinfo=UTC)


def settings(root: Path) -> Settings:
    data = Data(source="rides.csv", target="cnt", task="regression")
    return Settings(project=Project(name="rides"), data=data, root=root)


def labels(*values: float) -> list[Label]:
    return [Label(f"p{place}", value, AT) for place, value in enumerate(values)]


def test_a_relation_of_the_target_alone_holds_for_labels_too(tmp_path: Path) -> None:
    terms = parse_terms(COLUMNS + '[relations]\n"cnt >= 0" = "stop"\n').terms
    assert hold_labels(labels(0.0, 3.0), terms, settings(tmp_path), "labels.csv").told == ()
    with pytest.raises(DataError, match="cnt >= 0"):
        hold_labels(labels(0.0, -1.0), terms, settings(tmp_path), "labels.csv")


def test_labels_that_break_such_a_relation_are_quarantined_where_it_says_so(
    tmp_path: Path,
) -> None:
    terms = parse_terms(COLUMNS + '[relations]\n"cnt >= 0" = "quarantine"\n').terms
    many = labels(*[float(k) for k in range(99)], -1.0)
    held = hold_labels(many, terms, settings(tmp_path), "labels.csv")
    assert (len(held.labels), held.quarantined) == (99, 1)


def test_a_relation_with_another_column_is_not_asked_of_a_label(tmp_path: Path) -> None:
    terms = parse_terms(COLUMNS + '[relations]\n"cnt >= seats" = "stop"\n').terms
    assert hold_labels(labels(-1.0), terms, settings(tmp_path), "labels.csv").told == ()
