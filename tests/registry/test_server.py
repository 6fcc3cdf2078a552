"""What only a server registry has: TLS and logins, roles and rows, sealed columns, one run at a time, the move there."""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import os
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from matcher.cli import cli
from matcher.errors import Exit, UserError
from matcher.purge.audit import Audit
from matcher.registry import Registry, roles, schema, server
from matcher.registry.database import HEAD, open_engine, writing
from matcher.registry.schema.personal import PERSONAL, Personal
from matcher.registry.server import Server, ServerLost, is_loopback
from matcher.registry.transfer import reseal
from matcher.workspace import REGISTRY_PASSWORD, Workspace
from tests.registry.clusters import LOGINS, NAME, PASSWORD, Cluster
from tests.registry.months import House, Month, Someone, knows, seal

ALICE, BEN = Someone("QUILLFEATHER", "ALICE"), Someone("QUILLFEATHER", "BENEDICT", 2001)
CARL, DORA, ELLA = (Someone("THISTLEWOOD", name) for name in ("CARL", "DORA", "ELLA"))
CANARIES = ("QUILLFEATHER", "ALICE", "BENEDICT", "THISTLEWOOD", "HIGH STREET", "LE11 1AA", "LE1 5AB", "1975-05-17")
AREAS = ("city", "county")

pytestmark = pytest.mark.usefixtures("_password")


@pytest.fixture
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)


@pytest.fixture
def database(cluster: Cluster) -> str:
    return cluster.make_database()


@pytest.fixture
def workspace(cluster: Cluster, database: str, tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w", registry=cluster.url(database))


@pytest.fixture
def sealed(workspace: Workspace) -> str:
    """A county family, and a city family one of whom moves to the county family in the second month."""
    houses = [House([ALICE, BEN], dwelling_row=True), House([CARL, DORA, ELLA], area="city", postcode="LE1 5AB")]
    with Registry.open(workspace) as registry:
        seal(registry, Month(houses))
        alice, ben, carl, dora, ella = knows([ALICE, BEN, CARL, DORA, ELLA], registry)
        later = [House([alice, ben, dora], dwelling_row=True), House([carl, ella], area="city", postcode="LE1 5AB")]
        return seal(registry, Month(later, dt.date(2013, 11, 30)))[0]


def of_login(workspace: Workspace, cluster: Cluster, database: str, login: str) -> Workspace:
    """The same workspace, its settings naming another login."""
    text = (workspace.root / "matcher.toml").read_text(encoding="utf-8")
    (workspace.root / "matcher.toml").write_text(
        text.replace(cluster.url(database), cluster.url(database, login)), encoding="utf-8"
    )
    return Workspace.open(workspace.root)


def rows(cluster: Cluster, database: str, statement: str, login: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(
        host="127.0.0.1", port=cluster.port, dbname=database, user=login, password=PASSWORD, autocommit=True,
        options="-c search_path=matcher",
    ) as connection:  # fmt: skip
        return connection.execute(statement).fetchall()


def invoke(*arguments: object, **options: Any) -> Any:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], **options)


# -- how it is reached -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.8.0.9", "::1", "/run/postgresql"])
def test_a_loopback_host_needs_no_tls(host: str) -> None:
    assert is_loopback(host) and Server(host, 5432, "m").tls == "prefer"


@pytest.mark.parametrize(
    "host", ["registry.example", "10.0.0.7", "0.0.0.0", "localhost.example", "::", "127.0.0.1.nip"]
)
@pytest.mark.parametrize("mode", ["disable", "prefer", "require", "verify-ca"])
def test_another_machine_is_refused_without_tls_that_proves_its_name(host: str, mode: str) -> None:
    assert not is_loopback(host) and Server(host, 5432, "m").tls == "verify-full"
    with pytest.raises(UserError, match=f"sslmode {mode} is not enough"):
        server.connect(Server(host, 5432, "m", sslmode=mode))


def test_a_loopback_name_that_libpq_redirects_counts_as_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.7")
    assert Server("localhost", 5432, "m").tls == "verify-full"


def test_a_server_that_proves_to_be_another_machine_is_refused(
    cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "is_loopback", lambda host: host == "localhost")
    with pytest.raises(UserError, match="on another machine than its name says") as refused:
        server.connect(Server("localhost", cluster.port, database, "monthly_run"))
    assert refused.value.refusal == "server_unproven"


