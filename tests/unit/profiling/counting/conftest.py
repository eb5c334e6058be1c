"""Whatever is counted is counted twice: by the compiled kernels, and without them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mooring.profiling.counting import many, numbers, texts
from mooring.profiling.counting.compiled import kernels

ENGINES = ("compiled", "interpreted")


@pytest.fixture(scope="module", params=ENGINES, autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine that counts in the tests of this folder."""
    name = str(request.param)
    if name == "compiled" and kernels is None:
        pytest.skip("the kernels were not compiled: there was no compiler when this was installed")
    with pytest.MonkeyPatch.context() as patch:
        if name == "interpreted":
            for module in (many, numbers, texts):
                patch.setattr(module, "kernels", None)
        yield name
