"""The registry on a PostgreSQL server: how it is reached, as whom, and one at a time.

Takes where the server is (`Server`, never with a password) and gives an SQLAlchemy engine on it. Refuses a server that is not
this machine without TLS that proves its name, a login without one of the registry's roles, a server without these roles.
Errors are told without what the server says about rows. Writers take turns, as on the embedded file.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import QueuePool

from matcher.errors import Exit, UserError
from matcher.registry.roles import FINANCE, KEY_WORKER, RUN, SCHEMA, all_roles

VERIFIED = "verify-full"
WAIT_SECONDS = 30
_RUN_LOCK, _WRITE_LOCK = (
    0x6D617463_0001,
    0x6D617463_0002,
)  # advisory locks of one database: a run, a writing transaction
_NOT_ALLOWED, _LOCK_WAIT, _READ_ONLY = "42501", "55P03", "25006"
_NO_DRIVER = "The server registry needs the PostgreSQL driver, which is not installed."


class ServerLost(UserError):
    """The server cannot be reached, or went away: nothing is wrong with the month, and it goes on later."""


@dataclass(frozen=True)
class Server:
    """Where a server registry is, as `[registry]` of matcher.toml says. `password` is asked for when one connects."""

    host: str
    port: int
    database: str
    user: str = ""
    sslmode: str = ""
    sslrootcert: str = ""
    password: Callable[[], str | None] = field(default=lambda: None, compare=False, repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"postgresql://{host}:{self.port}/{self.database}"

    @property
    def local(self) -> bool:
        """Whether it is this machine: a socket or a loopback address, also where libpq's PGHOSTADDR redirects the name."""
        redirected = os.environ.get("PGHOSTADDR", "")
        return is_loopback(self.host) and (not redirected or is_loopback(redirected))

    @property
    def tls(self) -> str:
        """libpq's sslmode. Raises UserError where the settings ask for less than another machine needs."""
        if not self.local and self.sslmode not in ("", VERIFIED):
            raise UserError(
                f"sslmode {self.sslmode} is not enough for a server on another machine.",
                where=f"matcher.toml: registry.sslmode, for {self}",
                todo=f'set sslmode = "{VERIFIED}", and sslrootcert to the certificate authority of the server',
            )
        return self.sslmode or ("prefer" if self.local else VERIFIED)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own: a socket folder, localhost, 127.0.0.0/8, ::1."""
    if host.startswith(("/", "@")) or host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def make_engine(server: Server) -> sa.Engine:
    """An engine on the server as the registry's role, connected on first use."""
    _driver()
    engine = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: connect(server), poolclass=QueuePool, pool_size=2, hide_parameters=True
    )

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.info.pop("emptied", None)  # of a transaction that was rolled back
        # the same order as on the embedded file: a reader sees one moment, writers take turns from their first statement
        if connection.get_execution_options().get("writes", False):
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_WRITE_LOCK,))
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

    @sa.event.listens_for(engine, "handle_error")
    def _told(context: sa.engine.ExceptionContext) -> BaseException | None:
        return _without_values(context, server)

    @sa.event.listens_for(engine, "after_execute")
    def _touched(connection: sa.Connection, clause: Any, *_: Any) -> None:
        if isinstance(clause, sa.Delete) and isinstance(clause.table, sa.Table):
            connection.info.setdefault("emptied", set()).add(clause.table.name)

    return engine


def connect(server: Server) -> Any:
    """A connection as the registry's role, its schema in front. Raises UserError."""
    psycopg = _driver()
    mode = server.tls
    options = {
        "host": server.host, "port": server.port, "dbname": server.database, "sslmode": mode,
        "application_name": "matcher", "connect_timeout": 10, "autocommit": True, "client_encoding": "UTF8",
        "options": f"-c lock_timeout={WAIT_SECONDS}s -c timezone=UTC",
        "keepalives_idle": 60,
    }  # fmt: skip
    optional = {"user": server.user, "sslrootcert": server.sslrootcert, "password": server.password()}
    try:
        connection = psycopg.connect(**options, **{name: value for name, value in optional.items() if value})
    except psycopg.OperationalError as error:
        raise _unreached(server, str(error)) from None
    try:
        if mode != VERIFIED and not is_loopback(connection.info.hostaddr or "/"):  # a service file redirected it
            raise _elsewhere(server)
        _take_role(connection, server)
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection


def _driver() -> Any:
    try:
        import psycopg
    except ImportError:
        raise UserError(_NO_DRIVER, todo='install it beside matcher: pip install "matcher[server]"') from None
    return psycopg