def test_a_server_proves_by_its_certificate_that_it_is_the_one_named(
    workspace: Workspace, cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    known = {"user": "monthly_run", "sslrootcert": str(cluster.authority)}
    connection = server.connect(Server(NAME, cluster.port, database, **known))
    assert connection.pgconn.ssl_in_use
    connection.close()
    with pytest.raises(UserError, match="did not prove by TLS"):
        server.connect(Server("another.test", cluster.port, database, **known))
    with pytest.raises(UserError, match="did not prove by TLS"):
        server.connect(Server(NAME, cluster.port, database, "monthly_run"))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://me:secret@db/m", "holds a password"),
        ("mysql://db/m", "is no address of a server registry"),
        ("postgresql:///m", "is no address"),
        ("postgresql://db", "is no address"),
        ("postgresql://db:port/m", "is no address"),
        ("postgresql://db/m?sslmode=disable", "holds options"),
    ],
)
def test_an_address_with_a_password_or_a_slip_is_refused_without_its_text(tmp_path: Path, url: str, told: str) -> None:
    refused = invoke("init", tmp_path / "w", "--registry", url)
    assert refused.exit_code == 1 and told in str(refused.exception)
    assert "secret" not in str(refused.exception) + refused.output
    assert not (tmp_path / "w" / "matcher.toml").exists()


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ServerLost, match="cannot be reached"):
        Workspace.create(tmp_path / "w", registry="postgresql://127.0.0.1:1/m")


def test_a_wrong_password_is_said_without_it(
    cluster: Cluster, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "wrong-one")
    with pytest.raises(UserError, match="refused the login") as refused:
        Workspace.create(tmp_path / "w", registry=cluster.url(database))
    assert "wrong-one" not in str(refused.value)


