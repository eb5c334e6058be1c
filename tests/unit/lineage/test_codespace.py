from __future__ import annotations

import importlib
import pickle
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from mooring.errors import UserCodeError
from mooring.lineage.codespace import CodeSpace, user_code

LAZY = """
    def features(frame):
        import helpers
        from cleaning import dates
        import cleaning.deep.er as deeper
        return helpers.VERSION, dates.VERSION, deeper.VERSION
"""


def project(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text))
    return folder


def versioned(folder: Path, version: int) -> CodeSpace:
    text = f"VERSION = {version}\n"
    files = {
        "pipeline.py": LAZY,
        "helpers.py": text,
        "cleaning/dates.py": text,
        "cleaning/deep/er.py": "from ..dates import VERSION\n",
    }
    return CodeSpace.load(project(folder, files))


def refused(folder: Path, text: str, **others: str) -> UserCodeError:
    files = {"pipeline.py": text, **{f"{name}.py": other for name, other in others.items()}}
    with pytest.raises(UserCodeError) as caught:
        CodeSpace.load(project(folder, files))
    return caught.value


def test_p8_two_versions_with_equally_named_modules_live_in_one_process(tmp_path: Path) -> None:
    first, second = versioned(tmp_path / "a", 1), versioned(tmp_path / "b", 2)
    assert second.features(0) == (2, 2, 2)
    assert first.features(0) == (1, 1, 1)
    assert second.features(0) == (2, 2, 2)


def test_nothing_stays_in_the_process(tmp_path: Path) -> None:
    before, finders = set(sys.modules), list(sys.meta_path)
    space = versioned(tmp_path, 1)
    space.features(0)
    with space.active():
        assert importlib.import_module("helpers").VERSION == 1
    left = {name.partition(".")[0] for name in set(sys.modules) - before}
    assert not left & {"pipeline", "helpers", "cleaning"}
    assert sys.meta_path == finders
    assert not list(tmp_path.rglob("__pycache__"))


def test_modules_of_the_host_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = type(sys)("helpers")
    monkeypatch.setitem(sys.modules, "helpers", host)
    space = versioned(tmp_path, 1)
    assert space.features(0) == (1, 1, 1)
    assert sys.modules["helpers"] is host


def test_a_space_does_not_see_the_modules_of_another(tmp_path: Path) -> None:
    outer = versioned(tmp_path / "a", 1)
    files = {"pipeline.py": "def features(frame):\n    import helpers\n"}
    with outer.active():
        inner = CodeSpace.load(project(tmp_path / "b", files))
        with pytest.raises(ModuleNotFoundError):
            inner.features(0)
        assert importlib.import_module("helpers").VERSION == 1


def test_lazy_imports_answer_while_another_thread_has_another_version_active(
    tmp_path: Path,
) -> None:
    first, second = versioned(tmp_path / "a", 1), versioned(tmp_path / "b", 2)
    assert (first.features(0), second.features(0)) == ((1, 1, 1), (2, 2, 2))
    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.append(first.features(0)), daemon=True)
    with second.active():
        thread.start()
        thread.join(timeout=10)
    assert answers == [(1, 1, 1)]


