"""What the schema's modules share: metadata with named constraints, ids, stamps in UTC."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcStamp(sa.types.TypeDecorator[dt.datetime]):
    """A moment in UTC, given and taken with its zone on every database. Refuses a time without zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stamp needs its zone")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class JsonText(str):
    """JSON in its text: written as it stands, not parsed to be put together again."""


BATCH_ID, FAMILY_ID, PERSON_ID = sa.String(16), sa.String(10), sa.String(10)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite numbers rows only for INTEGER keys


def of_batch(*, key: bool = False) -> sa.Column[str]:
    """The column that says which batch brought a row."""
    return sa.Column(
        "batch_id", BATCH_ID, sa.ForeignKey("batch.batch_id"), nullable=False, primary_key=key, index=not key
    )


def code(name: str, length: int = 60, *, null: bool = True) -> sa.Column[str]:
    """A short word of a fixed vocabulary."""
    return sa.Column(name, sa.String(length), nullable=null)


def text(name: str, *, null: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)
