"""A workspace: the folder of one programme office. The only module that opens, writes or deletes files of a workspace.

Takes a folder, gives its settings, policies, keys and lock, and writes and destroys files in it. Writes are atomic
(temporary file, fsync, rename). Refuses a path outside the workspace, a name that Windows does not allow, and to
overwrite anything at set-up. Nothing written here may be personal and in clear: callers encrypt first.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO

import pyarrow as pa
import pyarrow.csv as pacsv

from matcher.errors import Exit, UserError
from matcher.purge.keys import REGISTRY, RESTORING, SIGNING, KeyStore
from matcher.registry.database import is_made, open_engine
from matcher.registry.server import Server, run_lock
from matcher.settings import Settings, load_settings, parse_settings, server_address
from matcher.workspace_lock import Holder, holder_now, holder_of, locked, note

SETTINGS, DATABASE, AUDIT, PUBLIC_KEY = "matcher.toml", "registry.db", "audit.log", "signing_key.pub.pem"
UNFINISHED_RESTORE = "restore.unfinished"
"""Lies in the workspace, and as RESTORING in the key store, while a restore is not complete."""
REGISTRY_PASSWORD = "registry_password"  # the key store's item  # noqa: S105
SHIPPED = Path(__file__).parent / "workspace_files"
SHIPPED_DISCRETION = Path(__file__).parent.parent / "criteria" / "policies"

MEDIUM_NOT_PROVEN, ALREADY_GONE, CHANGED = "removed, medium not proven", "already gone", "changed since: left alone"

_BATCH = re.compile(r"\d{4}-\d{2}-\d{2}-[1-9]\d{0,3}")
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_WAITING = ".waiting"  # suffix of temporary files: what a crash leaves is destroyed by the next holder of the lock
_LEFT = re.compile(r"\.?[0-9a-f]{16}\.waiting(-journal)?")
_CHUNK = 1 << 20
LOCK = ".lock"
_PATIENCE = 0.3  # seconds: a command that only looked, or answered a question, is done by then
_MAKING = 60.0  # seconds that a second `init` waits for the first


@dataclass(frozen=True)
class Destroyed:
    """What was done to one file: name without folder, size in bytes, sha256 before (null: it was gone already), outcome."""

    name: str
    size: int
    digest: str | None
    outcome: str


class Workspace:
    """One opened workspace. Make with `create` or `open`."""

    def __init__(self, root: Path, settings: Settings, keys: KeyStore) -> None:
        self.root, self.settings, self.keys = root, settings, keys
        self._held = 0

    # -- making and opening ------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path, *, registry: str = "") -> Workspace:
        """Make what is missing of a workspace at `path`; what exists is left as it is. Raises UserError.

        `registry`: the url of a server registry, for settings that are made now.
        """
        path = Path(path)
        if path.exists() and not path.is_dir():
            raise UserError(
                "There is a file where the workspace should be.", where=str(path), todo="name another folder"
            )
        try:
            path.mkdir(parents=True, exist_ok=True)
            # two at once would each make a key, and one of them lose the registry
            with _held_lock(path.resolve(), _MAKING):
                return cls._completed(path.resolve(), registry)
        except OSError as error:
            raise _cannot("make the workspace", path, error) from error

    @classmethod
    def _completed(cls, root: Path, registry: str) -> Workspace:
        if not (root / SETTINGS).exists():
            if (root / DATABASE).exists():
                raise UserError(
                    "This folder holds a registry, but no settings.",
                    where=str(root / SETTINGS),
                    todo="put matcher.toml back from its backup: its id names the registry's key",
                )
            text = (SHIPPED / SETTINGS).read_text(encoding="utf-8").replace("@ID@", _new_id())
            if registry:
                text = re.sub(r'^# url = ""', lambda _: f"url = {json.dumps(registry)}", text, flags=re.MULTILINE)
            parse_settings(text)
            _write(root / SETTINGS, text.encode("utf-8"))
        settings = load_settings(root / SETTINGS)
        if registry and settings.registry.url != registry:
            raise UserError(
                "The workspace has settings already, and they name another place for the registry.",
                where=f"{root / SETTINGS}: registry.url",
                todo="write the url there, and run matcher init without --registry",
            )
        keys = KeyStore.of(settings.workspace.id, root)
        workspace = cls(root, settings, keys)
        workspace.refuse_unfinished_restore()
        for folder in ("inbox", "outbox", "policy", "held"):
            (root / folder).mkdir(exist_ok=True)
        shipped = {"areas.csv": SHIPPED / "areas.csv"}
        policies = [*(SHIPPED / "policy").glob("*.toml"), *SHIPPED_DISCRETION.glob("*.toml")]
        shipped |= {f"policy/{policy.name}": policy for policy in policies}
        for name, source in sorted(shipped.items()):
            if not (root / name).exists():
                _write(root / name, source.read_bytes())
        place = workspace.registry_place
        if workspace.holds_registry():
            keys.registry_key()
            if workspace.server and not (root / PUBLIC_KEY).exists() and not (root / AUDIT).exists():
                keys.make(SIGNING)  # another machine's first folder on this server: its audit log is its own
        else:
            keys.make(REGISTRY)
            if not (root / PUBLIC_KEY).exists():  # else it is lost: see `matcher keys make`
                keys.make(SIGNING)
        open_engine(place, keys.registry_key()).dispose()
        if not (root / PUBLIC_KEY).exists():
            _write(root / PUBLIC_KEY, keys.public_pem())
        workspace._sweep_all()  # of a set-up that was cut off
        return workspace

    @classmethod
    def open(cls, path: Path, *, whole: bool = True) -> Workspace:
        """The workspace at `path`. Raises UserError where it is none, its settings have faults or its key is missing.

        `whole=False`, for what mends a workspace: neither the registry nor its key is asked for.
        """
        path = Path(path)
        if not (path / SETTINGS).is_file():
            raise UserError(
                "This is not a workspace.",
                where=str(path),
                todo=f"make one with: matcher init {path}" if not path.is_file() else "name a folder",
            )
        root = path.resolve()
        settings = load_settings(root / SETTINGS)
        keys = KeyStore.of(settings.workspace.id, root)
        workspace = cls(root, settings, keys)
        if not whole:
            return workspace
        workspace.refuse_unfinished_restore()
        if isinstance(workspace.registry_place, Path) and not (root / DATABASE).is_file():
            raise UserError(
                "The workspace holds no registry.",
                where=str(root / DATABASE),
                todo=f"restore it from its backup, or complete a new workspace with: matcher init {path}",
            )
        keys.registry_key()
        return workspace

    def refuse_unfinished_restore(self) -> None:
        """Raises UserError where a restore was cut off: what was erased since the backup might be there again."""
        if (self.root / UNFINISHED_RESTORE).exists() or self.keys.get(RESTORING) is not None:
            raise UserError(
                "A restore of this workspace is not finished.",
                where=str(self.root),
                todo="run matcher restore with the backup again: it finishes what was cut off; nothing else runs before",
            )

    # -- what it holds -----------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        return self.settings.workspace.id

    @property
    def database(self) -> Path:
        return self.root / DATABASE

    @cached_property
    def server(self) -> Server | None:
        """The server that the settings name for the registry, if any."""
        settings = self.settings.registry
        if not settings.url:
            return None
        address = server_address(settings.url)
        authority = settings.sslrootcert
        if authority not in ("", "system"):  # "system": the operating system's own authorities
            authority = str(self.root / authority)
        return Server(
            address.host, address.port, address.database, address.user or os.environ.get("PGUSER", ""), settings.sslmode,
            authority, password=self._registry_password,
        )  # fmt: skip

    def _registry_password(self) -> str | None:
        """PGPASSWORD, else the key store's; None leaves it to libpq (password file, certificate)."""
        kept = self.keys.get(REGISTRY_PASSWORD)
        return os.environ.get("PGPASSWORD") or (kept.decode("utf-8") if kept else None)

    @property
    def registry_place(self) -> Path | Server:
        """Where the registry lies. Raises UserError where families lie in the file although the settings name a server."""
        if self.server is None:
            return self.database
        if self.database.exists():
            raise UserError(
                "The settings name a server for the registry, but the families still lie in this folder.",
                where=str(self.database),
                todo=f"move them with: matcher registry move -w {self.root}, or take the url out of matcher.toml",
            )
        return self.server

    def holds_registry(self) -> bool:
        """Whether a registry is there, so that its key must not be made anew. Raises UserError."""
        place = self.registry_place
        return place.exists() if isinstance(place, Path) else is_made(place)

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    def held_path(self, batch: str) -> Path:
        """The folder of a held batch's encrypted files (it need not exist)."""
        return self.root / "held" / _batch(batch)

    def outbox(self, batch: str) -> Path:
        """The folder of a batch's outputs (it need not exist)."""
        return self.root / "outbox" / _batch(batch)

    def policy_path(self, kind: str, as_at: dt.date, *, or_earliest: bool = False) -> Path:
        """The newest `policy/<kind>.<date>.toml` not dated after `as_at`. Raises UserError where there is none.

        `or_earliest` gives the earliest file instead of refusing where all are dated after `as_at`.
        """
        dated: list[tuple[dt.date, Path]] = []
        for path in sorted((self.root / "policy").glob(f"{kind}.*.toml")):
            said = path.name.removeprefix(f"{kind}.").removesuffix(".toml")
            try:
                dated.append((dt.date.fromisoformat(said), path))
            except ValueError:
                if said[:1].isdigit():  # no draft: somebody would believe it in force
                    raise UserError(
                        "A policy file bears a date that is none.", where=str(path),
                        todo=f"name it {kind}.<date>.toml with a date as 2013-10-01, or move it out of the folder",
                    ) from None  # fmt: skip
        in_force = [pair for pair in dated if pair[0] <= as_at] or (sorted(dated)[:1] if or_earliest else [])
        if not in_force:
            first = f"; the earliest is dated {min(dated)[0]}" if dated else ""
            raise UserError(
                f"No {kind} policy is in force on {as_at}{first}.",
                where=str(self.root / "policy"),
                todo=f"put a file {kind}.<date>.toml with an earlier date there, or choose a later --as-at",
            )
        return max(in_force)[1]

    @cached_property
    def areas(self) -> pa.Table:
        """`areas.csv`: columns sector ("LE1 1"), district, area. Raises UserError where it cannot be read."""
        path = self.root / "areas.csv"
        text = pacsv.ConvertOptions(column_types=dict.fromkeys(("sector", "district", "area"), pa.string()))
        try:
            table = pacsv.read_csv(path, convert_options=text)
            return table.select(["sector", "district", "area"])
        except FileNotFoundError as error:
            raise UserError(
                "areas.csv is missing.", where=str(path), todo="run: matcher init on this workspace"
            ) from error
        except (pa.ArrowInvalid, KeyError) as error:
            raise UserError(
                "areas.csv cannot be read.", where=path.name, todo="keep the three columns sector,district,area"
            ) from error

    def files(self) -> Iterator[Path]:
        """Every file under the workspace, hidden ones too, in order of name. Links are not followed."""
        for folder, folders, names in os.walk(self.root):
            folders.sort()
            for name in sorted(names):
                yield Path(folder) / name

    def relative(self, path: Path) -> str:
        """A file's path for messages and outputs: relative to the workspace, with forward slashes."""
        return path.relative_to(self.root).as_posix()

    # -- one run at a time -------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def lock(self, command: str = "another command", *, patience: float = _PATIENCE) -> Iterator[None]:
        """Hold the workspace for one run. Raises UserError with exit code 5 where another process holds it for longer than
        `patience` seconds.

        The lock is the operating system's own and ends with the process, however that ends. Taking it again through the
        same object is allowed. The first holder destroys temporary files that a crash left.
        """
        if self._held:
            self._held += 1
            try:
                yield
            finally:
                self._held -= 1
            return
        with _held_lock(self.root, patience) as file, self._registry_held():
            self._lock_file = file
            self._held, self._holder = 1, holder_now(command)
            note(self._lock_file, self._holder)
            try:
                self._sweep_all()
                yield
            finally:
                self._held = 0
                note(self._lock_file, None)

    def at_stage(self, title: str) -> None:
        """Tell others who ask for `holder` what the command that holds the workspace is at."""
        if self._held:
            note(self._lock_file, replace(self._holder, stage=title))

    def holder(self) -> Holder | None:
        """Who holds the workspace now: None where nobody does, whatever a crash left behind."""
        return holder_of(self.root / LOCK)

    def _registry_held(self) -> contextlib.AbstractContextManager[None]:
        """The lock of a server registry, which other machines' workspaces run on as well."""
        return contextlib.nullcontext() if self.server is None else run_lock(self.server)

    # -- writing and destroying --------------------------------------------------------------------------------------

    def path(self, relative: str) -> Path:
        """Where a file of that relative name lies. Raises UserError for a path outside, or a name Windows refuses."""
        parts = PurePosixPath(relative.replace("\\", "/")).parts
        for part in parts:
            if part == ".." or _FORBIDDEN.search(part) or _RESERVED.fullmatch(part) or part != part.rstrip(". "):
                raise UserError("That file name is not allowed in a workspace.", todo="use letters, digits, . - and _")
        path = self.root.joinpath(*parts)
        if not parts or not path.resolve().is_relative_to(self.root):
            raise UserError("That path lies outside the workspace.", todo="name a file inside the workspace")
        return path

    def write(self, relative: str, content: bytes) -> Path:
        """Write a file whole or not at all, and onto the medium before returning. Gives its path. Raises UserError."""
        path = self.path(relative)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, content)
        except OSError as error:
            raise _cannot("write", path, error) from error
        return path

    def waiting_path(self) -> Path:
        """A free name for a file on its way to its place: what a crash leaves of it, the next holder of the lock destroys."""
        return self.root / f".{secrets.token_hex(8)}{_WAITING}"

    def put_in_place(self, waiting: Path, relative: str) -> None:
        """Give a finished file (of `waiting_path`) its name, in place of what has it. Raises UserError."""
        path = self.path(relative)
        try:
            waiting.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            raise _cannot("write", path, error) from error

    def read(self, relative: str) -> bytes:
        """The bytes of a file of the workspace. Raises FileNotFoundError."""
        return self.path(relative).read_bytes()

    def append(self, relative: str, line: bytes, *, tail: int = 1 << 16) -> None:
        """Add one line to a log, onto the medium before returning. See `appending` to read the end first."""
        with self.appending(relative, tail=tail) as log:
            log.add(line)

    @contextlib.contextmanager
    def appending(self, relative: str, *, tail: int = 1 << 16) -> Iterator[Log]:
        """Hold a log for one addition (waiting for other processes), with its last `tail` bytes to read, or more: the last
        whole line at least."""
        path = self.path(relative)
        try:
            with locked(path.with_name(f".{path.name}.lock"), patience=None), path.open("a+b") as file:
                size = file.seek(0, os.SEEK_END)
                while True:
                    file.seek(max(0, size - tail))
                    read = file.read()
                    if tail >= size or read.count(b"\n") > 1:
                        break
                    tail *= 4
                yield Log(file.fileno(), read)
        except OSError as error:
            raise _cannot("write", path, error) from error

    def destroy(self, path: Path, *, digest: str | None = None) -> Destroyed:
        """Rename at random, overwrite once, empty, remove: a file of the workspace, or a received file wherever it lies.

        With `digest`, a file of other content is left alone ("changed since": a new file of the same name). It is renamed
        first, so that what a crash leaves half overwritten is known for that and swept up by `sweep`. Says "removed, medium
        not proven": on flash media and copy-on-write file systems the old blocks may live on until they are reused. A file
        that is gone already counts as removed, so that this may be done twice. Raises UserError for a link or a folder, or
        where the file is held open elsewhere.
        """
        try:
            information = path.lstat()
        except FileNotFoundError:
            return Destroyed(path.name, 0, None, ALREADY_GONE)
        if not stat.S_ISREG(information.st_mode):
            raise UserError(
                "Only plain files are destroyed.", where=str(path), todo="remove the link or folder by hand"
            )
        try:
            found = digest_of(path)
            if digest is not None and found != digest:
                return Destroyed(path.name, information.st_size, found, CHANGED)
            if not information.st_mode & stat.S_IWUSR:
                path.chmod(stat.S_IRUSR | stat.S_IWUSR)
            nameless = path.with_name(f"{secrets.token_hex(8)}{_WAITING}")
            path.rename(nameless)
            size = nameless.stat().st_size
            with nameless.open("r+b") as file:
                for start in range(0, size, _CHUNK):
                    file.write(secrets.token_bytes(min(_CHUNK, size - start)))
                file.flush()
                os.fsync(file.fileno())
                file.truncate(0)
                os.fsync(file.fileno())
            nameless.unlink()
            _sync_folder(path.parent)
        except OSError as error:
            raise _cannot("destroy", path, error) from error
        return Destroyed(path.name, size, found, MEDIUM_NOT_PROVEN)

    def sweep(self, folder: Path) -> int:
        """Destroy what a crash left in a folder: half-written and half-destroyed files. Gives their number."""
        left = [path for path in sorted(folder.glob(f"*{_WAITING}")) if _LEFT.fullmatch(path.name)]
        for path in left:
            self.destroy(path)
        return len(left)

    def _sweep_all(self) -> None:
        """Destroy what a crash left anywhere in the workspace. The caller holds the lock."""
        for path in list(self.files()):
            if _LEFT.fullmatch(path.name):
                self.destroy(path)

    def destroy_folder(self, folder: Path) -> list[Destroyed]:
        """Destroy every file under a folder of the workspace, and the folder. Raises UserError for a folder outside."""
        if not folder.resolve().is_relative_to(self.root) or folder.resolve() == self.root:
            raise UserError("Only a folder inside the workspace is destroyed whole.", where=str(folder))
        done = []
        if folder.is_dir():
            for inner, folders, names in os.walk(folder, topdown=False):
                done += [self.destroy(Path(inner) / name) for name in sorted(names)]
                try:
                    for name in folders:
                        (Path(inner) / name).rmdir()
                except OSError as error:
                    raise _cannot("destroy", Path(inner), error) from error
            try:
                folder.rmdir()
                _sync_folder(folder.parent)
            except OSError as error:
                raise _cannot("destroy", folder, error) from error
        return done


