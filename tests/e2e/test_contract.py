"""contract.toml from a user's first look at it to the model version that carries it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path

import polars as pl
import pytest
import urllib3

from mooring.lineage.catalog import queries
from mooring.lineage.digest import digest_table
from mooring.lineage.values import ModelVersion, Verdict
from tests.e2e.conftest import copy_of
from tests.e2e.project import NAME, STRONG, WEAK, Project, make_project, rides
from tests.e2e.server import ROW, serving
from tests.e2e.test_killed_runs import with_hooks

pytestmark = pytest.mark.e2e

RANGE = "[columns.temp]\n"
RELATION = '[relations]\n"cnt <= 1000" = "quarantine"\n'


@pytest.fixture(scope="module")
def contracted(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with an inferred contract that has not run yet; never changed."""
    project = make_project(tmp_path_factory.mktemp("contracted") / "rides")
    assert project.mooring("contract", "infer").code == 0
    return project


@pytest.fixture
def project(contracted: Project, tmp_path: Path) -> Project:
    """A project with an inferred contract that has not run yet."""
    return copy_of(contracted, tmp_path / "rides")


@pytest.fixture(scope="module")
def quarantined(contracted: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of which three rows were quarantined, and the rest trained; never changed."""
    project = copy_of(contracted, tmp_path_factory.mktemp("quarantined") / "rides")
    project.change("contract.toml", "[relations]\n", RELATION)
    project.data(bad_rides())
    said = project.mooring("run")
    assert said.code == 0
    assert "3 rows were quarantined: .mooring/quarantine/" in said.out
    return project


def bad_rides() -> pl.DataFrame:
    """Rides of which three have an error code in their target."""
    bad = pl.int_range(pl.len()).is_in([5, 50, 395])
    return rides().with_columns(cnt=pl.when(bad).then(9999.0).otherwise("cnt"))


def data_verdict(project: Project) -> Verdict:
    with project.catalog() as tx:
        return queries.verdicts_of_run(tx, project.latest_run().id)[0]


# --- by hand --------------------------------------------------------------------------------------


def test_what_was_inferred_passes_and_differs_in_nothing(project: Project) -> None:
    assert project.mooring("contract", "check").code == 0
    assert project.mooring("contract", "diff").code == 0


def test_an_older_contract_is_not_overwritten_and_its_choices_stay(project: Project) -> None:
    project.change("contract.toml", "[relations]\n", RELATION)
    project.change("contract.toml", 'range = "stop"\ncat', 'range = "warn"\ncat')
    said = project.mooring("contract", "infer")
    assert said.code == 2
    assert "contract diff" in said.err
    project.data(rides().with_columns(pl.col("temp") * 100))
    assert project.mooring("contract", "infer", "--force").code == 0
    text = (project.root / "contract.toml").read_text()
    assert RELATION in text
    assert 'range = "warn"' in text
    assert "max = 399" in text


def test_the_contract_of_the_example_holds_for_both_years_of_it(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples" / "bike_demand"
    project = Project(tmp_path / "bike_demand")
    shutil.copytree(example, project.root)  # the data is a link: it is followed
    file = project.root / "data" / "bike_sharing.parquet"
    assert project.mooring("contract", "check").out == "pass: 1,976 rows\n"
    assert project.mooring("contract", "check", str(file)).out == "pass: 17,379 rows\n"
    pl.read_parquet(file).with_columns(pl.col("registered") + 1).write_parquet(file)
    assert project.mooring("contract", "check").code == 1, "all rows would be quarantined"


def test_a_typo_names_the_line_and_the_nearest_key(project: Project) -> None:
    project.change("contract.toml", RANGE, RANGE + "mxa = 3\n")
    for words in (("contract", "check"), ("run",)):
        said = project.mooring(*words)
        assert said.code == 2
        assert "did you mean 'max'?" in said.err
        assert "contract.toml, line" in said.err


def test_a_file_is_checked_by_hand(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    rides().with_columns(pl.col("temp") * 1000).write_csv(file)
    said = project.mooring("contract", "check", str(file), "--json")
    found = json.loads(said.out)
    assert (said.code, found["outcome"]) == (1, "fail")
    assert [(one["column"], one["rule"]) for one in found["findings"]] == [("temp", "range")]
    assert found["findings"][0]["rows"] > 390
    said = project.mooring("contract", "check", str(file))
    assert "temp: expected" in said.out
    assert max(map(len, said.out.splitlines())) <= 80


def test_no_rows_are_not_enough_evidence_and_no_file_is_a_usage_error(
    project: Project, tmp_path: Path
) -> None:
    rides().head(0).write_csv(tmp_path / "empty.csv")
    assert project.mooring("contract", "check", str(tmp_path / "empty.csv")).code == 3
    assert project.mooring("contract", "check", str(tmp_path / "none.csv")).code == 2


def test_a_check_that_does_not_import_is_a_usage_error_with_its_line(project: Project) -> None:
    project.write("checks.py", "import nothing_of_that_name\n")
    project.change("contract.toml", "[checks]\n", '[checks]\n"checks.py:dry" = "warn"\n')
    said = project.mooring("contract", "check")
    assert said.code == 2
    assert "checks.py, line 1" in said.err


def test_without_a_contract_a_check_says_how_to_get_one(fresh: Project) -> None:
    said = fresh.mooring("contract", "check")
    assert said.code == 2
    assert "mooring contract infer" in said.err


def test_the_difference_to_the_data_of_now_is_said_in_words(project: Project) -> None:
    project.data(rides().drop("hum").with_columns(wind=pl.col("temp") * 1000))
    said = project.mooring("contract", "diff")
    assert said.code == 1
    assert "hum: no longer there (was float)" in said.out
    assert "wind: a new column of type float" in said.out


def test_the_difference_to_a_git_revision_is_said_in_words(project: Project) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *words], cwd=project.root, check=True, capture_output=True)  # noqa: S607

    git("init")
    git("add", "contract.toml")
    git("commit", "-m", "the contract")
    project.change("contract.toml", "min_rows = 40", "min_rows = 80")
    said = project.mooring("contract", "diff", "--git", "HEAD")
    assert said.code == 1
    assert said.out.splitlines() == [
        "was: contract.toml of HEAD; is: contract.toml",
        "  the table: the least rows was 40, is 80",
    ]
    assert project.mooring("contract", "diff", "--git", "--output=x").code == 2
    assert not (project.root / "x").exists()


# --- in a run -------------------------------------------------------------------------------------


def test_p1_a_run_names_the_contract_it_was_held_against(quarantined: Project) -> None:
    text = (quarantined.root / "contract.toml").read_bytes()
    with quarantined.catalog() as tx:
        version = queries.get(tx, ModelVersion, f"{NAME}/1")
    folder = quarantined.root / ".mooring" / "artifacts" / version.artifact.partition(":")[2]
    assert (folder / "contract.toml").read_bytes() == text
    answer = json.loads(quarantined.mooring("lineage", "v1", "--json").out)
    assert answer["contract"] == data_verdict(quarantined).evidence["terms"]


def test_p1_quarantined_rows_are_kept_and_the_dataset_names_what_was_trained_on(
    quarantined: Project,
) -> None:
    whole = digest_table(pl.read_csv(quarantined.root / "data.csv", try_parse_dates=True))
    with quarantined.catalog() as tx:
        used = {d.role: d.dataset for d in queries.run_datasets(tx, quarantined.latest_run().id)}
        rows = {role: tx_rows(quarantined, digest) for role, digest in used.items()}
    assert used["source"] == whole.digest
    assert sum(count for role, count in rows.items() if role != "source") == 397
    taken = data_verdict(quarantined).evidence["quarantined"]
    assert isinstance(taken, dict)
    [file] = (quarantined.root / ".mooring" / "quarantine").rglob("*.parquet")
    assert file == quarantined.root / ".mooring" / str(taken["file"])
    assert file.parent.name == whole.digest.replace(":", "-")
    kept = pl.read_parquet(file)
    assert kept["mooring_row"].to_list() == [5, 50, 395]
    assert kept["mooring_rule"].unique().to_list() == ["cnt <= 1000"]
    assert kept["cnt"].to_list() == [9999.0] * 3


def tx_rows(project: Project, digest: str) -> int:
    answer = json.loads(project.mooring("lineage", "--dataset", digest, "--json").out)
    return int(answer["rows"])


def test_fd_02_the_lineage_says_that_rows_were_taken_out(quarantined: Project) -> None:
    said = quarantined.mooring("lineage", "v1").out
    assert "taken out" in said
    assert "3 rows quarantined in" in said


def test_p3_more_quarantined_rows_than_allowed_stop_the_run(project: Project) -> None:
    project.change("contract.toml", "[relations]\n", RELATION)
    first = pl.int_range(pl.len()) < 20
    project.data(rides().with_columns(cnt=pl.when(first).then(9999.0).otherwise("cnt")))
    said = project.mooring("run")
    assert said.code == 1
    assert "at most 2 % of the rows taken out" in said.err
    assert "20 rows quarantined in .mooring/quarantine/" in said.err
    [file] = (project.root / ".mooring" / "quarantine").rglob("*.parquet")
    assert pl.read_parquet(file).height == 20
    project.write(
        "mooring.toml",
        (project.root / "mooring.toml").read_text() + "\n[gates.data]\nmax_quarantined = 0.06\n",
    )
    assert project.mooring("run").code == 0


def test_a_contract_stops_the_very_first_run(project: Project) -> None:
    project.data(rides().with_columns(pl.col("temp") * 1000))
    said = project.mooring("run")
    assert said.code == 1
    assert "temp: expected -3 to 3.99" in said.err
    assert data_verdict(project).outcome == "fail"


def test_a_check_of_the_projects_own_is_asked_and_its_code_is_recorded(project: Project) -> None:
    project.write("checks.py", "def dry(frame):\n    return frame.filter(frame['hum'] > 0.99)\n")
    project.change("contract.toml", "[checks]\n", '[checks]\n"checks.py:dry" = "quarantine"\n')
    assert project.mooring("run").code == 0
    verdict = data_verdict(project)
    assert isinstance(verdict.evidence["checks"], dict)
    assert "checks.py" in verdict.evidence["checks"]
    assert any("rows that pass checks.py:dry" in reason for reason in verdict.reasons)
    project.write("checks.py", "def dry(frame):\n    raise RuntimeError('no')\n")
    said = project.mooring("run")
    assert said.code == 1
    assert "cannot be evaluated" in said.err
    assert "checks.py, line 2" in said.err


def test_p3_a_dataset_that_cannot_be_read_fails_the_run(project: Project) -> None:
    extra = '[datasets]\nother = "none.csv"\n\n[relations]\n"temp in other.temp" = "warn"\n'
    project.change("contract.toml", "[relations]\n", extra)
    assert project.mooring("run").code == 1
    assert project.events(project.latest_run().id)[-1] == "failed"
    assert project.mooring("contract", "check").code == 2


def test_a_contract_that_is_gone_is_told_of_and_may_be_required(
    quarantined: Project, tmp_path: Path
) -> None:
    project = copy_of(quarantined, tmp_path / "rides")
    (project.root / "contract.toml").unlink()
    project.data(rides())
    project.mooring("run")
    assert any("contract.toml is gone" in reason for reason in data_verdict(project).reasons)
    settings = (project.root / "mooring.toml").read_text()
    project.write("mooring.toml", settings + '\n[gates.data]\ncontract = "required"\n')
    said = project.mooring("run")
    assert said.code == 2
    assert "mooring contract infer" in said.err


# --- interrupted ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def killed(contracted: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose run was killed while it trained without three rows; never changed."""
    project = copy_of(contracted, tmp_path_factory.mktemp("killed") / "rides")
    project.change("contract.toml", "[relations]\n", RELATION)
    project.data(bad_rides())
    with_hooks(project)
    assert project.child("run", DIE="1").code == -signal.SIGKILL
    return project


def test_p9_a_killed_run_goes_on_without_the_rows_that_were_out(
    killed: Project, tmp_path: Path
) -> None:
    project = copy_of(killed, tmp_path / "rides")
    run = project.latest_run().id
    assert project.mooring("run", "--resume", run).code == 0
    with project.catalog() as tx:
        used = [d.dataset for d in queries.run_datasets(tx, run) if d.role != "source"]
    assert sum(tx_rows(project, digest) for digest in used) == 397


def test_p1_a_killed_run_does_not_go_on_under_another_contract(
    killed: Project, tmp_path: Path
) -> None:
    project = copy_of(killed, tmp_path / "rides")
    project.change("contract.toml", RELATION, RELATION.replace("1000", "100"))
    said = project.mooring("run", "--resume", project.latest_run().id)
    assert said.code == 1
    assert "the settings changed since this run was interrupted" in said.err
    assert "where: contract.toml" in said.err


@pytest.fixture(scope="module")
def flooded(contracted: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one version, whose next rows have an error code that may be taken out."""
    project = copy_of(contracted, tmp_path_factory.mktemp("flooded") / "rides")
    project.change("contract.toml", "[learned]\n", '[learned]\nflood = "quarantine"\n')
    assert project.mooring("run").code == 0
    project.write("mooring.toml", (project.root / "mooring.toml").read_text() + FEW_ROWS)
    new = pl.int_range(pl.len()) >= 400
    code = new & (pl.int_range(pl.len()) % 5 == 0)
    project.data(rides(500).with_columns(temp=pl.when(code).then(-1.0).otherwise("temp")))
    return project


FEW_ROWS = "\n[gates.data]\nmax_quarantined = 0.05\n"


def test_fd_02_a_flood_is_taken_out_and_the_version_can_be_made_again(
    flooded: Project, tmp_path: Path
) -> None:
    project = copy_of(flooded, tmp_path / "rides")
    project.change("mooring.toml", WEAK, STRONG)
    said = project.mooring("run")
    assert said.code == 0, said.err
    assert "20 rows were quarantined: .mooring/quarantine/" in said.out
    verdict = data_verdict(project)
    assert any("taken out (20 rows, such as -1)" in reason for reason in verdict.reasons)
    assert verdict.evidence["rows"] == 480
    with project.catalog() as tx:
        used = [d for d in queries.run_datasets(tx, project.latest_run().id) if d.role != "source"]
    assert sum(tx_rows(project, one.dataset) for one in used) == 480
    again = json.loads(project.mooring("reproduce", "v2", "--json").out)
    assert again["outcome"] == "same", again


def test_p9_a_killed_run_goes_on_without_the_rows_of_a_flood(
    flooded: Project, tmp_path: Path
) -> None:
    project = copy_of(flooded, tmp_path / "rides")
    with_hooks(project)
    assert project.child("run", DIE="1").code == -signal.SIGKILL
    run = project.latest_run().id
    gone = copy_of(project, tmp_path / "gone")
    assert project.mooring("run", "--resume", run).code == 0
    with project.catalog() as tx:
        used = [d.dataset for d in queries.run_datasets(tx, run) if d.role != "source"]
    assert sum(tx_rows(project, digest) for digest in used) == 480
    [file] = (gone.root / ".mooring" / "quarantine").rglob("*.parquet")
    file.unlink()
    said = gone.mooring("run", "--resume", run)
    assert said.code == 1
    assert "the rows that were quarantined are not kept any more" in said.err


@pytest.mark.parametrize("severity", ["stop", "warn"])
def test_fd_22_the_rules_of_the_split_can_be_named(project: Project, severity: str) -> None:
    late = rides()["at"].tail(40)
    again = pl.concat([rides()[:-40], rides()[100:140].with_columns(at=late)])
    project.data(again)
    project.change("contract.toml", "[learned]\n", f'[learned]\nrepeated = "{severity}"\n')
    said = project.mooring("run")
    assert ("equal to training rows" in said.err) == (severity == "stop"), said.err
    with project.catalog() as tx:
        steps = {s.step for s in queries.step_results(tx, project.latest_run().id)}
    assert ("features" in steps) == (severity == "warn")


# --- serving and labels ---------------------------------------------------------------------------


def test_fd_58_requests_and_labels_meet_the_contract_of_the_version(
    quarantined: Project, tmp_path: Path
) -> None:
    project = copy_of(quarantined, tmp_path / "rides")
    with serving(project) as server, urllib3.PoolManager() as pool:
        answers = [server.ask(pool) for _ in range(3)]
        refused = server.ask(pool, row={**ROW, "temp": 1e308})
    assert [answer.status for answer in answers] == [200] * 3
    assert refused.status == 400
    assert "temp: expected -3 to 3.99" in json.dumps(refused.body)
    labels = pl.DataFrame({"prediction_id": [a.id for a in answers], "label": [1.0, 2.0, 9999.0]})
    file = tmp_path / "labels.csv"
    labels.write_csv(file)
    said = project.mooring("label", str(file))
    assert said.code == 1
    assert "cnt: expected" in said.err
    labels.head(2).write_csv(file)
    assert json.loads(project.mooring("label", str(file), "--json").out)["joined"] == 2


def test_fd_58_a_request_meets_the_keys_of_another_dataset_as_they_were_trained(
    tmp_path: Path,
) -> None:
    project = make_project(tmp_path / "rides")
    docks = pl.int_range(pl.len()) % 3
    project.data(rides().with_columns(dock=docks))
    pl.DataFrame({"id": [0, 1, 2]}).write_csv(project.root / "docks.csv")
    project.change("pipeline.py", '"temp", "hum")', '"temp", "hum", "dock")')
    assert project.mooring("contract", "infer").code == 0
    other = '[datasets]\ndocks = "docks.csv"\n\n[relations]\n"dock in docks.id" = "stop"\n'
    project.change("contract.toml", "[relations]\n", other)
    project.change("contract.toml", 'reference = "warn"', 'reference = "stop"')
    assert project.mooring("run").code == 0
    (project.root / "docks.csv").unlink()  # what the version needs of it came with it
    with serving(project) as server, urllib3.PoolManager() as pool:
        known, new = (server.ask(pool, row={**ROW, "dock": dock}) for dock in (2, 7))
    assert known.status == 200
    assert new.status == 400
    assert "dock in docks.id" in json.dumps(new.body)


@pytest.mark.parametrize(("severity", "joined"), [("warn", 3), ("quarantine", 2)])
def test_labels_out_of_range_are_told_of_or_kept_apart(
    severity: str, joined: int, project: Project, tmp_path: Path
) -> None:
    own = f'[columns.cnt]\nseverity = {{ range = "{severity}" }}\n'
    project.change("contract.toml", "[columns.cnt]\n", own)
    loose = "\n[gates.data]\nmax_quarantined = 0.5\n"
    project.write("mooring.toml", (project.root / "mooring.toml").read_text() + loose)
    assert project.mooring("run").code == 0
    with serving(project) as server, urllib3.PoolManager() as pool:
        ids = [server.ask(pool).id for _ in range(3)]
    pl.DataFrame({"prediction_id": ids, "label": [1.0, 2.0, 9999.0]}).write_csv(
        tmp_path / "labels.csv"
    )
    said = json.loads(project.mooring("label", str(tmp_path / "labels.csv"), "--json").out)
    assert (said["joined"], said["quarantined"]) == (joined, 3 - joined)
    assert any("cnt: expected" in line for line in said["warnings"])
    kept = [*(project.root / ".mooring" / "quarantine").rglob("*.parquet")]
    assert len(kept) == (severity == "quarantine")


def test_p1_a_version_of_rows_that_were_left_by_a_quarantine_is_made_again(
    quarantined: Project, tmp_path: Path
) -> None:
    project = copy_of(quarantined, tmp_path / "rides")
    said = project.mooring("reproduce", "v1", "--json")
    assert (said.code, json.loads(said.out)["outcome"]) == (0, "same")
    for file in (project.root / ".mooring" / "quarantine").rglob("*.parquet"):
        file.unlink()
    said = project.mooring("reproduce", "v1", "--json")
    assert said.code == 3
    assert "quarantined are not kept" in said.out
