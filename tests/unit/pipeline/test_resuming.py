"""What must be as it was for an interrupted run to go on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace as with_other

from mooring.errors import RunError
from mooring.lineage.values import CodeVersion, Environment, Run, RunEvent
from mooring.pipeline.resuming import check_unchanged, declared
from mooring.settings.model import Data, Monitoring, Project, Settings, Split

AT = datetime(2026, 3, 1, tzinfo=UTC)
SETTINGS = Settings(
    project=Project(name="bikes"),
    data=Data(source="rides.csv", target="rentals", task="regression"),
    params={"depth": 3},
    root=Path("bikes"),
)
CODE = CodeVersion("sha256:code", None, None, False, None, {}, AT)
ENVIRONMENT = Environment("sha256:environment", "3.11", "linux", {}, AT)
RUN = Run("r", "bikes", "by hand", "a test", CODE.digest, ENVIRONMENT.digest, {"depth": 3}, 0, AT)
STARTED = RunEvent("r", 1, "started", AT, {"settings": declared(SETTINGS)})


def refusal(
    settings: Settings = SETTINGS,
    code: CodeVersion = CODE,
    environment: Environment = ENVIRONMENT,
    started: RunEvent = STARTED,
) -> str:
    with pytest.raises(RunError) as caught:
        check_unchanged(RUN, started, settings, code, environment)
    assert caught.value.fix == "start a new run: mooring run"
    return f"{caught.value.what} ({caught.value.where})"


def test_a_run_goes_on_with_what_it_started_with() -> None:
    check_unchanged(RUN, STARTED, SETTINGS, CODE, ENVIRONMENT)


def test_what_a_run_does_not_use_may_change() -> None:
    watched = with_other(SETTINGS, monitoring=Monitoring(window="1d"), root=Path("elsewhere"))
    check_unchanged(RUN, STARTED, watched, CODE, ENVIRONMENT)


def test_p1_each_table_that_changed_is_named() -> None:
    other = with_other(SETTINGS, params={"depth": 4}, split=Split(holdout=0.3))
    said = refusal(settings=other)
    assert said.startswith("the settings changed since this run was interrupted")
    assert said.endswith("(mooring.toml, [split], [params])")


def test_p1_other_code_and_other_libraries_are_named() -> None:
    assert "the code changed" in refusal(code=replace(CODE, digest="sha256:other"))
    other = replace(ENVIRONMENT, digest="sha256:other")
    assert "the environment changed" in refusal(environment=other)


def test_a_start_that_does_not_say_its_settings_is_no_start_to_go_on_from() -> None:
    assert "the settings changed" in refusal(started=replace(STARTED, detail={}))
