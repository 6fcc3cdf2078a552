"""`matcher restore`: a registry put back from its backup, and everything erased since erased again, before anything else runs.

Takes a folder and a backup. Everything is verified before anything is touched; then a mark in the workspace and in the key
store keeps every other command out until the end, and a restore that was cut off is finished by running it again. The copy
is brought up to date while it still has no name: erased families never stand in the registry, not for a moment. Refuses a
backup that is altered or of another workspace, an audit log of another history, and an unknown history unless told to go on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from matcher.backup.batches import Mended, let_go, mend
from matcher.backup.contents import KEYS, Backup, unpack
from matcher.backup.history import History, history
from matcher.backup.key_backup import KeysFound, read_keys
from matcher.backup.registry_copy import put_registry
from matcher.backup.replay import replay
from matcher.backup.rotation import NEXT_REGISTRY
from matcher.clock import today
from matcher.errors import UserError
from matcher.purge.audit import Audit
from matcher.purge.certificate import fingerprint, read_public_key
from matcher.purge.chain import CHAIN_LOST, head_kept, head_to_keep
from matcher.purge.key_losses import PUBLIC
from matcher.purge.keys import AUDIT_HEAD, REGISTRY, RESTORING, SIGNING, KeyStore, fingerprint_of
from matcher.registry.database import HEAD, open_engine
from matcher.registry.rekey import rekey
from matcher.registry.store import Registry
from matcher.rights.policy import retention_policy
from matcher.settings import parse_settings
from matcher.workspace import AUDIT, DATABASE, PUBLIC_KEY, SETTINGS, UNFINISHED_RESTORE, Workspace

_WITHOUT_CHAIN = " without chain"


@dataclass(frozen=True)
class Restored:
    """What a restore did and what it cannot bring back. `erased_again`: by event; `kept`: files that were there and differ."""

    backup_of: str
    audit_at_backup: int
    audit_entries_since: int
    chain_lost: str | None
    erased_again: dict[str, int]
    lost_batches: list[str]
    given_up: list[str]
    goes_on: list[str]
    held_files_destroyed: int
    keys: list[str]
    written: list[str]
    kept: list[str]
    signed_by: str | None  # to be compared with a certificate: no key outside the backup vouched for it

    def told(self) -> list[str]:
        """What it could not bring back, and what to do, in sentences."""
        out = [
            f"{batch}: sealed after the backup. Its certificate stays valid, its received files are gone, its families are "
            "not in the registry: ask the partners again and match the month again."
            for batch in self.lost_batches
        ]
        out += [f"{batch}: was on its way and is given up; run the month again." for batch in self.given_up]
        out += [f"{batch}: can go on; see: matcher status" for batch in self.goes_on]
        if self.audit_entries_since:
            out.append(
                f"What commands recorded in the registry in the {self.audit_entries_since} entries of the audit log since "
                "(answers, disclosures, reviews, requests, confirmations) is lost; matcher audit show tells of them."
            )
        if self.chain_lost:
            out.append("What was erased since is not fully known: erase again by hand what you know of.")
        if self.kept:
            out.append(f"Kept as they are, though the backup holds others: {', '.join(self.kept)}")
        if self.keys:
            out.append(f"Keys put back: {', '.join(self.keys)}")
        if self.signed_by:
            out.append(
                f"No key outside the backup vouched for it: compare this fingerprint with a certificate: {self.signed_by}"
            )
        return out


@dataclass
class _Plan:
    """What a restore will do, found out before anything is touched. `key` opens the registry in the backup."""

    workspace: Workspace
    backup: Backup = field(repr=False)
    key: bytes = field(repr=False)
    keys: KeysFound | None = field(repr=False)
    told: History = field(repr=False)
    vouched: bool
    first: bool  # no restore was cut off before


def restore(
    path: Path,
    file: Path,
    *,
    passphrase: Callable[[], str],
    keys_file: Path | None = None,
    chain_lost: bool = False,
    go_on: Callable[[list[str]], bool] = lambda _: True,
) -> Restored:
    """Put the backup in `file` into the workspace at `path`, which need not exist. `passphrase` is asked only if needed;
    `go_on` is told what will be lost, and may stop it. Raises UserError."""
    plan = _plan(path, file, passphrase, keys_file)
    told, manifest = plan.told, plan.backup.manifest
    if told.lost and not chain_lost:
        raise UserError(
            "What was erased after this backup is not fully known: the audit log of the workspace is not whole.",
            where=told.lost,
            todo="put audit.log back from a later copy and restore again; or say --chain-lost, which is audited: families "
            "and people erased since may then be there again, and must be erased again by hand",
        )
    if not go_on(_losses(plan)):
        raise UserError("Nothing was restored.", todo="run the command again when you are sure")
    workspace, keys = plan.workspace, plan.workspace.keys
    keys.put(RESTORING, (plan.backup.digest + (_WITHOUT_CHAIN if told.lost else "")).encode("ascii"))
    workspace.write(UNFINISHED_RESTORE, plan.backup.digest.encode("ascii"))
    with workspace.lock("matcher restore"):
        put_back = _put_keys(keys, plan)
        written, kept = _write_files(workspace, plan.backup)
        try:
            copy, mended, erased = _prepare(plan)
        except Exception:
            if plan.first:
                _unmark(workspace)  # what was there is as it was
            raise
        _settle_log(workspace, told)
        put_registry(workspace, copy)
        held = let_go(workspace, mended)
        keys.destroy(NEXT_REGISTRY)  # of a change of keys that was cut off: the registry is under the key before it
        Audit(workspace).append(
            "restored", from_entry=manifest.audit[0], families=erased["families_erased"], people=erased["people_erased"],
            lost=mended.lost, given_up=mended.given_up, held_files=held,
        )  # fmt: skip
        _unmark(workspace)
    return Restored(
        manifest.made_at, manifest.audit[0], len(told.after), told.lost, erased, mended.lost, mended.given_up,
        mended.goes_on, held, put_back, written, kept, None if plan.vouched else plan.backup.signed_by,
    )  # fmt: skip


def _plan(path: Path, file: Path, passphrase: Callable[[], str], keys_file: Path | None) -> _Plan:
    content = _read(file, "backup")
    root = path.resolve()
    workspace = Workspace.open(path, whole=False) if (path / SETTINGS).is_file() else None
    local = workspace.keys.public_keys() if workspace else []
    backup = unpack(content, local or _public_keys(root))
    if workspace is None:
        settings = parse_settings(backup.files[SETTINGS].decode("utf-8-sig"))
        workspace = Workspace(root, settings, KeyStore.of(settings.workspace.id, root))
    if workspace.id != backup.manifest.workspace:
        raise UserError(
            "This is the backup of another workspace; nothing was touched.",
            where=f"of {backup.manifest.workspace}, not of {workspace.id}",
            todo="name the workspace that it was made of, or a new folder",
        )
    if backup.manifest.schema > HEAD:
        raise UserError(
            "A newer matcher made this backup; nothing was touched.",
            where=f"schema {backup.manifest.schema}, this program knows {HEAD}",
            todo="install the newer matcher first",
        )
    sealed = _read(keys_file, "backup of keys") if keys_file else backup.files.get(KEYS)
    found = _keys_needed(workspace, backup, sealed, passphrase)
    publics = _signers(workspace.keys, found, backup)
    key = _registry_key(workspace.keys, found, backup)
    try:
        current = workspace.read(AUDIT)
    except FileNotFoundError:
        current = b""
    told = history(
        current, backup.files[AUDIT], backup.manifest.audit, head_kept(workspace.keys.get(AUDIT_HEAD)), publics
    )
    pending = workspace.keys.get(RESTORING) or b""
    if pending.endswith(_WITHOUT_CHAIN.encode("ascii")) and not told.lost and not _told_of_loss(told):
        told = replace(told, lost="a restore that was cut off had begun without the whole log")
    vouched = bool(local or found or _public_keys(root))
    first = not pending and not (root / UNFINISHED_RESTORE).exists()
    return _Plan(workspace, backup, key, found, told, vouched, first)


def _told_of_loss(told: History) -> bool:
    return any(entry["event"] == CHAIN_LOST for entry in told.after)


def _read(file: Path, what: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(
            f"The {what} cannot be read.", where=str(file), todo="name the file that was written"
        ) from error


def _public_keys(root: Path) -> list[Ed25519PublicKey]:
    """The public keys that lie in a folder whose key store is lost."""
    return [read_public_key(path.read_bytes()) for path in sorted(root.glob("signing_key*.pub.pem"))]


def _keys_needed(
    workspace: Workspace, backup: Backup, sealed: bytes | None, passphrase: Callable[[], str]
) -> KeysFound | None:
    """The keys under the passphrase, where the store lacks one that is needed; null where it lacks none. Raises UserError."""
    keys, wanted = workspace.keys, backup.manifest.registry_key
    lacking = [name for name in (REGISTRY, SIGNING) if keys.get(name) is None]
    if not lacking and keys.fingerprint(REGISTRY) == wanted:
        return None
    if sealed is None:
        if lacking:
            raise keys.lost(lacking[0])
        raise _other_key(backup)
    found = read_keys(sealed, passphrase(), workspace.id)
    for name in lacking:
        if name not in found.keys:
            raise keys.lost(name)
    return found


def _registry_key(keys: KeyStore, found: KeysFound | None, backup: Backup) -> bytes:
    for key in (keys.get(REGISTRY), found.keys.get(REGISTRY) if found else None):
        if key is not None and fingerprint_of(REGISTRY, key) == backup.manifest.registry_key:
            return key
    raise _other_key(backup)


def _other_key(backup: Backup) -> UserError:
    return UserError(
        "The registry in this backup is under another key than the store's.",
        where=f"key registry with fingerprint {backup.manifest.registry_key}: changed after {backup.manifest.made_at}",
        todo="give the backup of the keys of that time with --keys FILE",
    )


def _signers(keys: KeyStore, found: KeysFound | None, backup: Backup) -> list[Ed25519PublicKey]:
    """Every key that may have signed the audit log; the manifest must be signed by one that the passphrase or the store
    vouches for, where there is one."""
    out = keys.public_keys()
    if found:
        if SIGNING in found.keys:
            out.append(Ed25519PrivateKey.from_private_bytes(found.keys[SIGNING]).public_key())
        out += [Ed25519PublicKey.from_public_bytes(raw) for name, raw in found.keys.items() if name.startswith(PUBLIC)]
    if out and backup.signed_by not in {fingerprint(key) for key in out}:
        raise UserError(
            "The backup has been altered or damaged; nothing was touched.",
            where="its manifest is not signed with a key of this workspace",
            todo="take another copy of the backup, or an older one",
        )
    return out + [read_public_key(pem) for name, pem in sorted(backup.files.items()) if name.endswith(".pub.pem")]


def _losses(plan: _Plan) -> list[str]:
    """What the person who restores must know before it happens."""
    manifest, told = plan.backup.manifest, plan.told
    out = [f"The registry becomes what it was at {manifest.made_at} (entry {manifest.audit[0]} of the audit log)."]
    if plan.workspace.holds_registry():
        out.append("The registry that is there now is destroyed.")
    if sealed := told.batches("sealed"):
        out.append(f"Sealed since, and then no longer in the registry: {', '.join(sealed)}.")
    if told.lost:
        out.append(f"What was erased since is not fully known: {told.lost}.")
    return out


def _put_keys(keys: KeyStore, plan: _Plan) -> list[str]:
    """Put back what the store lacks. The end of the audit log is set with the log."""
    found = plan.keys.keys if plan.keys else {}
    names = sorted(name for name in found if name != AUDIT_HEAD and keys.get(name) is None)
    for name in names:
        keys.put(name, found[name])
    accepted = {fingerprint(key) for key in keys.public_keys()}
    for name, pem in plan.backup.files.items():
        if name.endswith(".pub.pem") and fingerprint(read_public_key(pem)) not in accepted:
            keys.keep_public(read_public_key(pem))
    return names


def _write_files(workspace: Workspace, backup: Backup) -> tuple[list[str], list[str]]:
    """Put back the files that are missing; gives them, and those that are there and differ, which stay."""
    written, kept = [], []
    for name, content in sorted(backup.files.items()):
        if name in (DATABASE, AUDIT, KEYS, PUBLIC_KEY):
            continue
        path = workspace.path(name)
        if not path.exists():
            workspace.write(name, content)
            written.append(name)
        elif path.read_bytes() != content:
            kept.append(name)
    workspace.write(PUBLIC_KEY, workspace.keys.public_pem())
    return written, kept


def _settle_log(workspace: Workspace, told: History) -> None:
    if told.content is not None:
        workspace.write(AUDIT, told.content)
    if told.content is not None or told.lost:
        workspace.keys.put(AUDIT_HEAD, head_to_keep(told.head))
    if told.lost:
        Audit(workspace).append(CHAIN_LOST, after=told.head[0])


def _unmark(workspace: Workspace) -> None:
    workspace.destroy(workspace.root / UNFINISHED_RESTORE)
    workspace.keys.destroy(RESTORING)


def _prepare(plan: _Plan) -> tuple[Path, Mended, dict[str, int]]:
    """Bring the copy up to date under a name that nothing opens."""
    workspace = plan.workspace
    key = workspace.keys.registry_key()
    waiting = workspace.waiting_path()
    workspace.write(workspace.relative(waiting), plan.backup.files[DATABASE])
    if key != plan.key:
        rekey(waiting, plan.key, key)
    engine = open_engine(waiting, key)
    with Registry(engine) as registry:
        mended = mend(engine, workspace, plan.told, dt.datetime.now(dt.UTC))
        erased = replay(registry, plan.told.entries)
        if not retention_policy(workspace, today()).marker_may_stay:
            registry.rights.forget_markers()
    return waiting, mended, erased
