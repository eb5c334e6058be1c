"""What every prediction log must do, whichever adapter it is."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import sleep

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mooring.adapters.sqlite_log.log import SqliteLog
from mooring.adapters.sqlite_log.schema import APPEND
from mooring.clock import Window
from mooring.errors import CatalogError
from mooring.serving.log import Label, LabelReceipt, PredictionLog, PredictionRecord, Value

pytestmark = pytest.mark.contract

Open = Callable[[Path], PredictionLog]
ADAPTERS: dict[str, type[SqliteLog]] = {"sqlite_log": SqliteLog}
START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = Window(START, START + 24 * HOUR)


@pytest.fixture(params=ADAPTERS)
def opened(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens logs, and closes them when the test is over."""
    logs: list[PredictionLog] = []

    def make(path: Path) -> PredictionLog:
        logs.append(ADAPTERS[request.param](path))
        return logs[-1]

    yield make
    for log in logs:
        log.close()


@pytest.fixture
def log(opened: Open, tmp_path: Path) -> PredictionLog:
    return opened(tmp_path / "predictions" / "log.db")


def record(  # noqa: PLR0913 - each test names the one it is about
    name: str,
    hours: float = 0,
    *,
    prediction: Value = 1.5,
    version: str = "bikes/1",
    deployment: str = "bikes",
    probabilities: tuple[float, ...] | None = None,
) -> PredictionRecord:
    return PredictionRecord(
        id=name,
        at=START + hours * HOUR,
        deployment=deployment,
        model_version=version,
        key=None,
        inputs=msgspec.json.encode({"name": name}),
        prediction=prediction,
        probabilities=probabilities,
    )


def label(name: str, value: Value = 2.5, hours: float = 24) -> Label:
    return Label(name, value, START + hours * HOUR)


def ids(log: PredictionLog, window: Window | None = None, version: str | None = None) -> list[str]:
    found = log.read("bikes", window, version)
    assert found.meta.height == len(found.inputs)
    named: list[str] = found.meta["prediction_id"].to_list()
    assert [msgspec.json.decode(row)["name"] for row in found.inputs] == named
    return named


def test_what_was_appended_is_read_back(log: PredictionLog) -> None:
    one = PredictionRecord(
        "a", START, "bikes", "bikes/1", "station 7", b'{"temp":0.3}', "wet", (0.25, 0.75)
    )
    log.append([one])
    found = log.read("bikes")
    assert found.inputs == (b'{"temp":0.3}',)
    assert found.meta.schema == {
        "prediction_id": pl.String,
        "at": pl.Datetime("us", "UTC"),
        "model_version": pl.String,
        "key": pl.String,
        "prediction": pl.String,
        "probabilities": pl.List(pl.Float64),
        "label": pl.String,
        "label_known_at": pl.Datetime("us", "UTC"),
    }
    row = ("a", START, "bikes/1", "station 7", "wet", [0.25, 0.75], None, None)
    assert found.meta.rows() == [row]


def test_what_is_kept_beside_the_inputs_is_read_back_with_its_row(log: PredictionLog) -> None:
    log.append([replace(record("b", 2), context=b'{"shop":7}'), record("a", 1)])
    found = log.read("bikes")
    assert found.meta["prediction_id"].to_list() == ["a", "b"]
    assert found.context == (None, b'{"shop":7}')
    assert log.read("bikes", Window(START, START + 1.5 * HOUR)).context == (None,)


def test_an_empty_log_reads_as_no_rows_of_the_same_columns(log: PredictionLog) -> None:
    empty = log.read("bikes").meta
    log.append([record("a")])
    full = log.read("bikes").meta
    assert empty.schema == full.schema
    assert empty.height == 0


def test_rows_come_oldest_first_whatever_the_order_of_appends(log: PredictionLog) -> None:
    log.append([record("c", 3), record("a", 1)])
    log.append([record("b", 2)])
    assert ids(log) == ["a", "b", "c"]


def test_rows_of_one_instant_keep_the_order_they_were_appended_in(log: PredictionLog) -> None:
    log.append([record("b"), record("a"), record("c")])
    assert ids(log) == ["b", "a", "c"]


