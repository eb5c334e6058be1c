"""Labels are kept as the classes they name."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from mooring.adapters.sqlite_log.log import SqliteLog
from mooring.errors import DataError
from mooring.ids import seeded_ids
from mooring.serving.labels import Value, join_labels
from mooring.serving.log import PredictionRecord
from tests.unit.serving.project import AT, NAME, Project


def kept(folder: Path, text: str, classes: tuple[Value, ...]) -> list[object]:
    project, file = Project(folder), folder / "labels.csv"
    file.write_text("prediction_id,label\n" + text)
    data = msgspec.structs.replace(project.settings.data, task="binary")
    later = AT + timedelta(days=1)
    with closing(project.catalog), closing(SqliteLog(folder / "log.db")) as log:
        log.append(
            [PredictionRecord(i, AT, NAME, f"{NAME}/1", None, b"{}", 0, None) for i in "abc"]
        )
        join_labels(
            project.catalog,
            log,
            msgspec.structs.replace(project.settings, data=data),
            file,
            later,
            received_at=later,
            ids=seeded_ids(1),
            classes=classes,
        )
        meta = log.read(NAME, None).meta.sort("prediction_id")
    return meta["label"].to_list()


@pytest.mark.parametrize(
    ("text", "classes", "expected"),
    [
        ("a,True\nb,False\n", (False, True), ["true", "false", None]),
        ("a,1\nb,0\n", (False, True), ["true", "false", None]),
        ("a,true\nb,false\n", (0, 1), [1.0, 0.0, None]),
        ("a,1.0\nb,0\n", (0, 1), [1.0, 0.0, None]),
        ("a,01\nb,02\n", ("01", "02"), ["01", "02", None]),
        ("a,new\nb,x\n", ("x", "y", "z"), ["new", "x", None]),
    ],
)
def test_a_label_is_kept_in_the_spelling_of_its_class(
    text: str, classes: tuple[Value, ...], expected: list[object], tmp_path: Path
) -> None:
    assert kept(tmp_path, text, classes) == expected


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("a,yes\nb,no\n", (0, 1)),
        ("a,1\nb,0.5\n", (0, 1)),
        ("a,0\nb,1\n", ("no", "yes")),
        ("a,0\nb,1\n", ("x", "y", "z")),
    ],
)
def test_p3_labels_that_are_none_of_the_classes_are_refused(
    text: str, classes: tuple[Value, ...], tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="none of the model's classes"):
        kept(tmp_path, text, classes)
