from __future__ import annotations

import platform
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from mooring.lineage.environment import capture_environment

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_p1_every_installed_distribution_is_named_with_its_version() -> None:
    found = capture_environment(AT)
    assert found.packages["scikit-learn"] == version("scikit-learn")
    assert list(found.packages) == sorted(found.packages)
    assert platform.python_version() in found.python
    assert found.platform


def test_the_digest_is_of_the_environment_and_not_of_the_moment() -> None:
    first, later = capture_environment(AT), capture_environment(datetime(2027, 1, 1, tzinfo=UTC))
    assert first == replace(later, at=AT)


def test_names_are_normalised_and_the_first_on_the_path_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, number in (("first", "2.0"), ("second", "1.0")):
        info = tmp_path / place / f"Odd_Name.x-{number}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: Odd_Name.x\nVersion: {number}\n"
        )
    (tmp_path / "first" / "half_removed-1.0.dist-info").mkdir()
    before = capture_environment(AT)
    monkeypatch.syspath_prepend(str(tmp_path / "second"))
    monkeypatch.syspath_prepend(str(tmp_path / "first"))
    after = capture_environment(AT)
    assert after.packages == {**before.packages, "odd-name-x": "2.0"}
    assert after.digest != before.digest
