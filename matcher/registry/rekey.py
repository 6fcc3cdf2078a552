"""Another key for the registry's file, and copies of it. Takes a file and keys; refuses a file that its key does not open.

`PRAGMA rekey` encrypts every page anew in one journalled transaction: cut off at any instant, the file opens with the old
key or with the new one, never with both or neither. So `opens` is all that has to be asked afterwards.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import sqlcipher3.dbapi2 as sqlcipher

from matcher.errors import UserError

_WAIT_SECONDS = 30.0


def opens(database: Path, key: bytes) -> bool:
    """Whether the file is a registry under this key; an interrupted transaction is rolled back first. Raises UserError."""
    try:
        with _opened(database, key) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlcipher.DatabaseError as error:
        if "not a database" in str(error):
            return False
        raise _unusable(database) from None
    return True


def rekey(database: Path, old: bytes, new: bytes) -> None:
    """Encrypt the file with the key `new` in place of `old`; waits for readers. Raises UserError where it did not succeed."""
    try:
        with _opened(database, old) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # nobody may read or write between lock and new key
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
            connection.execute(f"PRAGMA rekey = \"x'{new.hex()}'\"")
    except sqlcipher.DatabaseError:
        raise _unusable(database) from None
    if not opens(database, new):  # the pragma says ok whatever happened
        raise _unusable(database)


def copy_to(database: Path, key: bytes, target: Path) -> None:
    """A whole copy of the file as of now under the same key, while others read it. The target must not exist."""
    try:
        with _opened(database, key) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    except sqlcipher.DatabaseError:
        raise _unusable(database) from None


@contextlib.contextmanager
def _opened(database: Path, key: bytes) -> Iterator[sqlcipher.Connection]:
    connection = sqlcipher.connect(str(database), timeout=_WAIT_SECONDS, isolation_level=None)
    try:
        for pragma in (
            "cipher_log_level = NONE",  # a key that does not fit is an answer here, not news for the screen
            f"key = \"x'{key.hex()}'\"",
            "temp_store = 2",
            "secure_delete = ON",
            "synchronous = FULL",
        ):
            connection.execute(f"PRAGMA {pragma}")
        yield connection
    finally:
        connection.close()


def _unusable(database: Path) -> UserError:
    return UserError(
        "The registry cannot be used: it is locked, damaged, or its disk is full or read-only.",
        where=str(database),
        todo="wait for the other run, check the disk and its rights, and run the command again",
    )
