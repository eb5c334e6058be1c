"""Columns of the catalog's tables, in the few kinds that they come in."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, DateTime, ForeignKey, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite keeps no zone, so it is stripped and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: UTC, without a zone where the database has none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; instants are UTC")
        instant = value.astimezone(UTC)
        return instant if dialect.name == "postgresql" else instant.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """From the database: always aware, always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def key(name: str = "id") -> Column[str]:
    """A column of the primary key."""
    return Column(name, String, primary_key=True)


def text(name: str, *, null: bool = False) -> Column[str]:
    """A text column."""
    return Column(name, String, nullable=null)


def at(name: str = "at") -> Column[datetime]:
    """A column of instants, never null."""
    return Column(name, Instant, nullable=False)


def count(name: str) -> Column[int]:
    """A column of whole numbers, never null."""
    return Column(name, BigInteger, nullable=False)


def json(name: str) -> Column[object]:
    """A column of JSON, never null."""
    return Column(name, JSON, nullable=False)


def to(target: str, name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    """A column that refers to another table's."""
    return Column(name, String, ForeignKey(target), primary_key=key, nullable=null)


def one_of(column: str, *allowed: str) -> CheckConstraint:
    """The check that a column holds one of some words."""
    listed = ", ".join(f"'{value}'" for value in allowed)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")
