"""The code version: the commit, the patch on it, and the imported files that Git does not keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from mooring.lineage import git
from mooring.lineage.blobs import digest_bytes
from mooring.lineage.canonical import canonical_json
from mooring.lineage.imports import local_files
from mooring.lineage.values import CodeVersion

PATCH = "patch.diff"
TRUNCATED = "patch.truncated.diff"


def capture_code(
    root: Path, files: Mapping[str, bytes], at: datetime
) -> tuple[CodeVersion, dict[str, bytes]]:
    """The state of a project's code, whatever state it is in.

    A dirty tree, a detached HEAD, a repository without a commit and no Git at all are captured
    alike: what the commit does not hold is kept as bytes.

    Parameters
    ----------
    root : Path
        The project's folder; may be below the repository's.
    files : mapping of str to bytes
        Source by path relative to ``root``: ``CodeSpace.files()``.
    at : datetime
        When it is captured; not part of the digest.

    Returns
    -------
    CodeVersion
        ``patch`` is the digest of the whole patch, and None for a tree without changes;
        ``files`` has the digests of the imported files that Git does not keep, or of all without
        a commit. ``dirty`` when the commit alone does not make this code.
    dict of str to bytes
        What to keep: ``patch.diff`` (``patch.truncated.diff`` with its start, beyond 10 MB) and
        ``files/…``.

    Examples
    --------
    ``code, blobs = capture_code(space.folder, space.files(), clock())``
    """
    head = git.head_of(root)
    patch = git.patch_of(root) if head else None
    kept = git.tracked(root, files) if patch else None
    loose = {name: data for name, data in files.items() if kept is None or name not in kept}
    changed = patch if patch and patch.data else None
    blobs = {f"files/{name}": data for name, data in loose.items()}
    if changed:
        blobs[TRUNCATED if changed.truncated else PATCH] = changed.data
    digests = {name: digest_bytes(data) for name, data in sorted(loose.items())}
    code = CodeVersion(
        digest=_digest(head.commit if head else None, changed.digest if changed else None, files),
        commit=head.commit if head else None,
        branch=head.branch if head else git.branch_of(root),
        dirty=bool(head and (changed or loose)),
        patch=changed.digest if changed else None,
        files=digests,
        at=at,
    )
    return code, blobs


def restored(code: CodeVersion, folder: Path, entry: str) -> bool:
    """Whether the code in a folder is the one that was captured.

    Parameters
    ----------
    code : CodeVersion
    folder : Path
        The folder of the entry module.
    entry : str
        The entry module's file.
    """
    files = local_files(folder, entry)
    return code.digest == _digest(code.commit, code.patch, files)


def _digest(commit: str | None, patch: str | None, files: Mapping[str, bytes]) -> str:
    held = {name: digest_bytes(data) for name, data in files.items()}
    return digest_bytes(canonical_json({"commit": commit, "patch": patch, "files": held}))
