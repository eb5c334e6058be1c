"""The environment lock: the interpreter and every installed distribution, as a value."""

from __future__ import annotations

import platform
import re
import sysconfig
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.metadata import Distribution, distributions

from mooring.lineage.blobs import digest_bytes
from mooring.lineage.canonical import canonical_json
from mooring.lineage.values import Environment


def capture_environment(at: datetime) -> Environment:
    """The environment of this process.

    Parameters
    ----------
    at : datetime
        When it is captured; not part of the digest.

    Returns
    -------
    Environment
        Distribution names are normalised (PEP 503) and sorted. Of two installations of one
        distribution the one that is imported counts: the first on ``sys.path``. The digest covers
        interpreter, platform and packages, so equal environments have equal digests.

    Examples
    --------
    >>> from datetime import UTC
    >>> "mooring" in capture_environment(datetime(2026, 1, 1, tzinfo=UTC)).packages
    True
    """
    packages = _versions(distributions())
    interpreter = f"{platform.python_implementation()} {platform.python_version()}"
    machine = sysconfig.get_platform()
    return Environment(
        digest=_digest(interpreter, machine, packages),
        python=interpreter,
        platform=machine,
        packages=packages,
        at=at,
    )


def differences(recorded: Environment, found: Environment) -> tuple[str, ...]:
    """How an environment differs from a recorded one, a sentence each; nothing for an equal one.

    Examples
    --------
    ``differences(recorded, capture_environment(now))`` gives ``("polars is 1.9, was 1.8",)``
    """
    said = [
        f"{what} is {now}, was {then}"
        for what, now, then in (
            ("Python", found.python, recorded.python),
            ("the platform", found.platform, recorded.platform),
        )
        if now != then
    ]
    for name in sorted({*recorded.packages, *found.packages}):
        then, now = recorded.packages.get(name), found.packages.get(name)
        if then != now:
            said.append(f"{name} is {now or 'missing'}, was {then or 'not there'}")
    return tuple(said)


def _versions(found: Iterable[Distribution]) -> dict[str, str]:
    versions: dict[str, str] = {}
    for distribution in found:
        metadata = distribution.metadata  # parsed anew at each access
        if "Name" in metadata and "Version" in metadata:  # not in a half-removed installation
            versions.setdefault(normalised(metadata["Name"]), metadata["Version"])
    return dict(sorted(versions.items()))


def normalised(name: str) -> str:
    """A distribution's name as package indexes compare it (PEP 503).

    Examples
    --------
    >>> normalised("Scikit_Learn")
    'scikit-learn'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def _digest(interpreter: str, machine: str, packages: Mapping[str, str]) -> str:
    locked = {"packages": packages, "platform": machine, "python": interpreter}
    return digest_bytes(canonical_json(locked))
