"""What a held batch keeps: the tables its open questions need and a plan, encrypted under a key of the batch's own.

Takes named Arrow tables and a JSON-able plan, writes encrypted Parquet (AES-256-GCM, footer and every column) through the
workspace, gives them back, and destroys them: the key first, after which the files are noise, then the files. Refuses to
give back a batch whose key or files are missing, changed, or of another batch.
"""

from __future__ import annotations

import base64
import io
import json
import re
import secrets
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from matcher.errors import UserError
from matcher.purge.audit import Audit
from matcher.workspace import Destroyed, Workspace

PLAN, PLAN_FILE = "plan", "plan.parquet"
HELD_KEY = "held"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_NONCE = 12


class _Kms(pe.KmsClient):
    """Wraps Parquet's own random data keys under the batch's key. The name of table and batch is authenticated with them."""

    def __init__(self, key: bytes) -> None:
        pe.KmsClient.__init__(self)
        self._cipher = AESGCM(key)

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, key_bytes, master_key_identifier.encode("utf-8"))
        return base64.b64encode(sealed)

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        sealed = base64.b64decode(wrapped_key)
        return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], master_key_identifier.encode("utf-8"))


def save_held(workspace: Workspace, batch: str, tables: dict[str, pa.Table], plan: dict[str, Any]) -> list[str]:
    """Keep a batch's tables and plan; gives the files written, relative to the workspace. Doing it again replaces them.

    Tables go under new names and the plan, which names them, is replaced last: a crash in between leaves what was held
    before whole, or nothing where nothing was.
    """
    for name in tables:
        if not _NAME.fullmatch(name) or name == PLAN:
            raise ValueError("names of held tables are lower-case words, and not 'plan'")
    folder = workspace.held_path(batch)
    relative = workspace.relative(folder)
    key = workspace.keys.make_held_key(batch)
    Audit(workspace).append_once("key_made", batch=batch, key=f"held.{batch}", form=HELD_KEY)
    files = {name: f"{name}-{secrets.token_hex(4)}.parquet" for name in sorted(tables)}
    for name, file in files.items():
        workspace.write(f"{relative}/{file}", _encrypt(tables[name], key, f"{batch}/{name}"))
    text = json.dumps({"files": files, "plan": plan}, default=str)
    table = pa.table({"json": pa.array([text], pa.string())})
    workspace.write(f"{relative}/{PLAN_FILE}", _encrypt(table, key, f"{batch}/{PLAN}"))
    now = {PLAN_FILE, *files.values()}
    for path in sorted(folder.iterdir()):
        if path.name not in now:
            workspace.destroy(path)
    return [f"{relative}/{name}" for name in sorted(now)]


def load_held(workspace: Workspace, batch: str) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """The tables and plan of a held batch. Raises UserError where they cannot be read any more."""
    key = workspace.keys.held_key(batch)
    folder = workspace.relative(workspace.held_path(batch))
    if key is None:
        raise UserError(
            "The key of this held batch is gone, and with it what was held.",
            where=f"batch {batch}",
            todo="run the month again on its supplies, after: matcher abandon",
        )
    try:
        text = _decrypt(workspace.read(f"{folder}/{PLAN_FILE}"), key, f"{batch}/{PLAN}")["json"][0].as_py()
        held = json.loads(text)
        tables = {
            name: _decrypt(workspace.read(f"{folder}/{file}"), key, f"{batch}/{name}")
            for name, file in held["files"].items()
        }
    except (FileNotFoundError, OSError, pa.ArrowException, InvalidTag, KeyError, ValueError):
        raise UserError(
            "What was held of this batch is missing or has been changed.",
            where=folder,
            todo="run the month again on its supplies, after: matcher abandon",
        ) from None
    return tables, held["plan"]


def destroy_held(workspace: Workspace, batch: str) -> list[Destroyed]:
    """Destroy the batch's key, then its files. May be done twice."""
    key = workspace.keys.destroy_held_key(batch)
    files = workspace.destroy_folder(workspace.held_path(batch))
    audit = Audit(workspace)
    if key or files or audit.tells("key_made", batch, form=HELD_KEY):
        audit.append_once("held_destroyed", batch=batch, files=len(files))
    return files


def read_held_file(content: bytes, key: bytes) -> pa.Table:
    """One held table from its bytes whatever its name, for the residue search. Raises pyarrow's errors and InvalidTag."""
    return _read(content, _Kms(key))


def _encrypt(table: pa.Table, key: bytes, label: str) -> bytes:
    configuration = pe.EncryptionConfiguration(
        footer_key=label,
        uniform_encryption=True,  # every column, and the footer with its schema and statistics
        encryption_algorithm="AES_GCM_V1",
        plaintext_footer=False,
        double_wrapping=False,
        data_key_length_bits=256,
    )
    properties = pe.CryptoFactory(lambda _: _Kms(key)).file_encryption_properties(
        pe.KmsConnectionConfig(), configuration
    )
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, table.schema, encryption_properties=properties, compression="zstd") as writer:
        writer.write_table(table)
    return sink.getvalue()


def _decrypt(content: bytes, key: bytes, label: str) -> pa.Table:
    return _read(content, _Labelled(key, label))


def _read(content: bytes, kms: _Kms) -> pa.Table:
    properties = pe.CryptoFactory(lambda _: kms).file_decryption_properties(pe.KmsConnectionConfig())
    with pq.ParquetFile(pa.BufferReader(content), decryption_properties=properties) as file:
        return file.read()


class _Labelled(_Kms):
    """Gives a key only for the table and batch it was made for: a file put in another's place is not read."""

    def __init__(self, key: bytes, label: str) -> None:
        super().__init__(key)
        self._label = label

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        if master_key_identifier != self._label:
            raise InvalidTag
        return super().unwrap_key(wrapped_key, master_key_identifier)
