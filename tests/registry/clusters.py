"""A PostgreSQL server of the tests' own: made in a temporary folder, gone with the test session.

Gives `Cluster`, which makes databases as a server's administrator would: with the SQL of `matcher registry sql`. Says why there
is none where the server's programs are not installed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from matcher.registry.roles import administrator_sql

NAME = "registry.test"  # what the server's certificate proves; reached through PGHOSTADDR
ADMINISTRATOR = "postgres"
LOGINS = {
    "monthly_run": "matcher_run",
    "city_worker": "matcher_keyworker_city",
    "county_worker": "matcher_keyworker_county",
    "finance_one": "matcher_finance",
    "stranger": None,
}
PASSWORD = "quiet-harbour-49"


def programs() -> Path | None:
    """The folder of initdb and postgres, wherever Debian, a package or a build put them."""
    told = shutil.which("pg_config")
    if told:
        said = subprocess.run([told, "--bindir"], capture_output=True, text=True, check=False).stdout.strip()
        if said and (Path(said) / "initdb").exists():
            return Path(said)
    found = [path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)]
    which = shutil.which("initdb")
    return found[0] if found else Path(which).resolve().parent if which else None


@dataclass
class Cluster:
    """A running server. Everybody is let in with a password; the tests' administrator over the socket without."""

    folder: Path
    port: int
    bin: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    def _as_server(self, *command: str | Path) -> None:
        """Run one of the server's programs; never as root, which they refuse."""
        options: dict[str, Any] = {}
        if os.name == "posix" and os.geteuid() == 0:
            options = {"user": _other_user(), "group": _other_group(), "extra_groups": []}
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, cwd=self.folder, check=False, **options
        )
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name}: {done.stderr or done.stdout}")

    def start(self) -> None:
        told = " ".join(
            f"-c {name}={value}"
            for name, value in {
                "port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder,
                "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "ssl": "on",
                "ssl_cert_file": self.folder / "server.pem", "ssl_key_file": self.folder / "server.key",
                "max_connections": 40, "shared_buffers": "32MB", "log_statement": "all", "autovacuum": "off",
            }.items()
        )  # fmt: skip
        data, log = self.folder / "data", self.folder / "log.txt"
        self._as_server(self.bin / "pg_ctl", "-D", data, "-l", log, "-w", "-t", "60", "-o", told, "start")

    def stop(self, mode: str = "fast") -> None:
        self._as_server(self.bin / "pg_ctl", "-D", self.folder / "data", "-m", mode, "-w", "stop")

    def administer(self, database: str, *statements: str) -> list[tuple[Any, ...]]:
        """Run SQL as the administrator; gives the rows of the last statement that has any."""
        rows: list[tuple[Any, ...]] = []
        with psycopg.connect(
            host=str(self.folder), port=self.port, dbname=database, user=ADMINISTRATOR, autocommit=True
        ) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
                if cursor.description:
                    rows = cursor.fetchall()
        return rows

    def make_database(self) -> str:
        name = f"registry_{next(self._numbers)}"
        self.administer("postgres", f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        self.administer(name, administrator_sql())
        return name

    def url(self, database: str, login: str = "monthly_run", host: str = "127.0.0.1") -> str:
        return f"postgresql://{login}@{host}:{self.port}/{database}"

    def dump(self, database: str, *options: str) -> str:
        """Everything of a database, as its administrator's backup holds it."""
        return subprocess.run(
            [self.bin / "pg_dump", "-h", self.folder, "-p", str(self.port), "-U", ADMINISTRATOR, *options, database],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip


def _other_user() -> str:
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _other_group() -> int:
    import pwd

    return pwd.getpwnam(_other_user()).pw_gid


@contextlib.contextmanager
def running(bin: Path) -> Iterator[Cluster]:
    """A new server with the roles' logins, stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="matcher-pg-", dir="/tmp"))  # short: a socket's path may have 107 characters
    cluster = Cluster(folder, _free_port(), bin)
    try:
        _certificates(folder)
        (folder / "data").mkdir()
        if os.geteuid() == 0:
            import pwd

            user = pwd.getpwnam(_other_user())
            for path in (folder, *folder.iterdir()):
                os.chown(path, user.pw_uid, user.pw_gid)
        cluster._as_server(
            bin / "initdb", "-D", folder / "data", "-U", ADMINISTRATOR, "--auth=scram-sha-256", "-N", "-E", "UTF8",
            "--pwfile", folder / "password.txt",
        )  # fmt: skip
        rules = f"local all {ADMINISTRATOR} trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (folder / "data" / "pg_hba.conf").write_text(rules)
        cluster.start()
        first = cluster.make_database()  # makes the roles
        for login, role in LOGINS.items():
            made = f"CREATE ROLE {login} LOGIN PASSWORD '{PASSWORD}'"
            cluster.administer(first, made, *([f"GRANT {role} TO {login}"] if role else []))
        cluster.administer(first, "GRANT CONNECT ON DATABASE postgres TO PUBLIC")
        yield cluster
    finally:
        with contextlib.suppress(RuntimeError):
            cluster.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _certificates(folder: Path) -> None:
    """A certificate authority of the tests' own, and the server's certificate for NAME."""
    now = dt.datetime.now(dt.UTC)
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tests")])

    def certificate(subject: x509.Name, key: Any, *extensions: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=7))
        )  # fmt: skip
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(authority, hashes.SHA256())

    root = certificate(issuer, authority, (x509.BasicConstraints(ca=True, path_length=0), True))
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))])
    leaf = certificate(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)]), server, (names, False))
    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(root.public_bytes(pem))
    (folder / "server.pem").write_bytes(leaf.public_bytes(pem))
    key = server.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.key").write_bytes(key)
    (folder / "server.key").chmod(0o600)
    (folder / "password.txt").write_text(PASSWORD)
    (folder / "authority.pem").chmod(0o644)
    folder.chmod(0o755)


def wait_for(condition: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