def test_threads_that_import_first_at_the_same_time_get_whole_modules(tmp_path: Path) -> None:
    slow = "import time\ntime.sleep(0.02)\nVERSION = 1\n"
    files = {"pipeline.py": "def features(f):\n    import slow\n    return slow.VERSION\n"}
    space = CodeSpace.load(project(tmp_path, {**files, "slow.py": slow}))
    answers: list[object] = []
    threads = [threading.Thread(target=lambda: answers.append(space.features(0))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1] * 8


def test_modules_know_their_name_and_file(tmp_path: Path) -> None:
    text = "from helpers import WHERE\ndef features(frame):\n    return __name__, __file__, WHERE\n"
    helpers = "WHERE = __name__, __file__\n"
    space = CodeSpace.load(project(tmp_path, {"pipeline.py": text, "helpers.py": helpers}))
    assert space.features(0) == (
        "pipeline",
        str(tmp_path / "pipeline.py"),
        ("helpers", str(tmp_path / "helpers.py")),
    )


DATACLASS = """
    from __future__ import annotations
    from dataclasses import dataclass
    from typing import ClassVar

    @dataclass
    class Model:
        bias: float
        kind: ClassVar[str] = "m"

        def predict(self, X):
            return [self.bias] * len(X)
"""


def test_dataclasses_work_and_their_values_pickle_while_active(tmp_path: Path) -> None:
    files = {"pipeline.py": "from models import Model\n", "models.py": DATACLASS}
    first = CodeSpace.load(project(tmp_path / "a", files))
    second = CodeSpace.load(project(tmp_path / "b", files))
    kind = first.function("Model")
    assert kind is not None
    with first.active():
        data = pickle.dumps(kind(1.5))
        with second.active():
            other = pickle.loads(data)  # noqa: S301
        assert type(pickle.loads(data)) is kind  # noqa: S301
    assert type(other) is second.function("Model")
    with pytest.raises(ModuleNotFoundError):
        pickle.loads(data)  # noqa: S301


def test_the_copy_is_the_entry_and_what_it_can_import(tmp_path: Path) -> None:
    files = {
        "pipeline.py": "import a.b, polars.testing, late\nfrom c import d\nfrom e import *\n",
        "late.py": "def f():\n    import g\n",
        "a/__init__.py": "",
        "a/b.py": "from . import sibling\n",
        "a/sibling.py": "from .cousins import one\n",
        "a/cousins/one.py": "",
        "a/unused.py": "",
        "c.py": "d = 1\n",
        "e/__init__.py": "__all__ = ['f']\n",
        "e/f.py": "",
        "g.py": "import pipeline\n",
        "unused.py": "",
        ".hidden/x.py": "",
        ".venv/lib/polars/__init__.py": "",
        "polars/testing.py": "raise SystemExit\n",
    }
    space = CodeSpace.load(project(tmp_path, files))
    expected = {"pipeline.py", "a/__init__.py", "a/b.py", "a/sibling.py", "a/cousins/one.py"}
    assert set(space.files()) == expected | {"late.py", "c.py", "e/__init__.py", "e/f.py", "g.py"}
    assert space.files()["c.py"] == b"d = 1\n"


def test_p8_a_space_made_of_the_copy_needs_no_folder(tmp_path: Path) -> None:
    files = versioned(tmp_path / "a", 1).files()
    copy = CodeSpace(files, tmp_path / "nowhere", "pipeline.py")
    assert copy.features(0) == (1, 1, 1)
    assert copy.files() == files


def test_sec_14_only_the_bytes_that_were_given_run(tmp_path: Path) -> None:
    space = versioned(tmp_path, 1)
    (tmp_path / "helpers.py").write_text("VERSION = 666\n")
    (tmp_path / "cleaning" / "planted.py").write_text("VERSION = 666\n")
    assert space.features(0) == (1, 1, 1)
    with space.active(), pytest.raises(ModuleNotFoundError):
        importlib.import_module("cleaning.planted")


def test_an_entry_in_a_folder_has_its_neighbours(tmp_path: Path) -> None:
    files = {"src/model.py": "from near import X\n", "src/near.py": "X = 1\n"}
    space = CodeSpace.load(project(tmp_path, files), "src/model.py")
    assert (space.folder, space.entry) == (tmp_path / "src", "model.py")
    assert set(space.files()) == {"model.py", "near.py"}


def test_modules_that_import_each_other_do(tmp_path: Path) -> None:
    files = {
        "pipeline.py": "import a\nVALUE = a.value()\n",
        "a.py": "import b\ndef value():\n    return b.VALUE\n",
        "b.py": "import a\nVALUE = 3\n",
    }
    space = CodeSpace.load(project(tmp_path, files))
    with space.active():
        assert importlib.import_module("pipeline").VALUE == 3


def test_sec_05_a_link_that_leads_out_of_the_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("SECRET = 1\n")
    folder = project(tmp_path / "p", {"pipeline.py": "import inside\n"})
    (folder / "inside.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(UserCodeError, match=r"inside\.py is a link"):
        CodeSpace.load(folder)


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    error = refused(tmp_path, "import helpers\n", helpers="x = 1\ny = (\n")
    assert error.where == "helpers.py, line 2"
    assert "never closed" in error.what


def test_a_missing_library_names_the_line_that_wants_it(tmp_path: Path) -> None:
    error = refused(tmp_path, "import helpers\n", helpers="\n\nimport no_such_library.x\n")
    assert error.where == "helpers.py, line 3"
    assert "no_such_library" in error.what
    assert "'no_such_library'" in error.fix


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("import json; json.loads('x')", "JSONDecodeError"),
    ],
)
def test_an_exception_at_import_names_the_line_of_the_user(
    tmp_path: Path, line: str, what: str
) -> None:
    error = refused(tmp_path, f"import os\n\n{line}\n")
    assert error.where == "pipeline.py, line 3"
    assert what in error.what


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_bytes(b"x = 1\0")
    with pytest.raises(UserCodeError) as caught:
        CodeSpace.load(tmp_path)
    assert caught.value.where.startswith("pipeline.py")


def test_a_missing_entry_says_where_to_name_it(tmp_path: Path) -> None:
    with pytest.raises(UserCodeError, match=r"no pipeline\.py") as caught:
        CodeSpace.load(tmp_path)
    assert "[pipeline] code" in caught.value.fix


def test_missing_functions_are_named(tmp_path: Path) -> None:
    space = CodeSpace.load(project(tmp_path, {"pipeline.py": "train = 3\n"}))
    assert space.function("predict") is None
    with pytest.raises(UserCodeError, match="no function named features"):
        _ = space.features
    with pytest.raises(UserCodeError, match="something else named train") as caught:
        _ = space.train
    assert "pipeline.py" in caught.value.where


def test_an_error_of_the_users_code_names_the_last_line_of_it(tmp_path: Path) -> None:
    files = {
        "pipeline.py": "import helpers\ndef features(f):\n    return helpers.parse(f)\n",
        "helpers.py": "import json\n\ndef parse(text):\n    return json.loads(text)\n",
    }
    space = CodeSpace.load(project(tmp_path, files))
    with (
        pytest.raises(UserCodeError, match="features failed: JSONDecodeError") as caught,
        user_code("features failed"),
    ):
        space.features("{")
    assert caught.value.where == "helpers.py, line 4"