def _take_role(connection: Any, server: Server) -> None:
    rows = connection.execute(
        "SELECT rolname, pg_has_role(session_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = ANY(%s)",
        (list(all_roles()),),
    ).fetchall()
    member = dict(rows)
    if missing := sorted(set(all_roles()) - set(member)):
        raise UserError(
            "The server does not know the registry's roles.",
            where=f"{server}: {', '.join(missing)}",
            todo="let the server's administrator run what this prints: matcher registry sql",
        )
    if not member[RUN] and not member[KEY_WORKER]:
        reads = " It is finance's: it reads finance's views with any SQL tool." if member[FINANCE] else ""
        raise UserError(
            f"This login may not use the registry.{reads}",
            where=str(server),
            todo=f"let the server's administrator grant it {RUN}, or {KEY_WORKER}_<area>",
            refusal="server_role",
        )
    if member[RUN]:
        connection.execute(f"SET ROLE {RUN}")
    connection.execute(f"SET search_path = {SCHEMA}, pg_temp")


def may_run(engine: sa.Engine) -> bool:
    """Whether this login is the batch's, which sees everything; a key worker's sees its areas and changes nothing."""
    with engine.connect() as connection:
        return bool(connection.exec_driver_sql(f"SELECT current_user = '{RUN}'").scalar())


@contextlib.contextmanager
def run_lock(server: Server) -> Iterator[None]:
    """Hold the registry for one run, whichever machine it comes from. Raises UserError with exit code 5 where it is held.

    The lock belongs to a connection: it ends with the process, or with the server, however that ends.
    """
    connection = connect(server)
    try:
        connection.autocommit = True
        if not connection.execute("SELECT pg_try_advisory_lock(%s)", (_RUN_LOCK,)).fetchone()[0]:
            raise UserError(
                "Another run holds the registry.",
                where=str(server),
                todo="wait until the run on the other machine is done (matcher status shows it) and run the command again",
                code=Exit.BUSY,
            )
        yield
    finally:
        connection.close()


def scrub(engine: sa.Engine, tables: set[str]) -> None:
    """Give the pages of deleted rows back to the server's file system, so that no dump of its files holds them.

    Where a reader keeps a table busy, its rows are left to the server's own vacuum: they are gone from every query and
    their personal columns are encrypted.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in sorted(tables):
            with contextlib.suppress(sa.exc.OperationalError, UserError):
                connection.exec_driver_sql(
                    f"VACUUM (FULL) {SCHEMA}.{connection.dialect.identifier_preparer.quote(name)}"
                )


# -- errors ----------------------------------------------------------------------------------------------------------


def _without_values(context: sa.engine.ExceptionContext, server: Server) -> BaseException | None:
    """What a driver's error becomes: a UserError, or the same error without what the server says about rows."""
    error = context.original_exception
    state = getattr(error, "sqlstate", None)
    if isinstance(error, UserError):
        return None
    if context.is_disconnect:
        return ServerLost(
            "The connection to the registry's server was lost.",
            where=str(server),
            todo="when the server is back, go on with: matcher resume (see where it stands with: matcher status)",
        )
    if state == _NOT_ALLOWED:
        return UserError(
            "This login may not do that in the registry.",
            where=str(server),
            todo=f"use the login of the monthly run (role {RUN}), or ask the server's administrator",
            refusal="server_right",
        )
    if state == _LOCK_WAIT:
        return UserError(
            "The registry is locked by another command.",
            where=str(server),
            todo="wait until it is done and run the command again",
            code=Exit.BUSY,
        )
    if state == _READ_ONLY:
        return UserError(
            "The registry's server takes no changes: it is a standby, or set to read only.",
            where=str(server),
            todo="name the primary server in matcher.toml, or ask the server's administrator",
        )
    if state is not None:
        error.args = (f"SQLSTATE {state}",)
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.args = (f"({type(error).__name__}) SQLSTATE {state}",)
    return None


def _unreached(server: Server, said: str) -> UserError:
    """Why no connection came about. What libpq says names hosts, users and files, never a password or a row."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    where = [str(server), *lines[:3]]
    told = said.lower()
    if "certificate" in told or "ssl" in told or "tls" in told:
        return UserError(
            "The registry's server did not prove by TLS that it is the one named.", where=where,
            todo="set sslrootcert in matcher.toml to the certificate authority's file, and name the server as its "
            "certificate does; the server needs ssl = on", refusal="server_unproven",
        )  # fmt: skip
    if "password" in told or "authentication" in told or "role" in told:
        return UserError(
            "The registry's server refused the login.", where=where,
            todo="name the login in PGUSER or in the url, and give its password with: matcher registry password, "
            "or in PGPASSWORD or libpq's password file", refusal="server_login",
        )  # fmt: skip
    return ServerLost(
        "The registry's server cannot be reached.", where=where,
        todo="check url in matcher.toml ([registry]) and that the server runs, then run the command again; a run that "
        "was cut off goes on with: matcher resume",
    )  # fmt: skip


def _elsewhere(server: Server) -> UserError:
    return UserError(
        "The registry's server is on another machine than its name says, and did not prove by TLS which it is.",
        where=str(server), todo=f'name the server by its own name, with sslmode = "{VERIFIED}"', refusal="server_unproven",
    )  # fmt: skip
