"""Projects to try commands in: each test has a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.project import STRONG, WEAK, Project, make_project


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose v1 has all of the traffic; never changed."""
    project = make_project(tmp_path_factory.mktemp("template") / "rides")
    assert project.mooring("run").code == 0
    return project


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """A project that has not run yet."""
    return make_project(tmp_path / "rides")


@pytest.fixture
def trained(template: Project, tmp_path: Path) -> Project:
    """A project whose v1 has all of the traffic, and can be bettered."""
    return copy_of(template, tmp_path / "rides")


@pytest.fixture
def improved(trained: Project) -> Project:
    """A project whose next run makes a v2 that the gate lets pass."""
    trained.change("mooring.toml", WEAK, STRONG)
    return trained


@pytest.fixture(scope="module")
def overridden(template: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose v1 has all of the traffic, and whose v2 may have some; never changed.

    The gate refused v2: it is another model, and no better.
    """
    project = copy_of(template, tmp_path_factory.mktemp("overridden") / "rides")
    project.change("mooring.toml", WEAK, "alpha = 60.0")
    assert project.mooring("run").code == 1
    until = ("--until", "2100-01-01")
    assert project.mooring("override", "v2", "--because", "a trial", *until).code == 0
    return project


@pytest.fixture
def two_versions(overridden: Project, tmp_path: Path) -> Project:
    """A project whose v1 has all of the traffic, and whose v2 may have some."""
    return copy_of(overridden, tmp_path / "rides")


def copy_of(project: Project, root: Path) -> Project:
    """A copy of a project with all of its state."""
    shutil.copytree(project.root, root)
    return Project(root)
