"""Columns that say something of a person: in clear in the embedded file, encrypted one by one on a server.

The embedded registry is one encrypted file, so that there these columns are what they look like. On a server the database
writes plain files, so that the program encrypts each value before it leaves (AES-256-GCM under a key derived from the
registry's key) and binds it to its table and column. Takes and gives plain values on both. Refuses to compare such a column
in SQL: on a server that would find nothing, in silence; read the rows and compare them here.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.sql import operators

from matcher.errors import UserError
from matcher.registry.schema.base import JsonText

SERVER = "postgresql"
_VERSION, _NONCE, _BLOCK = b"\x01", 12, 16
_PURPOSE = b"matcher registry: personal columns on a server, version 1"
_WITHOUT_VALUE = (operators.is_, operators.is_not)  # IS NULL looks at no value

# What is encrypted, by table. What else a table holds in clear (ids, batches, dates of membership, areas, codes of the
# rules, counts) is listed in the package's README and held to it by a test.
PERSONAL: dict[str, tuple[str, ...]] = {
    "family": ("criteria", "concerns", "district", "address", "postcode", "uprn"),
    "family_state": ("criteria", "concerns", "district", "address", "postcode", "uprn"),
    "family_event": ("detail",),
    "person_state": ("forename", "middle", "surname", "dob", "sex", "nino", "upn"),
    "record": (
        "ref", "title", "forename", "middle", "surname", "surname_parts", "sex", "dob", "nino", "upn", "nhs", "uprn",
        "address", "flat", "building", "number", "street", "town", "postcode", "address_from", "address_to", "seen_on",
        "relationship",
    ),
    "evidence": ("kind", "code", "begun", "ended", "quantity", "fact", "fact_key"),
    "finding": ("note",),
    "link": ("steps",),
    "correction": ("old_value", "new_value"),
    "rights_request": ("reference",),
    "registry_key": ("proof",),
}  # fmt: skip


class Cipher:
    """Seals and opens single values. The registry's key itself encrypts nothing on a server."""

    def __init__(self, key: bytes) -> None:
        derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE).derive(key)
        self._aead = AESGCM(derived)

    def seal(self, value: Any, place: str) -> bytes:
        """Encrypt a value for a place ("table.column"); its length is hidden up to 16 characters."""
        told = value.isoformat() if isinstance(value, dt.date) else value
        if not isinstance(told, JsonText):
            told = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        text = told.encode("utf-8")
        text += b" " * (-len(text) % _BLOCK)
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._aead.encrypt(nonce, text, place.encode("ascii"))

    def open(self, sealed: bytes, place: str) -> Any:
        """The value sealed for that place. Raises UserError where the key, the place or a byte is another."""
        sealed = bytes(sealed)
        try:
            if sealed[:1] != _VERSION:
                raise InvalidTag
            nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
            return json.loads(self._aead.decrypt(nonce, rest, place.encode("ascii")))
        except InvalidTag:
            raise UserError(
                "The registry cannot be read: the key is not its key, or a value was changed on the server.",
                where=place,
                todo="restore the workspace's keys from their backup, or the server's database from its own",
            ) from None


_CIPHERS: WeakKeyDictionary[Any, Cipher] = (
    WeakKeyDictionary()
)  # an engine's dialect -> what its columns are sealed with


def use_key(engine: sa.Engine, key: bytes) -> None:
    """Seal and open the personal columns of this engine's connections with this key from now on."""
    _CIPHERS[engine.dialect] = Cipher(key)


class Personal(sa.types.TypeDecorator[Any]):
    """A personal column: `inner` in an embedded registry, sealed bytes on a server."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, inner: sa.types.TypeEngine[Any], place: str) -> None:
        super().__init__()
        self.inner, self.place = inner, place

    class comparator_factory(sa.types.TypeDecorator.Comparator[Any]):
        def operate(self, op: Any, *other: Any, **options: Any) -> Any:
            if op not in _WITHOUT_VALUE and not (op in (operators.eq, operators.ne) and other == (None,)):
                raise TypeError(
                    f"{self.expr}: a personal column is encrypted on a server and cannot be compared in SQL"
                )
            return super().operate(op, *other, **options)

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.LargeBinary() if dialect.name == SERVER else self.inner)

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        return None if value is None else _CIPHERS[dialect].seal(value, self.place)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        opened = _CIPHERS[dialect].open(value, self.place)
        return dt.date.fromisoformat(opened) if isinstance(self.inner, sa.Date) else opened

    # In an embedded registry `inner` alone writes and reads: a call a value, for nothing, took a fifth of a month's seal.
    def bind_processor(self, dialect: sa.Dialect) -> Any:
        if dialect.name != SERVER:
            return self.impl_instance.bind_processor(dialect)
        return super().bind_processor(dialect)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:
        if dialect.name != SERVER:
            return self.impl_instance.result_processor(dialect, coltype)
        return super().result_processor(dialect, coltype)


def seal_columns(metadata: sa.MetaData) -> None:
    """Make the columns of PERSONAL personal: once, when the schema is put together."""
    for table, names in PERSONAL.items():
        for name in names:
            column = metadata.tables[table].c[name]
            column.type = Personal(column.type, f"{table}.{name}")
