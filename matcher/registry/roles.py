"""The roles of a server registry, and the SQL with which a server's administrator makes them. Takes nothing, gives text.

Roles are the server's, not the database's, and only its administrator may make them; tables, grants and row policies are made
by the migrations, as `matcher_run`. A key worker's area is which role it is a member of, so that no session can change it.
"""

from __future__ import annotations

from specs.load import AREAS

RUN, FINANCE, KEY_WORKER = "matcher_run", "matcher_finance", "matcher_keyworker"
SCHEMA = "matcher"


def area_roles() -> tuple[str, ...]:
    """A role an area: its members see the families of that area."""
    return tuple(f"{KEY_WORKER}_{area}" for area in AREAS)


def all_roles() -> tuple[str, ...]:
    return (RUN, FINANCE, KEY_WORKER, *area_roles())


def administrator_sql() -> str:
    """What a server's administrator runs once, connected to the registry's own database; may be run again."""
    made = "\n".join(
        f"  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} NOLOGIN; END IF;"
        for role in all_roles()
    )
    joined = "\n".join(f"GRANT {KEY_WORKER} TO {role};" for role in area_roles())
    return f"""\
-- Roles of the matcher registry. For the administrator of the PostgreSQL server (version 13 or newer).
-- Run as a superuser, connected to the database that shall hold the registry and nothing else. May be run again.
-- First, in any other database:
--   CREATE DATABASE matcher ENCODING 'UTF8' TEMPLATE template0;

-- 1. The roles. None can log in: logins are made their members (see 3).
DO $$ BEGIN
{made}
END $$;
{joined}

-- 2. The database is theirs alone, and so is the schema that holds the tables. matcher itself makes the tables.
DO $$ BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO {RUN}, {FINANCE}, {KEY_WORKER}', current_database());
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA IF NOT EXISTS {SCHEMA} AUTHORIZATION {RUN};
REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC;
GRANT USAGE ON SCHEMA {SCHEMA} TO {FINANCE}, {KEY_WORKER};

-- 3. Logins, one a person or scheduled job, each with a password or certificate of its own. For example:
--   CREATE ROLE monthly_run LOGIN;  GRANT {RUN} TO monthly_run;  \\password monthly_run
--   CREATE ROLE city_worker LOGIN;  GRANT {KEY_WORKER}_city TO city_worker;
--   CREATE ROLE finance_one LOGIN;  GRANT {FINANCE} TO finance_one;
"""
