"""Writes a planned project: ``mooring.toml``, ``pipeline.py`` and what git should not keep."""

from __future__ import annotations

import os
from pathlib import Path

import jinja2

from mooring.errors import UsageError
from mooring.settings.toml import toml_key, toml_value
from mooring.starting.plan import Plan

SETTINGS, CODE, IGNORE = "mooring.toml", "pipeline.py", ".gitignore"
_STATE = ".mooring/"
_LEARNERS = {"regression": "HistGradientBoostingRegressor"}
_CLASSIFIER = "HistGradientBoostingClassifier"
_SHOWN_CLASSES = 8


def write_project(plan: Plan, folder: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write the project's files into a folder, which is made when it is not there.

    Parameters
    ----------
    plan : Plan
        From ``inspect_data``.
    folder : Path
        The project's folder, from which a relative source starts. A source inside it is referred
        to relatively, any other absolutely.
    overwrite : bool
        Whether files that exist may be replaced. ``.gitignore`` is only ever added to.

    Returns
    -------
    tuple of Path
        The files that were written or changed.

    Raises
    ------
    UsageError
        When files exist and may not be replaced; nothing is written then.

    Examples
    --------
    ``write_project(inspect_data(frame, target="y", name="demo", source="demo.csv"), Path("demo"))``
    """
    folder = folder.resolve()
    copy = folder / f"{plan.name}.shuffled.parquet" if plan.shuffled is not None else None
    files = [folder / SETTINGS, folder / CODE, *([copy] if copy else [])]
    _refuse_existing([] if overwrite else [file for file in files if file.exists()])
    source = copy.name if copy else _source(plan.source, folder)
    texts = render(plan, source)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    if copy and plan.shuffled is not None:
        plan.shuffled.write_parquet(copy)
    return (*files, *_ignore_state(folder / IGNORE))


def render(plan: Plan, source: str) -> dict[str, str]:
    """The text of both files, by name; ``source`` as it shall stand in ``mooring.toml``."""
    environment = jinja2.Environment(  # noqa: S701 - it writes TOML and Python, escaped by filters
        loader=jinja2.PackageLoader("mooring.starting"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "toml": toml_value,
        "key": toml_key,
        "py": python_text,
        "comment": comment,
        "thousands": "{:,}".format,
    }
    values = _values(plan) | {"plan": plan, "source": source}
    return {
        name: environment.get_template(f"{name}.jinja").render(values) for name in (SETTINGS, CODE)
    }


def python_text(text: str) -> str:
    """A string as Python code, in double quotes unless that takes more backslashes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_python_character(c, quote) for c in text) + quote


def comment(text: str) -> str:
    """Text that stays on one line of a comment, whatever it holds."""
    return "".join(c if c.isprintable() else " " for c in text)


def _python_character(character: str, quote: str) -> str:
    if character in {quote, "\\"}:
        return f"\\{character}"
    return character if character.isprintable() else repr(character)[1:-1]


def _values(plan: Plan) -> dict[str, object]:
    """What the templates need and the plan does not say itself."""
    target, choices = plan.target, plan.choices
    shares = [f"{comment(repr(label))} {share:.1%}" for label, share in target.classes]
    more = f", and {len(shares) - _SHOWN_CLASSES} more" if len(shares) > _SHOWN_CLASSES else ""
    features = len(plan.numbers) + len(plan.categories) + len(plan.parts)
    entities = [note.column for note in plan.keys if note.reason.startswith("names one of")]
    delay = choices.label_delay_reason or "; nothing in the data says, so say it here"
    return {
        "learner": _LEARNERS.get(target.task, _CLASSIFIER),
        "metric": "mae" if target.task == "regression" else "log_loss",
        "shares": ", ".join(shares[:_SHOWN_CLASSES]) + more,
        "loss": dict(plan.params).get("loss"),
        "timed": plan.time is not None,
        "delay": comment(f": {delay}" if choices.label_delay_reason else delay),
        "holdout_rows": round(target.labelled * 0.2),
        "entity": entities[0] if entities else None,
        "drifted": 2 if features > 2 else 1,  # noqa: PLR2004
    }


def _source(source: str, folder: Path) -> str:
    """The source relative to the project when it is inside, else absolute; addresses stay."""
    if "://" in source:
        return source
    path = Path(os.path.normpath(folder / source))
    for place in (path, path.parent.resolve() / path.name):
        if place.is_relative_to(folder):
            return place.relative_to(folder).as_posix()
    return path.as_posix()


def _refuse_existing(existing: list[Path]) -> None:
    if existing:
        raise UsageError(
            f"{' and '.join(file.name for file in existing)} would be overwritten",
            where=str(existing[0].parent),
            fix="--force overwrites; or start in another folder",
        )


def _ignore_state(file: Path) -> list[Path]:
    """Adds the state's folder to ``.gitignore`` unless it is there already."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if {_STATE, _STATE.rstrip("/"), f"/{_STATE}", f"/{_STATE}".rstrip("/")} & set(text.split()):
        return []
    gap = "" if not text or text.endswith("\n") else "\n"
    file.write_text(f"{text}{gap}{_STATE}\n", encoding="utf-8")
    return [file]