def test_a_window_is_half_open(log: PredictionLog) -> None:
    log.append([record("before", -0.001), record("start", 0), record("in", 23.999)])
    log.append([record("end", 24)])
    assert ids(log, DAY) == ["start", "in"]


def test_a_microsecond_is_kept(log: PredictionLog) -> None:
    at = START + timedelta(microseconds=123_457)
    log.append([PredictionRecord("b", at, "bikes", "bikes/1", None, b'{"name":"b"}', 1.0, None)])
    assert log.read("bikes").meta["at"].to_list() == [at]


def test_deployments_and_versions_are_kept_apart(log: PredictionLog) -> None:
    log.append([record("a"), record("b", version="bikes/2"), record("c", deployment="cars")])
    assert ids(log) == ["a", "b"]
    assert ids(log, version="bikes/2") == ["b"]
    assert ids(log, DAY, "bikes/1") == ["a"]


@pytest.mark.parametrize(
    ("predictions", "read"),
    [
        ([1, 2.5], [1.0, 2.5]),
        ([0, 1], [0.0, 1.0]),
        (["dry", 'w"t\n'], ["dry", 'w"t\n']),
        (["1", "2"], ["1", "2"]),
        ([True, False], ["true", "false"]),
        ([1e-320, -1.7976931348623157e308], [1e-320, -1.7976931348623157e308]),
        ([0.1 + 0.2, 1 / 3], [0.1 + 0.2, 1 / 3]),
    ],
)
def test_predictions_are_numbers_when_all_are_and_text_otherwise(
    log: PredictionLog, predictions: list[Value], read: list[object]
) -> None:
    log.append([record(str(i), i, prediction=value) for i, value in enumerate(predictions)])
    assert log.read("bikes").meta["prediction"].to_list() == read


def test_an_append_is_whole_or_not_at_all(log: PredictionLog) -> None:
    log.append([record("a")])
    with pytest.raises(CatalogError, match="cannot be written"):
        log.append([record("b"), record("a")])
    assert ids(log) == ["a"]
    log.append([record("b")])
    assert ids(log) == ["a", "b"]


def test_labels_are_joined_by_prediction_id(log: PredictionLog) -> None:
    log.append([record("a"), record("b", 1), record("c", 2)])
    receipt = log.add_labels("bikes", [label("b", 7.5), label("a", 3, 30)], START)
    assert receipt == LabelReceipt(rows=2, joined=2, unknown=0, repeated=0, examples=())
    meta = log.read("bikes").meta
    assert meta["label"].to_list() == [3.0, 7.5, None]
    assert meta["label_known_at"].to_list() == [START + 30 * HOUR, START + 24 * HOUR, None]


def test_labels_of_classes_are_text(log: PredictionLog) -> None:
    log.append([record("a", prediction="wet"), record("b", 1, prediction="dry")])
    log.add_labels("bikes", [label("a", "dry")], START)
    assert log.read("bikes").meta["label"].to_list() == ["dry", None]


def test_the_label_known_latest_wins_whenever_it_comes(log: PredictionLog) -> None:
    log.append([record("a")])
    log.add_labels("bikes", [label("a", 3.0, hours=48)], START)
    log.add_labels("bikes", [label("a", 2.0, hours=24)], START + HOUR)
    assert log.read("bikes").meta["label"].to_list() == [3.0]


def test_of_two_labels_known_together_the_one_received_later_wins(log: PredictionLog) -> None:
    log.append([record("a")])
    log.add_labels("bikes", [label("a", 9.0)], START)
    log.add_labels("bikes", [label("a", 1.0)], START + HOUR)
    assert log.read("bikes").meta["label"].to_list() == [1.0]


def test_as_of_an_instant_later_labels_are_not_known(log: PredictionLog) -> None:
    log.append([record("a")])
    log.add_labels("bikes", [label("a", 2.0, hours=24), label("a", 3.0, hours=48)], START)
    seen = [
        log.read("bikes", as_of=START + hours * HOUR).meta["label"].to_list()
        for hours in (23, 24, 47, 48)
    ]
    assert seen == [[None], [2.0], [2.0], [3.0]]