class Log:
    """A log held for one addition: `tail` is what its end held."""

    def __init__(self, descriptor: int, tail: bytes) -> None:
        self._descriptor, self.tail = descriptor, tail

    def add(self, line: bytes) -> None:
        """Whole or not at all: what a full disk cut off is taken back. Raises OSError."""
        end, content = os.fstat(self._descriptor).st_size, line + b"\n"
        try:
            while content:
                content = content[os.write(self._descriptor, content) :]
            os.fsync(self._descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, end)
            raise


def digest_of(path: Path) -> str:
    """sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_file(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write a file outside any workspace whole or not at all; `private`: for its owner alone. Raises UserError."""
    try:
        _write(path, content, private=private)
    except OSError as error:
        raise _cannot("write", path, error) from error


def _new_id() -> str:
    return "W-" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(8))


def _batch(batch: str) -> str:
    if not _BATCH.fullmatch(batch):
        raise UserError("That is no batch.", todo="batches look like 2013-10-31-1; see: matcher status")
    return batch


def _write(path: Path, content: bytes, *, private: bool = False) -> None:
    waiting = path.with_name(f".{secrets.token_hex(8)}{_WAITING}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(waiting, flags, 0o600 if private else 0o666), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(path)
    except BaseException:
        waiting.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Put a rename onto the medium. Windows does that by itself and opens no folders."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _held_lock(root: Path, patience: float) -> Iterator[IO[bytes]]:
    """The lock of the workspace at `root`, or UserError naming who holds it."""
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(locked(root / LOCK, patience=patience))
        except BlockingIOError as error:
            raise UserError(
                "Another run holds the workspace.",
                where=(str(root), *([str(holder)] if (holder := holder_of(root / LOCK)) else ())),
                todo="wait until it is done (matcher status shows it) and run the command again",
                code=Exit.BUSY,
                refusal="lock_busy",
            ) from error
        except OSError as error:
            raise _cannot("lock", root / LOCK, error) from error
        yield file


def _cannot(do: str, path: Path, error: OSError) -> UserError:
    return UserError(
        f"Could not {do}: {os.strerror(error.errno) if error.errno else type(error).__name__}.",
        where=str(path),
        todo="close the file where it is open, check the disk's space and rights, and run the command again",
    )