def test_the_password_may_lie_in_the_key_store(
    workspace: Workspace, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGPASSFILE", "nowhere")
    with pytest.raises(UserError, match="refused the login"):
        Registry.open(workspace)
    kept = invoke("registry", "password", "-w", workspace.root, input=PASSWORD + "\n")
    assert kept.exit_code == 0 and PASSWORD not in kept.output
    assert workspace.keys.get(REGISTRY_PASSWORD) == PASSWORD.encode()
    with Registry.open(workspace) as registry:
        assert registry.batches() == []
    assert invoke("registry", "password", "-w", workspace.root, input="\n").exit_code == 1


def test_a_workspace_with_a_file_has_no_password(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "w")
    refused = invoke("registry", "password", "-w", tmp_path / "w", input="x\n")
    assert "is a file, which has no password" in str(refused.exception)


def test_without_the_driver_it_is_said_how_to_install_it(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(UserError, match="driver, which is not installed"):
        Registry.open(workspace)


def test_a_server_without_the_roles_is_refused_and_the_sql_named(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        server, "all_roles", lambda: ("matcher_run", "matcher_keyworker", "matcher_finance", "matcher_x")
    )
    with pytest.raises(UserError, match="does not know the registry's roles") as refused:
        Workspace.create(tmp_path / "w", registry=cluster.url(cluster.make_database()))
    assert "matcher registry sql" in refused.value.todo and "matcher_x" in str(refused.value)


def test_the_sql_for_the_administrator_may_be_run_again(cluster: Cluster, database: str) -> None:
    printed = invoke("registry", "sql")
    assert printed.exit_code == 0 and printed.output == roles.administrator_sql()
    cluster.administer(database, printed.output)


# -- what lies on the server -----------------------------------------------------------------------------------------


def test_nothing_of_a_family_is_in_clear_on_the_server(
    workspace: Workspace, sealed: str, cluster: Cluster, database: str
) -> None:
    cluster.administer(database, "CHECKPOINT")
    dump = cluster.dump(database)
    assert "COPY matcher.person_state" in dump and sealed in dump
    tables = [
        name for (name,) in cluster.administer(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'matcher'")
    ]
    cells = [str(cluster.administer(database, f'SELECT * FROM matcher."{name}"')) for name in tables]
    files = b"".join(path.read_bytes() for path in (cluster.folder / "data").rglob("*") if path.is_file())
    files += (cluster.folder / "log.txt").read_bytes()
    assert sealed.encode() in files, "tables, write-ahead log and the server's log were looked at"
    for canary in CANARIES:
        assert canary not in dump and canary not in "".join(cells) and canary.encode() not in files, canary
        assert canary.encode().hex() not in dump
    with Registry.open(workspace) as registry:
        told = "\n".join(text for _, text in registry.every_cell())
    assert all(canary in told for canary in CANARIES), "every cell is deciphered for the search"


CLEAR = {  # what a server's administrator can read of a registry: ids, dates of batches and membership, codes, counts
    "family": "family_id status identified_on identified_batch confirmed_batch review_due merged_into area route",
    "family_state": "family_id batch_id meets status merged_into area route",
    "family_event": "event_id family_id batch_id event person_id other_family happened_on stamped_at",
    "person": "person_id first_batch",
    "person_state": "person_id batch_id placed_by placed_probability",
    "membership": "membership_id family_id person_id joined_batch left_batch joined_on left_on",
    "record": "record_key batch_id family_id person_id strength dataset supplier row part names_person ref_system "
    "name_order_sure address_kind",
    "evidence": "evidence_key batch_id record_key family_id person_id",
    "finding": "batch_id family_id clause status reading citation",
    "support": "batch_id family_id clause evidence_key person_id",
    "correction": "correction_id person_id request_id field said_by by_role corrected_on recorded_at",
    "rights_request": "request_id kind person_id family_id received_on due_on law by_role identity found searched_at "
    "exemption citation decision decided_by decided_on recorded_at",
    "link": "link_key batch_id family_id person_id other_id record_key other_key verdict weight best worst",
    "registry_key": "name",
}
NO_PERSON = {  # tables that hold no value of a person or family at all
    "batch", "confirmation", "disclosure", "disclosure_family", "erasure_marker", "originator_view", "question",
    "restriction", "retention_decision", "supply",
}  # fmt: skip


def test_every_column_is_sealed_or_known_to_be_in_clear() -> None:
    """A new column fails here until somebody has said which it is."""
    assert set(CLEAR) | NO_PERSON == set(schema.metadata.tables)
    assert set(PERSONAL) <= set(CLEAR)
    for name, clear in CLEAR.items():
        table = schema.metadata.tables[name]
        sealed = {column.name for column in table.c if isinstance(column.type, Personal)}
        assert sealed == set(PERSONAL.get(name, ()))
        assert sealed | set(clear.split()) == {column.name for column in table.c} and not sealed & set(clear.split()), (
            name
        )


def test_the_sealed_columns_are_bytes_on_the_server(workspace: Workspace, cluster: Cluster, database: str) -> None:
    found = cluster.administer(
        database, "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'matcher' AND data_type = 'bytea'",
    )  # fmt: skip
    assert set(found) == {(table, name) for table, names in PERSONAL.items() for name in names}


def test_a_personal_column_cannot_be_compared_in_sql_anywhere() -> None:
    with pytest.raises(TypeError, match="cannot be compared in SQL"):
        sa.select(schema.person_state).where(schema.person_state.c.nino == "AB123456C")
    assert "IS NULL" in str(schema.person_state.c.nino.is_(None))


def test_a_value_moved_to_another_column_or_changed_is_refused(
    workspace: Workspace, sealed: str, cluster: Cluster, database: str
) -> None:
    for change in (
        "UPDATE matcher.person_state SET forename = surname",
        "UPDATE matcher.person_state SET surname = set_byte(surname, 20, get_byte(surname, 20) # 1)",
    ):
        cluster.administer(database, change)
        with Registry.open(workspace) as registry, pytest.raises(UserError, match="a value was changed on the server"):
            registry.families()


def test_another_key_opens_nothing_and_writes_nothing(workspace: Workspace) -> None:
    with pytest.raises(UserError, match="the key is not its key"):
        open_engine(workspace.registry_place, bytes(32))


def test_a_workspace_without_the_key_makes_no_second_one(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MATCHER_KEYS", str(tmp_path / "other keys"))
    with pytest.raises(UserError, match="key of the registry is missing"):
        Workspace.create(workspace.root)
    assert not list((tmp_path / "other keys").rglob("registry.key"))


def test_resealing_leaves_the_same_families_under_another_key(workspace: Workspace, sealed: str) -> None:
    with Registry.open(workspace) as registry:
        before = sorted(registry.every_cell())
    engine = open_engine(workspace.registry_place, workspace.keys.registry_key())
    reseal(engine, bytes(range(32)))
    engine.dispose()
    with pytest.raises(UserError, match="the key is not its key"):
        Registry.open(workspace)
    workspace.keys.put("registry", bytes(range(32)))
    with Registry.open(workspace) as registry:
        assert sorted(registry.every_cell()) == before


def test_the_pages_of_deleted_rows_are_given_back(
    workspace: Workspace, sealed: str, cluster: Cluster, database: str
) -> None:
    def dead() -> int:
        cluster.administer(database, "CREATE EXTENSION IF NOT EXISTS pgstattuple")
        return sum(
            cluster.administer(database, f"SELECT (pgstattuple('matcher.{name}')).dead_tuple_count")[0][0]
            for name in ("record", "person_state", "evidence", "family_state")
        )

    with Registry.open(workspace) as registry:
        held = registry.records(batch=sealed).num_rows
        registry.rollback_batch(sealed)
        assert held and registry.records(batch=sealed).num_rows == 0
    assert dead() == 0


def test_a_reader_of_the_deleted_rows_does_not_stop_the_deletion(
    workspace: Workspace, sealed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "WAIT_SECONDS", 1)
    reading = open_engine(workspace.registry_place, workspace.keys.registry_key())
    with Registry.open(workspace) as registry, reading.connect() as reader:
        assert reader.execute(sa.select(schema.record)).all()
        registry.rollback_batch(sealed)
        assert registry.records(batch=sealed).num_rows == 0
    reading.dispose()


# -- who sees what ---------------------------------------------------------------------------------------------------


def test_every_table_has_forced_row_level_security_with_a_policy(
    workspace: Workspace, cluster: Cluster, database: str
) -> None:
    """A new table without a policy fails here."""
    found = {
        name: (enabled, forced, policies)
        for name, enabled, forced, policies in cluster.administer(
            database, "SELECT relname, relrowsecurity, relforcerowsecurity, "
            "(SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) FROM pg_class c "
            "WHERE relnamespace = 'matcher'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'",
        )
    }  # fmt: skip
    assert set(found) == set(schema.metadata.tables)
    assert {
        name for name, (enabled, forced, policies) in found.items() if not (enabled and forced and policies)
    } == set()


@pytest.mark.parametrize("area", AREAS)
def test_a_key_worker_sees_rows_of_its_own_area_alone(
    workspace: Workspace, sealed: str, cluster: Cluster, database: str, area: str
) -> None:
    """Whatever table has a family or person, held to what the administrator knows of each."""
    ((family,),) = cluster.administer(database, f"SELECT family_id FROM matcher.family WHERE area = '{area}'")
    members = {p for (p,) in cluster.administer(
        database, f"SELECT person_id FROM matcher.membership WHERE family_id = '{family}'")}  # fmt: skip
    login, seen = f"{area}_worker", {}
    for name, table in schema.metadata.tables.items():
        columns = [column for column in ("family_id", "person_id") if column in table.c]
        if not columns:
            continue
        try:
            seen[name] = rows(cluster, database, f'SELECT {", ".join(columns)} FROM "{name}"', login)
        except psycopg.errors.InsufficientPrivilege:
            assert name in ("erasure_marker", "rights_request"), name
            continue
        for row in seen[name]:
            told = dict(zip(columns, row, strict=True))
            assert told.get("family_id") in (family, None), name
            assert told.get("person_id") is None or told["person_id"] in members, name
    assert seen["family"] == [(family,)] and seen["record"] and seen["evidence"] and seen["person_state"]


def test_a_key_worker_sees_who_left_only_as_last_found_in_the_area(
    workspace: Workspace, sealed: str, cluster: Cluster, database: str
) -> None:
    states = rows(cluster, database, "SELECT person_id, batch_id FROM person_state", "city_worker")
    found = rows(cluster, database, "SELECT person_id, left_batch FROM membership", "city_worker")
    (gone,) = [person for person, left in found if left is not None]
    assert [batch for person, batch in states if person == gone] == ["2013-10-31-1"]
    assert (gone, sealed) in rows(cluster, database, "SELECT person_id, batch_id FROM person_state", "county_worker")


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE matcher_run", "SET ROLE matcher_keyworker_county", "SET SESSION AUTHORIZATION monthly_run",
        "SET row_security = off; SELECT * FROM family", "UPDATE family SET area = 'city'", "DELETE FROM family",
        "INSERT INTO person VALUES ('P-X', 'B')", "ALTER TABLE family DISABLE ROW LEVEL SECURITY",
        "DROP POLICY area ON family", "CREATE TABLE mine (n int)", "SELECT * FROM question", "SELECT * FROM supply",
        "SELECT * FROM finance_families", "GRANT matcher_keyworker_county TO city_worker",
        "CREATE TEMP TABLE membership (family_id text, person_id text)",
        "INSERT INTO disclosure_family SELECT 1, family_id FROM (VALUES ('F-OTHER')) AS t(family_id)",
    ],
)  # fmt: skip
def test_a_key_worker_cannot_reach_another_area_or_change_anything(
    workspace: Workspace, sealed: str, cluster: Cluster, database: str, statement: str
) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue)):
        rows(cluster, database, statement, "city_worker")