def test_the_same_delivery_twice_joins_nothing_twice(log: PredictionLog) -> None:
    log.append([record("a"), record("b")])
    delivery = [label("a"), label("b"), label("a", 9.0, 48), label("a")]
    first = log.add_labels("bikes", delivery, START)
    assert first == LabelReceipt(rows=4, joined=3, unknown=0, repeated=1, examples=())
    before = log.read("bikes").meta
    again = log.add_labels("bikes", delivery, START + HOUR)
    assert again == LabelReceipt(rows=4, joined=0, unknown=0, repeated=4, examples=())
    assert log.read("bikes").meta.equals(before)


def test_fd_61_labels_of_unknown_predictions_are_counted_and_kept_out(log: PredictionLog) -> None:
    log.append([record("a"), record("z", deployment="cars")])
    strangers = [label("x"), label("y"), label("x"), label("w"), label("v"), label("z")]
    receipt = log.add_labels("bikes", [*strangers, label("a")], START)
    assert receipt == LabelReceipt(7, joined=1, unknown=6, repeated=0, examples=("x", "y", "w"))
    assert log.counts("cars")[0].labelled == 0
    log.append([record("x")])
    assert log.read("bikes").meta["label"].to_list() == [2.5, None]


def test_no_labels_are_a_receipt_of_nothing(log: PredictionLog) -> None:
    assert log.add_labels("bikes", [], START) == LabelReceipt(0, 0, 0, 0, ())


def test_counts_are_per_model_version(log: PredictionLog) -> None:
    log.append([record("a"), record("b", 1), record("c", 2, version="bikes/2")])
    log.add_labels("bikes", [label("a"), label("a", 3.0, 48)], START)
    one, two = log.counts("bikes")
    assert (one.model_version, one.rows, one.labelled) == ("bikes/1", 2, 1)
    assert (one.first, one.last) == (START, START + HOUR)
    assert (two.model_version, two.rows, two.labelled) == ("bikes/2", 1, 0)
    assert log.counts("bikes", Window(START, START + HOUR))[0].rows == 1
    assert log.counts("cars") == ()


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3), st.integers(0, 2)), max_size=12)
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_labels_fold_to_the_latest_known_in_any_split_of_deliveries(
    opened: Open, tmp_path_factory: pytest.TempPathFactory, sent: list[tuple[str, int, int]]
) -> None:
    log = opened(tmp_path_factory.mktemp("log") / "log.db")
    log.append([record(name, i) for i, name in enumerate("abcd")])
    expected: dict[str, tuple[int, int, float]] = {}
    kept: set[tuple[str, int, float]] = set()
    for order, (name, known, value) in enumerate(sent):
        receipt = log.add_labels("bikes", [label(name, float(value), known)], START + order * HOUR)
        fresh = (name, known, float(value)) not in kept
        assert (receipt.joined, receipt.repeated) == ((1, 0) if fresh else (0, 1))
        kept.add((name, known, float(value)))
        if fresh:
            expected[name] = max(expected.get(name, (-1, -1, 0.0)), (known, order, float(value)))
    found = log.read("bikes").meta
    log.close()
    wanted = [expected[name][2] if name in expected else None for name in "abcd"]
    assert found["label"].to_list() == wanted


def test_a_log_that_was_closed_is_read_by_the_next(opened: Open, tmp_path: Path) -> None:
    first = opened(tmp_path / "log.db")
    first.append([record("a")])
    first.close()
    assert ids(opened(tmp_path / "log.db")) == ["a"]


