"""Every kind of check a user may already have names the same bad rows, and fails closed."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import polars as pl
import pytest

from mooring.errors import UserCodeError
from mooring.gates.data.case import Case
from mooring.gates.terms.checks import load_checks
from mooring.gates.terms.judging import Held, InForce, hold
from mooring.gates.terms.model import ColumnTerms, Severity, Terms
from mooring.gates.terms.reading import Written
from mooring.settings.model import Data, DataGate

pytestmark = pytest.mark.contract

DATA = Data(source="", target="y", task="regression")
ROWS = pl.DataFrame({"x": [1.0, -1.0, 3.0, -2.0, None], "s": ["a", "b", "a", "c", "a"]})
COLUMNS = {"x": ColumnTerms(type="float"), "s": ColumnTerms(type="string")}
HELPER = "def negative(value):\n    return value < 0\n"

POLARS = "import polars as pl\n"
SCHEMA = "check = pa.DataFrameSchema({'x': pa.Column(float, pa.Check.ge(0), nullable=True)})\n"
MODEL = "class check(pa.DataFrameModel):\n    x: float = pa.Field(ge=0, nullable=True)\n"
KINDS: dict[str, tuple[Literal["polars", "pandas"], str]] = {
    "function of polars": (
        "polars",
        POLARS + "def check(frame):\n    return frame.filter(pl.col('x') < 0)\n",
    ),
    "function that returns some columns": (
        "polars",
        POLARS + "def check(frame):\n    return frame.filter(pl.col('x') < 0).select('x')\n",
    ),
    "function of pandas": ("pandas", "def check(frame):\n    return frame[frame['x'] < 0]\n"),
    "function with a helper of the project": (
        "pandas",
        "from helper import negative\ndef check(frame):\n    return frame[negative(frame['x'])]\n",
    ),
    "schema of pandera.polars": (
        "polars",
        "import pandera.polars as pa\n" + SCHEMA,
    ),
    "model of pandera.polars": (
        "polars",
        "import pandera.polars as pa\n" + MODEL,
    ),
    "schema of pandera.pandas": (
        "polars",
        "import pandera.pandas as pa\n" + SCHEMA,
    ),
}
BROKEN: dict[str, str] = {
    "raises": "def check(frame):\n    raise ValueError('no such thing')\n",
    "returns nothing": "def check(frame):\n    frame.height > 3\n",
    "returns a number": "def check(frame):\n    return 1\n",
    "asks for a column that is not there": "def check(frame):\n    return frame['z'] > 0\n",
    "schema of a column that is not there": (
        "import pandera.polars as pa\n"
        "check = pa.DataFrameSchema({'z': pa.Column(float)}, checks=pa.Check(lambda d: 1 / 0))\n"
    ),
}


def held(
    folder: Path, code: str, severity: Severity, kind: Literal["polars", "pandas"] = "polars"
) -> Held:
    (folder / "checks.py").write_text(code)
    (folder / "helper.py").write_text(HELPER)
    wanted = {"checks.py:check": severity}
    terms = Terms(columns=COLUMNS, checks=wanted)
    contract = InForce(Written(terms, ""), {}, load_checks(folder, wanted, kind))
    return hold(Case(ROWS, DATA, DataGate(max_quarantined=0.9)), contract)


@pytest.mark.parametrize("name", KINDS)
def test_the_bad_rows_are_taken_out(name: str, tmp_path: Path) -> None:
    kind, code = KINDS[name]
    found = held(tmp_path, code, "quarantine", kind)
    assert found.taken is not None, found.findings
    assert found.taken["mooring_row"].to_list() == [1, 3]
    assert found.taken["mooring_rule"].to_list() == ["checks.py:check"] * 2
    assert found.kept.equals(ROWS[[0, 2, 4]])


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(("severity", "outcome"), [("stop", "fail"), ("warn", "pass")])
def test_the_bad_rows_are_counted(
    name: str, severity: Severity, outcome: str, tmp_path: Path
) -> None:
    kind, code = KINDS[name]
    found = held(tmp_path, code, severity, kind)
    [finding] = found.findings
    assert (finding.rows, finding.severity, found.outcome) == (2, severity, outcome)


@pytest.mark.parametrize("severity", ["stop", "warn", "quarantine"])
@pytest.mark.parametrize("name", BROKEN)
def test_p3_a_check_that_cannot_be_evaluated_stops_whatever_its_severity(
    name: str, severity: Severity, tmp_path: Path
) -> None:
    found = held(tmp_path, BROKEN[name], severity)
    if name.startswith("schema") and severity == "warn":  # the schema could say no, and did
        assert [finding.severity for finding in found.findings] == ["warn"]
        return
    assert found.outcome == "fail", found.findings
    assert found.kept.equals(ROWS)


@pytest.mark.parametrize(
    "code",
    [
        "def check(frame):\n    return False\n",
        "def check(frame):\n    assert frame.height < 3, 'too many'\n",
        "def check(frame):\n    import polars as pl\n    return pl.DataFrame({'x': [77.0]})\n",
    ],
)
def test_a_no_without_rows_stops_where_there_is_nothing_to_take_out(
    code: str, tmp_path: Path
) -> None:
    assert held(tmp_path, code, "quarantine").outcome == "fail"
    assert held(tmp_path, code, "stop").outcome == "fail"
    assert held(tmp_path, code, "warn").outcome == "pass"


@pytest.mark.parametrize(
    "code",
    [
        "def check(frame):\n    return True\n",
        "def check(frame):\n    return frame.head(0)\n",
        "import numpy as np\ndef check(frame):\n    return np.bool_(True)\n",
    ],
)
def test_a_check_that_finds_nothing_says_nothing(code: str, tmp_path: Path) -> None:
    assert held(tmp_path, code, "stop").findings == ()


@pytest.mark.parametrize(
    "code",
    ["", "check = 3\n", "class check:\n    pass\n", "def check(frame:\n", "import nowhere\n"],
)
def test_what_cannot_check_is_refused_before_anything_runs(code: str, tmp_path: Path) -> None:
    with pytest.raises(UserCodeError):
        held(tmp_path, code, "warn")


def test_sec_01_a_check_outside_of_the_project_is_refused(tmp_path: Path) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    project.mkdir()
    outside.mkdir()
    (outside / "checks.py").write_text("def check(frame):\n    return True\n")
    (project / "sub").symlink_to(outside)
    with pytest.raises(UserCodeError, match="outside of the project"):
        load_checks(project, {"sub/checks.py:check": "stop"}, "polars")


def test_the_digest_of_a_check_covers_what_it_imports(tmp_path: Path) -> None:
    code = KINDS["function with a helper of the project"][1]
    (tmp_path / "checks.py").write_text(code)
    digests = []
    for helper in (HELPER, HELPER + "# changed\n"):
        (tmp_path / "helper.py").write_text(helper)
        digests.append(load_checks(tmp_path, {"checks.py:check": "stop"}, "polars")[0].digest)
    assert digests[0] != digests[1]
