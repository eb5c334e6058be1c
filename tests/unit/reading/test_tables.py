"""Reading a data source: the same table from every format, and every fault said plainly."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.ipc as pa_ipc
import pyarrow.parquet as pq
import pytest

from mooring.errors import UnreadableData
from mooring.lineage.digest import digest_file_bytes, digest_frames, digest_table
from mooring.reading.tables import read_table, resolve, stream_table

NOON = datetime(2024, 1, 2, 12, 30, 0, 250_000, tzinfo=UTC)
FRAME = pl.DataFrame(
    {
        "id": [1, 2, -3, None],
        "x": [0.1, None, 1e300, -2.0],
        "name": ["a", None, "", 'quo"ted, and long enough'],
        "ok": [True, False, None, True],
        "day": [date(2024, 1, 2), None, date(1970, 1, 1), date(1999, 12, 31)],
        "at": [NOON.replace(tzinfo=None), None, NOON.replace(tzinfo=None), None],
        "zone": [NOON, NOON, None, NOON],
        "region": ["north", "south", "north", "south"],
        "year": [2023, 2023, 2024, 2024],
    }
)


def write_hive(folder: Path, suffix: str, write: Callable[[pl.DataFrame, Path], object]) -> None:
    for (region, year), part in FRAME.group_by("region", "year"):
        path = folder / f"region={region}" / f"year={year}"
        path.mkdir(parents=True)
        write(part.drop("region", "year"), path / f"part{suffix}")


WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    "snappy.parquet": lambda f, p: f.write_parquet(p, compression="snappy"),
    "zstd.pq": lambda f, p: f.write_parquet(p, compression="zstd", row_group_size=1),
    "plain.csv": lambda f, p: f.write_csv(p),
    "zipped.csv.gz": lambda f, p: p.write_bytes(gzip.compress(f.write_csv().encode())),
    "tabs.tsv": lambda f, p: f.write_csv(p, separator="\t"),
    "file.arrow": lambda f, p: f.write_ipc(p, compression="lz4"),
    "file.feather": lambda f, p: f.write_ipc(p),
    "stream.ipc": lambda f, p: f.write_ipc_stream(p),
    "pyarrow.parquet": lambda f, p: pq.write_table(f.to_arrow(), p, use_dictionary=["name"]),
}


@pytest.mark.parametrize("name", WRITERS)
def test_p1_every_format_gives_the_same_rows_and_digest(name: str, tmp_path: Path) -> None:
    WRITERS[name](FRAME, tmp_path / name)
    assert read_table(name, tmp_path).equals(FRAME)
    assert digest_frames(stream_table(name, tmp_path, rows=2)) == digest_table(FRAME)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".arrow", ".ipc"])
def test_p1_a_hive_folder_has_the_digest_of_one_file(suffix: str, tmp_path: Path) -> None:
    writer = next(write for name, write in WRITERS.items() if name.endswith(suffix))
    write_hive(tmp_path / "data", suffix, writer)
    (tmp_path / "data" / "_SUCCESS").touch()
    for source in ("data", f"data/**/*{suffix}", "data/region=*"):
        assert digest_table(read_table(source, tmp_path)) == digest_table(FRAME)
        assert digest_frames(stream_table(source, tmp_path)) == digest_table(FRAME)


def test_p1_a_change_in_the_file_changes_the_digest(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    FRAME.write_csv(file)
    before = digest_table(read_table("a.csv", tmp_path)).digest
    file.write_text(file.read_text().replace("-2.0", "-2.5"))
    assert digest_table(read_table("a.csv", tmp_path)).digest != before


def test_files_are_sorted_and_hidden_ones_passed_over(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", ".c.csv", "_d.csv", "README.md", ".git/e.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    expected = (tmp_path / "a.csv", tmp_path / "b.csv")
    assert resolve(".", tmp_path) == expected
    assert resolve(str(tmp_path), Path("/")) == expected
    assert resolve("[ab].csv", tmp_path) == expected


def test_a_name_with_brackets_is_a_name_first(tmp_path: Path) -> None:
    (tmp_path / "a[1].csv").write_text("x\n1\n")
    assert read_table("a[1].csv", tmp_path)["x"].to_list() == [1]


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "trips.parquet").touch()
    with pytest.raises(UnreadableData) as caught:
        resolve("trip.parquet", tmp_path)
    assert "'trips.parquet'" in caught.value.fix
    with pytest.raises(UnreadableData, match="no file or folder matches"):
        resolve("none/such/*.csv", tmp_path)


def test_mixed_formats_are_refused(tmp_path: Path) -> None:
    FRAME.write_csv(tmp_path / "a.csv")
    FRAME.write_parquet(tmp_path / "b.parquet")
    with pytest.raises(UnreadableData, match="mixes formats: CSV and Parquet") as caught:
        resolve(".", tmp_path)
    assert "a.csv" in caught.value.where


def test_a_folder_without_tables_and_a_strange_suffix_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").touch()
    with pytest.raises(UnreadableData, match="has no file"):
        resolve(".", tmp_path)
    with pytest.raises(UnreadableData, match="xlsx is not a format"):
        resolve("a.xlsx", tmp_path)


FAULTS: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.csv", b"", "the file is empty"),
    "empty parquet": ("a.parquet", b"", "the file is empty"),
    "empty gzip": ("a.csv.gz", gzip.compress(b""), "the file is empty"),
    "not gzip": ("a.csv.gz", b"a,b\n1,2\n", "not gzip"),
    "cut gzip": ("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99)[:30], "cannot be read|damaged"),
    "duplicate": ("a.csv", b"a,b,a\n1,2,3\n", "two columns have the same name: 'a'"),
    "long row": ("a.csv", b"a,b\n1,2\n1,2,3\n", "a row has 3 fields and the header has 2"),
    "short row": ("a.csv", b"a,b\n1,2\n1\n", "a row has 1 fields and the header has 2"),
    "latin-1": ("a.csv", "a,b\n1,é\n".encode("latin-1"), "not UTF-8: byte 0xe9"),
    "not parquet": ("a.parquet", b"a,b\n1,2\n", "the file is not Parquet"),
    "not arrow": ("a.arrow", b"a,b\n1,2\n", "the file is not Arrow"),
    "parquet as csv": ("a.csv", b"PAR1....PAR1", "the file is not CSV but Parquet"),
    "excel as csv": ("a.csv", b"PK\x03\x04....", "not CSV but zip"),
    "cut parquet": ("a.parquet", b"PAR1" + bytes(99), "cut short"),
    "bad parquet": ("a.parquet", b"PAR1" + b"\x99" * 99 + b"\x20\0\0\0PAR1", "cannot be read"),
    "bad arrow": ("a.arrow", b"ARROW1\0\0" + b"\x99" * 99, "cannot be read as Arrow"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("several", [False, True])
def test_a_file_that_cannot_be_read_says_which_and_why(
    fault: str, several: bool, tmp_path: Path
) -> None:
    name, data, said = FAULTS[fault]
    (tmp_path / name).write_bytes(data)
    if several:
        (tmp_path / f"b{name[1:]}").write_bytes(data)
    for read in (read_table, lambda *a: list(stream_table(*a))):
        with pytest.raises(UnreadableData, match=said) as caught:
            read(f"*{name[1:]}", tmp_path)
        assert name in caught.value.where
        assert caught.value.fix


def test_duplicate_columns_of_parquet_are_refused(tmp_path: Path) -> None:
    table: Any = FRAME.select("id", "x").to_arrow()
    table = table.rename_columns(["a", "a"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UnreadableData, match="'a'"):
        read_table("a.parquet", tmp_path)


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_duplicate_columns_of_arrow_are_refused(kind: str, tmp_path: Path) -> None:
    table: Any = FRAME.select("id", "x").to_arrow()
    table = table.rename_columns(["a", "a"])
    new: Any = pa_ipc.new_file if kind == "file" else pa_ipc.new_stream
    with new(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(UnreadableData, match="share a name"):
        read_table("a.arrow", tmp_path)


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n")
    assert read_table("a.csv", tmp_path).shape == (0, 2)
    assert [part.shape for part in stream_table("a.csv", tmp_path)] == [(0, 2)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02\n", pl.Date()),
        ("2024-01-02 03:04:05\n", pl.Datetime("us")),
        ("2024-01-02T03:04\n", pl.Datetime("us")),
        ("2024-01-02T03:04:05.123456789\n", pl.Datetime("ns")),
        ("2024-01-02T03:04:05Z\n", pl.Datetime("us", "UTC")),
        ("2024-01-02T03:04:05+02:00\n", pl.Datetime("us", "UTC")),
        ("12:30:00\n", pl.Time()),
        ("01/02/2024\n", pl.String()),
        ("2024-01-02\nsoon\n", pl.String()),
        ("2024-02-30\n", pl.String()),
        ("9223372036854775808\n1\n", pl.Int128()),
        ("1" * 60 + "\n", pl.String()),
        ("1\n2.5\n", pl.Float64()),
        ("true\nfalse\n", pl.Boolean()),
    ],
)
def test_csv_types_are_found_over_the_whole_file(
    text: str, expected: pl.DataType, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("x\n" + text)
    assert read_table("a.csv", tmp_path).schema["x"] == expected


def test_a_late_decimal_point_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n" + "1\n" * 20_000 + "0.5\n")
    assert read_table("a.csv", tmp_path)["x"][-1] == 0.5


def test_declared_types_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "zip,n,f,b,d,t\n007,1.0,1,1,2024-01-02T00:00:00,2024-01-02\n,,,,,\n"
    )
    types = {"zip": "string", "f": "float", "b": "boolean", "d": "date", "t": "datetime"}
    frame = read_table("a.csv", tmp_path, types)
    assert frame.row(0) == (
        "007",
        1.0,
        1.0,
        True,
        date(2024, 1, 2),
        NOON.replace(hour=0, minute=0, microsecond=0, tzinfo=None),
    )
    frame.write_parquet(tmp_path / "a.parquet")
    assert read_table("a.parquet", tmp_path, {"n": "integer"})["n"].to_list() == [1, None]


@pytest.mark.parametrize("kind", ["integer", "float", "boolean", "date", "datetime"])
def test_a_value_that_is_not_of_its_declared_type_is_named(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n,1\nsoon,2\n")
    with pytest.raises(UnreadableData, match="'soon'") as caught:
        read_table("a.csv", tmp_path, {"x": kind})
    assert "data row 2" in caught.value.where


def test_a_declared_type_needs_a_column_and_a_type(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("price\n1\n")
    with pytest.raises(UnreadableData, match="does not have") as caught:
        read_table("a.csv", tmp_path, {"prise": "float"})
    assert "'price'" in caught.value.fix
    with pytest.raises(UnreadableData, match="not a type"):
        read_table("a.csv", tmp_path, {"price": "money"})


def test_parts_widen_where_that_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,s,e\n1,x,\n")
    (tmp_path / "b.csv").write_text("s,n,e\n,2.5,7\n")
    frame = read_table(".", tmp_path)
    assert frame.rows() == [(1.0, "x", None), (2.5, None, 7)]
    assert pl.concat(stream_table(".", tmp_path)).equals(frame)


def test_parts_of_different_integers_keep_every_digit(tmp_path: Path) -> None:
    pl.DataFrame({"x": pl.Series([2**64 - 1], dtype=pl.UInt64)}).write_parquet(tmp_path / "a.pq")
    pl.DataFrame({"x": [-1]}).write_parquet(tmp_path / "b.pq")
    assert read_table(".", tmp_path)["x"].to_list() == [2**64 - 1, -1]


def test_parts_that_do_not_fit_name_both_files_and_the_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n\n1\n")
    (tmp_path / "b.csv").write_text("n\nx\n")
    with pytest.raises(UnreadableData, match="column 'n' is integer in one") as caught:
        read_table(".", tmp_path)
    assert "a.csv" in caught.value.where
    assert "b.csv" in caught.value.where
    assert read_table(".", tmp_path, {"n": "string"})["n"].to_list() == ["1", "x"]
    (tmp_path / "b.csv").write_text("m\n1\n")
    with pytest.raises(UnreadableData, match="'m' is in one only"):
        read_table(".", tmp_path)


def test_encodings_become_text(tmp_path: Path) -> None:
    frame = pl.DataFrame({"c": ["a", None]}, schema={"c": pl.Categorical})
    frame.with_columns(e=pl.col("c").cast(pl.Enum(["a"]))).write_ipc(tmp_path / "a.arrow")
    assert set(read_table("a.arrow", tmp_path).dtypes) == {pl.String()}


def test_a_missing_partition_value_is_null(tmp_path: Path) -> None:
    for value in ("2024-01-02", "__HIVE_DEFAULT_PARTITION__"):
        (tmp_path / f"d={value}").mkdir()
        (tmp_path / f"d={value}" / "a.csv").write_text("x\n1\n")
    assert read_table(".", tmp_path)["d"].to_list() == [date(2024, 1, 2), None]


def test_files_that_are_not_tables_are_digested_as_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"abc")
    expected = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_file_bytes(tmp_path / "a.bin") == expected
    with pytest.raises(UnreadableData, match="cannot read the file"):
        digest_file_bytes(tmp_path / "none")


def test_p1_real_data_exported_as_csv_keeps_its_digest(shared_data: Path, tmp_path: Path) -> None:
    source = "bike_sharing/bike_sharing.parquet"
    frame = read_table(source, shared_data)
    frame.write_csv(tmp_path / "bike.csv")
    again = read_table("bike.csv", tmp_path, {"dteday": "string"})
    assert digest_table(again) == digest_frames(stream_table(source, shared_data))
    as_dates = digest_table(read_table("bike.csv", tmp_path))
    assert as_dates == digest_table(read_table(source, shared_data, {"dteday": "date"}))


@pytest.mark.parametrize("name", ["elec2/elec2", "us_census_ma_employment/us_census_ma_employment"])
def test_p1_real_columns_keep_their_digest_in_csv(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    frame = read_table(f"{name}.parquet", shared_data)
    frame.write_csv(tmp_path / "a.csv")
    text = {column: "string" for column, kind in frame.schema.items() if kind == pl.String}
    assert digest_table(read_table("a.csv", tmp_path, text)) == digest_table(frame)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_header_without_a_comma_says_what_separates(separator: str, tmp_path: Path) -> None:
    FRAME.write_csv(tmp_path / "a.csv")
    FRAME.write_csv(tmp_path / "b.csv", separator=separator)
    assert read_table("b.csv", tmp_path).equals(read_table("a.csv", tmp_path))


def test_decimal_commas_are_read_where_semicolons_separate(tmp_path: Path) -> None:
    text = "zip;x;said\n01,5;0,75;a,b\n2;;1,5\n3,25;-1,5e3;x\n"
    (tmp_path / "a.csv").write_text(text)
    found = read_table("a.csv", tmp_path, {"zip": "string"})
    assert found["zip"].to_list() == ["01,5", "2", "3,25"]
    assert found["x"].to_list() == [0.75, None, -1500.0]
    assert found["said"].to_list() == ["a,b", "1,5", "x"]
    declared = read_table("a.csv", tmp_path, {"x": "float"})
    assert declared["x"].to_list() == [0.75, None, -1500.0]


def test_a_csv_of_one_column_needs_no_separator(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n2\n")
    assert read_table("a.csv", tmp_path)["x"].to_list() == [1, 2]


def test_quotes_in_the_name_of_a_column_are_read_as_in_a_value(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('"the ""x""",y\n007,"a ""b"""\n')
    assert read_table("a.csv", tmp_path).columns == ['the "x"', "y"]
    assert read_table("a.csv", tmp_path, {'the "x"': "string"}).row(0) == ("007", 'a "b"')