def test_finance_sees_counts_and_no_table(workspace: Workspace, sealed: str, cluster: Cluster, database: str) -> None:
    for name in schema.metadata.tables:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(cluster, database, f'SELECT * FROM "{name}"', "finance_one")
    counted = rows(
        cluster, database, "SELECT area, sum(families) FROM finance_families GROUP BY area ORDER BY 1", "finance_one"
    )
    assert [(area, int(number)) for area, number in counted] == [("city", 1), ("county", 1)]
    assert len(rows(cluster, database, "SELECT * FROM finance_batches", "finance_one")) == 2
    views = rows(cluster, database, "SELECT attname FROM pg_attribute WHERE attrelid IN "
                 "('finance_families'::regclass, 'finance_batches'::regclass) AND attnum > 0", "finance_one")  # fmt: skip
    assert not {name for (name,) in views} & {"family_id", "person_id", "address", "postcode", "plan", "figures"}


def test_the_commands_show_a_key_worker_its_area_and_refuse_the_rest(
    workspace: Workspace, sealed: str, cluster: Cluster, database: str
) -> None:
    with Registry.open(workspace) as registry:
        everybody = registry.families().to_pylist()
        opened = registry.new_batch(dt.date(2013, 12, 31), {}).batch_id
    of_login(workspace, cluster, database, "city_worker")
    listed = invoke("families", "-w", workspace.root, "--json")
    assert listed.exit_code == 0, listed.exception
    shown = json.loads(listed.stdout)["families"]
    assert sorted(row["forenames"] for row in shown) == ["CARL", "ELLA"] and {row["area"] for row in shown} == {"city"}
    told = invoke("explain", "-w", workspace.root, shown[0]["family_id"])
    assert told.exit_code == 0 and "CARL THISTLEWOOD" in told.stdout, told.exception
    other = next(row["family_id"] for row in everybody if row["area"] == "county")
    hidden = invoke("explain", "-w", workspace.root, other)
    assert hidden.exit_code == 1 and "no such family" in str(hidden.exception)
    refused = invoke("abandon", "-w", workspace.root, opened)
    assert refused.exit_code == 1 and "may not do that" in str(refused.exception)
    last = list(Audit(workspace).entries())[-1]
    assert (last["event"], last["counts"]["why"]) == ("access_refused", "server_right")
    with Registry.open(Workspace.open(workspace.root)) as registry:
        assert not registry.changeable
        with pytest.raises(UserError, match="may not do that"):
            registry.new_batch(dt.date(2013, 12, 31), {})
    of_login_again = of_login_back(workspace, cluster, database)
    with Registry.open(of_login_again) as registry:
        assert registry.changeable
        assert [d["spec"] for d in registry.disclosures()] == ["command_families", "command_explain"], "recorded"