def test_several_servers_append_at_once(opened: Open, tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def serve(number: int) -> None:
        try:
            mine = opened(tmp_path / "log.db")
            for i in range(25):
                mine.append([record(f"{number}-{i}-{j}") for j in range(4)])
            mine.close()
        except CatalogError as error:
            failures.append(error)

    threads = [threading.Thread(target=serve, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(ids(opened(tmp_path / "log.db"))) == 400


def test_a_read_sees_whole_appends_while_others_append(opened: Open, tmp_path: Path) -> None:
    log = opened(tmp_path / "log.db")
    done = threading.Event()

    def write() -> None:
        other = opened(tmp_path / "log.db")
        for i in range(60):
            other.append([record(f"{i}-{j}") for j in range(5)])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert log.read("bikes").meta.height % 5 == 0
    writer.join()


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file of this process may grow beyond ``room`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_fd_60_on_a_full_disk_an_append_fails_whole_and_the_log_goes_on_afterwards(
    log: PredictionLog,
) -> None:
    log.append([record("a")])
    wide = replace(record("b"), inputs=msgspec.json.encode({"name": "b", "pad": "x" * 500_000}))
    with full_disk(room=200_000), pytest.raises(CatalogError, match="cannot be written"):
        log.append([record("c"), wide])
    assert ids(log) == ["a"]
    log.append([record("c", 1), replace(wide, at=START + 2 * HOUR)])
    assert ids(log) == ["a", "c", "b"]


CHILD = """
import importlib, os, sys
from datetime import UTC, datetime
from pathlib import Path
from mooring.serving.log import PredictionRecord
module, name, path, life = sys.argv[1:]
log = getattr(importlib.import_module(module), name)(Path(path))
at = datetime(2026, 3, 1, tzinfo=UTC)
for batch in range(100_000):
    ids = [f"{life}-{batch}-{i}" for i in range(3)]
    rows = [f'{{"name":"{i}"}}'.encode() for i in ids]
    log.append(
        [PredictionRecord(*of, None, row, 1.5, None)
         for row, *of in ((row, i, at, "bikes", "bikes/1") for row, i in zip(rows, ids))]
    )
    os.write(1, "".join(f"{i}\\n" for i in ids).encode())
"""


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_p4_rel_01_what_was_acknowledged_survives_kill_9(adapter: str, tmp_path: Path) -> None:
    path, random = tmp_path / "log.db", Random(4)  # noqa: S311 - when to kill
    module, name = ADAPTERS[adapter].__module__, ADAPTERS[adapter].__name__
    acknowledged: list[str] = []
    for life in range(8):
        command = [sys.executable, "-c", CHILD, module, name, str(path), str(life)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            first = child.stdout.readline()  # it has begun
            sleep(random.uniform(0, 0.06))
            os.kill(child.pid, signal.SIGKILL)
            lines = (first + child.stdout.read()).splitlines(keepends=True)
            acknowledged += [line[:-1].decode() for line in lines if line.endswith(b"\n")]
    log = ADAPTERS[adapter](path)
    found = ids(log)
    assert set(acknowledged) <= set(found)
    assert len(found) % 3 == 0  # each append is whole
    assert len(found) - len(acknowledged) <= 8 * 3
    assert len(acknowledged) > 8 * 3


def test_a_long_log_is_read_whole(opened: Open, tmp_path: Path) -> None:
    log = opened(tmp_path / "log.db")
    row = msgspec.json.encode({f"feature {i}": i / 7 for i in range(20)})
    some = record("")
    log.append(
        [
            replace(some, id=f"{i:06}", at=START + i * HOUR / 100, inputs=row, prediction=i / 3)
            for i in range(100_000)
        ]
    )
    log.add_labels("bikes", [label(f"{i:06}", float(i)) for i in range(0, 100_000, 2)], START)
    assert log.read("bikes").meta["label"].null_count() == 50_000


def test_a_log_of_version_1_gains_the_table_and_its_server_goes_on_writing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.db"
    SqliteLog(path).close()
    with closing(sqlite3.connect(path)) as old:
        old.executescript("DROP TABLE context; PRAGMA user_version = 1;")
        log = SqliteLog(path)
        old.execute(APPEND, ("a", "bikes", 0, "bikes/1", None, "1.5", None, b'{"name":"a"}'))
        old.commit()
        log.append([replace(record("b"), context=b"{}")])
        assert log.read("bikes").context == (None, b"{}")
        log.close()
