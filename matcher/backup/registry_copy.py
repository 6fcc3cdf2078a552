"""The registry's content, wherever it lies: as one encrypted file, back from it, and under another key.

Takes a workspace and keys. A registry in the workspace is copied whole while others read it; from a server its rows are
copied into such a file. Refuses a registry that its key does not open.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from matcher.errors import UserError
from matcher.registry import schema, server
from matcher.registry.database import is_made, open_engine
from matcher.registry.rekey import copy_to, opens, rekey
from matcher.registry.schema.personal import use_key
from matcher.registry.transfer import copy_rows, reseal
from matcher.workspace import DATABASE, Workspace


def copy_registry(workspace: Workspace) -> Path:
    """A copy of the registry under its own key, at a waiting path of the workspace; the caller destroys it."""
    target, key = workspace.waiting_path(), workspace.keys.registry_key()
    place = workspace.registry_place
    if isinstance(place, Path):
        copy_to(place, key, target)
        return target
    with _opened(place, key) as source, _opened(target, key) as file:
        copy_rows(source, file)
    return target


def put_registry(workspace: Workspace, copy: Path) -> None:
    """Put a copy under the workspace's registry key in the place of the registry; the copy is gone afterwards.

    A file that was there is destroyed first, with its journal, which else would be rolled back into the copy.
    """
    place = workspace.registry_place
    if isinstance(place, Path):
        for name in (f"{DATABASE}-journal", DATABASE):
            workspace.destroy(workspace.root / name)
        workspace.put_in_place(copy, DATABASE)
        return
    key = workspace.keys.registry_key()
    with _opened(copy, key) as file, _opened(place, key) as target:
        copy_rows(file, target, replace=True)
    workspace.destroy(copy)


def opens_registry(workspace: Workspace, key: bytes) -> bool:
    """Whether the key opens the registry; False where there is none. Raises UserError where that cannot be found out."""
    place = workspace.registry_place
    if isinstance(place, Path):
        return place.is_file() and opens(place, key)
    if not is_made(place):
        return False
    engine = server.make_engine(place)
    try:
        use_key(engine, key)
        with engine.connect() as connection:
            try:
                connection.execute(sa.select(schema.registry_key.c.proof)).all()
            except server.ServerLost:
                raise
            except UserError:  # the proof does not open
                return False
    finally:
        engine.dispose()
    return True


def change_key(workspace: Workspace, old: bytes, new: bytes) -> None:
    """Encrypt the registry under `new` in place of `old`, all or nothing."""
    place = workspace.registry_place
    if isinstance(place, Path):
        rekey(place, old, new)
        return
    with _opened(place, old) as engine:
        reseal(engine, new)


@contextlib.contextmanager
def _opened(place: Path | server.Server, key: bytes) -> Iterator[sa.Engine]:
    engine = open_engine(place, key)
    try:
        yield engine
    finally:
        engine.dispose()