def of_login_back(workspace: Workspace, cluster: Cluster, database: str) -> Workspace:
    path = workspace.root / "matcher.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("city_worker@", "monthly_run@"), encoding="utf-8")
    return Workspace.open(workspace.root)


def test_a_key_workers_machine_needs_the_registrys_key_alone(
    workspace: Workspace, sealed: str, cluster: Cluster, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, keys = tmp_path / "worker", tmp_path / "worker keys"
    monkeypatch.setenv("MATCHER_KEYS", str(keys))
    folder.mkdir()
    settings = (workspace.root / "matcher.toml").read_text(encoding="utf-8")
    (folder / "matcher.toml").write_text(settings.replace("monthly_run@", "county_worker@"), encoding="utf-8")
    without = invoke("init", folder)
    assert "key of the registry is missing" in str(without.exception)
    (keys / workspace.id).mkdir(parents=True)
    (keys / workspace.id / "registry.key").write_bytes(workspace.keys.registry_key())
    assert invoke("init", folder).exit_code == 0
    listed = invoke("families", "-w", folder, "--json")
    assert {row["surname"] for row in json.loads(listed.stdout)["families"]} == {"QUILLFEATHER", "THISTLEWOOD"}
    assert {row["area"] for row in json.loads(listed.stdout)["families"]} == {"county"}


@pytest.mark.parametrize("login", [name for name, role in LOGINS.items() if role in (None, roles.FINANCE)])
def test_a_login_without_a_role_for_the_registry_is_refused(
    workspace: Workspace, cluster: Cluster, database: str, login: str
) -> None:
    if LOGINS[login] is None:
        cluster.administer(database, f"GRANT CONNECT ON DATABASE {database} TO {login}")
    with pytest.raises(UserError, match="may not use the registry") as refused:
        Registry.open(of_login(workspace, cluster, database, login))
    assert ("finance's views" in str(refused.value)) == (LOGINS[login] is not None)


def test_an_older_registry_is_not_upgraded_by_a_key_worker(
    workspace: Workspace, cluster: Cluster, database: str
) -> None:
    cluster.administer(database, "UPDATE matcher.alembic_version SET version_num = '0002'")
    with pytest.raises(UserError, match="older version than this program"):
        Registry.open(of_login(workspace, cluster, database, "city_worker"))


def test_no_error_of_the_server_tells_a_value(workspace: Workspace) -> None:
    engine = open_engine(workspace.registry_place, workspace.keys.registry_key())
    with pytest.raises(sa.exc.IntegrityError) as refused, writing(engine).begin() as connection:
        connection.execute(schema.person.insert(), [{"person_id": "SECRET", "first_batch": "NOWHERE"}])
    assert "23503" in str(refused.value)
    error: BaseException | None = refused.value
    while error is not None:
        assert "SECRET" not in str(error) and "NOWHERE" not in str(error)
        error = error.__cause__ or error.__context__
    engine.dispose()


# -- one run at a time, and a server that goes away ------------------------------------------------------------------


def _second_machine(root: str, keys: str, answer: Any) -> None:
    os.environ |= {"MATCHER_KEYS": keys, "PGPASSWORD": PASSWORD}
    try:
        with Workspace.open(Path(root)).lock():
            answer.put(("held", 0))
    except UserError as error:
        answer.put((error.title, int(error.code)))


def test_two_machines_do_not_run_at_once_on_one_registry(workspace: Workspace, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "matcher.toml").write_bytes((workspace.root / "matcher.toml").read_bytes())
    Workspace.create(other)  # another folder, the same registry and keys
    processes = multiprocessing.get_context("spawn")
    answer = processes.Queue()

    def ask() -> Any:
        process = processes.Process(target=_second_machine, args=(str(other), os.environ["MATCHER_KEYS"], answer))
        process.start()
        told = answer.get(timeout=60)
        process.join()
        return told

    with workspace.lock():
        assert ask() == ("Another run holds the registry.", int(Exit.BUSY))
    assert ask() == ("held", 0)


def test_a_second_writer_waits_its_turn_and_then_is_told(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WAIT_SECONDS", 1)
    engine = open_engine(workspace.registry_place, workspace.keys.registry_key())
    other = open_engine(workspace.registry_place, workspace.keys.registry_key())
    with (
        writing(engine).begin(),
        pytest.raises(UserError, match="locked by another") as refused,
        writing(other).begin(),
    ):
        pass
    other.dispose()
    assert refused.value.code == Exit.BUSY
    engine.dispose()


def test_a_reader_reads_one_moment_while_a_writer_writes(workspace: Workspace, sealed: str) -> None:
    engine = open_engine(workspace.registry_place, workspace.keys.registry_key())
    count = sa.select(sa.func.count()).select_from(schema.family_event)
    with engine.connect() as reader:
        before = reader.execute(count).scalar()
        with writing(engine).begin() as writer:
            writer.execute(schema.family_event.delete())
        assert reader.execute(count).scalar() == before
    engine.dispose()


def test_a_server_that_restarts_is_said_and_then_goes_on(workspace: Workspace, sealed: str, cluster: Cluster) -> None:
    with Registry.open(workspace) as registry:
        before = sorted(registry.every_cell())
        cluster.stop()
        try:
            with pytest.raises(ServerLost, match="was lost") as lost:
                registry.batches()
            assert "matcher resume" in lost.value.todo
            with pytest.raises(ServerLost, match="cannot be reached"):
                registry.batches()
        finally:
            cluster.start()
        assert sorted(registry.every_cell()) == before


def test_a_standby_takes_no_changes(workspace: Workspace, cluster: Cluster, database: str) -> None:
    cluster.administer("postgres", f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    with Registry.open(workspace) as registry, pytest.raises(UserError, match="takes no changes"):
        registry.new_batch(dt.date(2013, 10, 31), {})


# -- moving there ----------------------------------------------------------------------------------------------------


def test_the_families_move_from_the_file_to_the_server(cluster: Cluster, database: str, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    house = House([ALICE, BEN], dwelling_row=True)
    with Registry.open(workspace) as registry:
        seal(registry, Month([house]))
        second, _ = seal(registry, Month([House(knows([ALICE, BEN], registry))], dt.date(2013, 11, 30)))
        third, _ = seal(registry, Month([House(knows([ALICE, BEN], registry))], dt.date(2013, 11, 30)), replaces=second)
        registry.disclosed("yos", "x", purpose="p", form="stdout", fields=[], family_ids=[], people=0, by_role="r")
        before, families = sorted(registry.every_cell()), registry.families()
    settings = workspace.root / "matcher.toml"
    settings.write_text(settings.read_text().replace('# url = ""', f'url = "{cluster.url(database)}"'))
    with pytest.raises(UserError, match="the families still lie in this folder"):
        Registry.open(Workspace.open(workspace.root))
    moved = invoke("registry", "move", "-w", workspace.root, "--json")
    assert moved.exit_code == 0, moved.exception
    assert json.loads(moved.stdout)["rows"]["family"] == 1
    assert not workspace.database.exists()
    with Registry.open(Workspace.open(workspace.root)) as registry:
        assert sorted(registry.every_cell()) == before and registry.families() == families
        assert registry.batch(second).replaced_by == third and registry.batch(third).replaces == second
        seal(registry, Month([House(knows([ALICE, BEN], registry))], dt.date(2013, 12, 31)))
        registry.disclosed("yos", "x", purpose="p", form="stdout", fields=[], family_ids=[], people=0, by_role="r")
    again = invoke("registry", "move", "-w", workspace.root)
    assert "nothing to move" in str(again.exception)


def test_a_server_that_holds_other_families_is_not_moved_onto(
    workspace: Workspace, sealed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = workspace.registry_place
    key = workspace.keys.registry_key()
    open_engine(workspace.database, key).dispose()
    with pytest.raises(UserError, match="holds a month already") as refused:
        from matcher.registry.moving import move_to_server

        file = Registry(open_engine(workspace.database, key))
        file.new_batch(dt.date(2013, 10, 31), {})
        file.close()
        move_to_server(workspace)
    assert "empty database" in refused.value.todo and workspace.database.exists() and place == workspace.server


def test_settings_that_name_another_place_are_not_changed_by_init(workspace: Workspace, cluster: Cluster) -> None:
    with pytest.raises(UserError, match="name another place for the registry"):
        Workspace.create(workspace.root, registry=cluster.url("elsewhere"))


def test_the_newest_schema_is_on_the_server(workspace: Workspace, cluster: Cluster, database: str) -> None:
    assert cluster.administer(database, "SELECT version_num FROM matcher.alembic_version") == [(HEAD,)]
