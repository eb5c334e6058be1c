"""contract.toml is read strictly, and written so that it reads back the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import SettingsError
from mooring.gates.terms.model import (
    ColumnSeverities,
    ColumnTerms,
    Severities,
    TableTerms,
    Terms,
    Tolerance,
)
from mooring.gates.terms.reading import parse_terms
from mooring.gates.terms.writing import to_toml

COLUMN = '[columns.a]\ntype = "float"\n'


@pytest.mark.parametrize(
    ("text", "what", "line", "fix"),
    [
        ("[colums.a]\n", "unknown key 'colums'", 1, "did you mean 'columns'?"),
        (f"{COLUMN}mni = 1\n", "unknown key 'columns.a.mni'", 3, "did you mean 'min'?"),
        ('[columns.a]\ntype = "flaot"\n', "no type 'flaot'", 2, "did you mean 'float'?"),
        ("[columns.a]\nmin = 1\n", "columns.a.type: the key 'type' is missing", 1, "type"),
        (f'{COLUMN}max = "x"\n', "columns.a.max: expected", 3, ""),
        (f"{COLUMN}min = nan\n", "no bound", 3, "leave it out"),
        (f"{COLUMN}min = 2\nmax = 1\n", "min is above max", 3, "swap"),
        (f'{COLUMN}categories = ["x"]\n', "type float has none", 3, "a range"),
        (f"{COLUMN}max_missing = 2\n", "columns.a.max_missing: expected", 3, ""),
        (f'{COLUMN}max_age = "7d"\n', "only dates and instants", 3, ""),
        (f"{COLUMN}tolerance = 0.1\n", "neither a range nor", 3, ""),
        ('[columns.a]\ntype = "datetime"\nmax_age = "7 days"\n', "not a duration", 3, "7d"),
        ('[columns.a]\ntype = "string"\nmin = 1\n', "a range is of numbers", 3, "relation"),
        ('[columns.a]\ntype = "integer"\ncategories = ["x"]\n', "not of type integer", 3, ""),
        ('[severity]\nrange = "quarentine"\n', "severity.range", 2, "'quarantine'"),
        ('[severity]\nvolume = "quarantine"\n', "severity.volume", 2, "stop, warn"),
        (f'{COLUMN}severity = {{ range = "x" }}\n', "columns.a.severity.range", 3, "stop"),
        ('[serving]\nrange = "quarantine"\n', "serving.range", 2, "stop, warn"),
        ("[table]\nmin_rows = 5\nmax_rows = 4\n", "at most 4", 2, ""),
        (f'[table]\nunique = [["a", "b"]]\n{COLUMN}', "no column 'b'", 2, "columns are a"),
        (f'{COLUMN}[relations]\n"a > bb" = "stop"\n', "no column 'bb'", 4, "columns are a"),
        (f'{COLUMN}[relations]\n"a = 1" = "stop"\n', "write == to compare", 4, "compare"),
        (f'{COLUMN}[relations]\n"a > 1" = "halt"\n', "relations", 3, ""),
        (f'{COLUMN}[relations]\n"a in s.id" = "stop"\n', "no dataset 's'", 4, "[datasets] s"),
        (f'{COLUMN}[checks]\n"../x.py:f" = "stop"\n', "names no check", 4, "checks.py:schema"),
        (f'{COLUMN}[checks]\n"/etc/x.py:f" = "stop"\n', "names no check", 4, "checks.py:schema"),
        ("format = 2\n", "format", 1, ""),
        ("[table\n", "not valid TOML", 0, "double quotes"),
    ],
)
def test_fd_65_what_makes_no_sense_names_its_line_and_the_cure(
    text: str, what: str, line: int, fix: str
) -> None:
    with pytest.raises(SettingsError) as error:
        parse_terms(text)
    assert what in error.value.what
    assert error.value.where == (f"contract.toml, line {line}" if line else "contract.toml")
    assert fix in error.value.fix


def test_the_digest_is_of_the_text_a_reviewer_saw() -> None:
    one, other = parse_terms(COLUMN), parse_terms(COLUMN + "# a reason\n")
    assert one.terms == other.terms
    assert one.digest != other.digest


def test_a_column_says_otherwise_than_the_table() -> None:
    terms = Terms(
        severity=Severities(range="warn"),
        tolerance=Tolerance(range=0.1),
        columns={
            "a": ColumnTerms(type="float", min=0),
            "b": ColumnTerms(
                type="float",
                min=0,
                tolerance=0.0,
                severity=ColumnSeverities(range="quarantine"),
            ),
        },
    )
    assert [terms.severity_of("range", name) for name in "ab"] == ["warn", "quarantine"]
    assert [terms.tolerance_of("range", name) for name in "ab"] == [0.1, 0.0]


names = st.text(min_size=1, max_size=12)
shares = st.floats(0, 1)
bounds = st.one_of(st.none(), st.floats(-1e300, 1e300))


@st.composite
def columns(draw: st.DrawFn) -> ColumnTerms:
    if draw(st.booleans()):
        known = tuple(draw(st.lists(st.text(max_size=9), min_size=1, max_size=30, unique=True)))
        return ColumnTerms(type="string", categories=known, tolerance=draw(shares))
    low, high = sorted((draw(st.floats(-1e300, 1e300)), draw(st.floats(-1e300, 1e300))))
    return ColumnTerms(
        type=draw(st.sampled_from(["float", "integer"])),
        max_missing=draw(st.one_of(st.none(), shares)),
        min=low,
        max=high,
        unique=draw(st.booleans()),
        severity=ColumnSeverities(missing=draw(st.sampled_from([None, "warn", "quarantine"]))),
    )


@given(st.dictionaries(names, columns(), max_size=4), st.integers(1, 10**9))
def test_any_contract_reads_back_as_it_was_written(
    found: dict[str, ColumnTerms], rows: int
) -> None:
    terms = Terms(table=TableTerms(min_rows=rows, unique=(tuple(found),) if found else ()))
    terms = Terms(table=terms.table, columns=found)
    text = to_toml(terms, ("hello",), dict.fromkeys(found, "a note"))
    assert parse_terms(text).terms == terms
    assert to_toml(parse_terms(text).terms, ("hello",), dict.fromkeys(found, "a note")) == text
