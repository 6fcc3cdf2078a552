"""Write the fixture databases of a version: `python scripts/registry_fixtures.py VERSION [COMMIT]`, once for each release.

Makes a few made-up families in two months, one of them replaced, with the code of COMMIT (or of this folder) and a known key,
and puts `registry.db`, what that code reads from it (`content.json`) and, where the code knows servers and a PostgreSQL server
can be started here, `server.sql` under `tests/registry/fixtures/VERSION/`. Run with the environment that runs the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "tests" / "registry" / "fixtures"
MAKE = """
import datetime as dt, json, os, sys
from dataclasses import asdict
from pathlib import Path
from matcher.registry import Registry
from matcher.registry.database import open_engine
from tests.registry.months import House, Month, Someone, knows, seal

target = Path(sys.argv[1])
engine = open_engine(target / "registry.db", bytes(range(32)))
names = ("ALICE", "BEN", "CARL", "DORA", "EVE", "FRED", "GRACE")
people = {name: Someone("SMITHERS" if name < "D" else "JONESON", name, 1970 + 5 * n) for n, name in enumerate(names)}

def those(registry, wanted):
    return knows([people[name] for name in wanted], registry)

with Registry(engine) as registry:
    seal(registry, Month([
        House([people[n] for n in ("ALICE", "BEN", "CARL")], dwelling_row=True),
        House([people[n] for n in ("DORA", "EVE")], route="discretion", area="city", postcode="LE1 5AB"),
        House([people["FRED"]], area="rutland"),
    ]))
    november = dt.date(2013, 11, 30)
    months = [House(those(registry, ("ALICE", "BEN")), dwelling_row=True),
              House(those(registry, ("DORA", "EVE", "CARL")), area="city", postcode="LE1 5AB")]
    wrong, _ = seal(registry, Month(months, november))
    right, _ = seal(registry, Month([*months, House([people["GRACE"]])], november), replaces=wrong)
    registry.set_supplies(right, [{"dataset": "yos", "supplier": "county", "partner": "county_yos", "status": "accepted",
                                   "digest": "0" * 64, "rows_in": 9, "rows_accepted": 8, "rows_rejected": 1}])
    families = registry.families().to_pylist()
    ids = sorted({row["family_id"] for row in families})
    registry.disclosed("key_worker_county", "county_team", purpose="support", form="outbox/x.xlsx", batch_id=right,
                       fields=["full_name"], family_ids=ids[:1], people=2, by_role="Programme information manager")
    held = registry.new_batch(dt.date(2013, 12, 31), {"yos.county": "1" * 64}).batch_id
    registry.set_state(held, "matching")
    registry.set_state(held, "held", held_until=dt.date(2014, 1, 28), waits_for="Programme information manager")
    registry.ask(held, [("same_person", {"left": 3, "right": 5})])
    content = {
        "families": families, "records": registry.records().to_pylist(),
        "details": {i: asdict(registry.family(i)) for i in ids},
        "judgements": {i: [asdict(one) for one in registry.judgements(i)] for i in ids},
        "known_records": registry.known_records().to_pylist(),
        "batches": [asdict(batch) for batch in registry.batches()], "questions": [asdict(q) for q in registry.questions(held)],
        "supplies": registry.supplies(right), "disclosures": registry.disclosures(),
    }
with engine.connect() as connection:
    content["schema"] = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
text = json.dumps(content, default=str, indent=1, sort_keys=True)
(target / "content.json").write_text(text + chr(10), encoding="utf-8", newline=chr(10))
"""

COPY = """
import sys
from pathlib import Path
from matcher.registry.database import open_engine
from matcher.registry.server import Server
from matcher.registry.transfer import copy_rows

key, place = bytes(range(32)), Server("127.0.0.1", int(sys.argv[2]), sys.argv[3], "monthly_run")
file, server = open_engine(Path(sys.argv[1]) / "registry.db", key), open_engine(place, key)
copy_rows(file, server)
file.dispose(), server.dispose()
"""


def code_of(commit: str, folder: Path) -> Path:
    """The files of a commit in a folder; nothing of the repository is changed."""
    archive = folder / "code.tar"
    subprocess.run(["git", "archive", "-o", str(archive), commit], cwd=ROOT, check=True)
    with tarfile.open(archive) as files:
        files.extractall(folder / "code", filter="data")
    return folder / "code"


def run(program: str, code: Path, *arguments: object) -> None:
    environment = {**os.environ, "PYTHONPATH": str(code)}
    subprocess.run([sys.executable, "-c", program, *map(str, arguments)], cwd=code, check=True, env=environment)


def copy_to_server(code: Path, target: Path) -> bool:
    """The same families on a server of our own, as its administrator's backup; False where none can be started."""
    sys.path.insert(0, str(ROOT))
    from tests.registry import clusters

    programs = clusters.programs()
    if programs is None or not (code / "matcher" / "registry" / "server.py").exists():
        return False
    with clusters.running(programs) as cluster:
        database = cluster.make_database()
        os.environ["PGPASSWORD"] = clusters.PASSWORD
        run(COPY, code, target, cluster.port, database)
        lines = cluster.dump(database, "--inserts", "--schema=matcher").splitlines()
    kept = [line for line in lines if line and not line.startswith(("--", "\\"))]
    (target / "server.sql").write_text("\n".join(kept) + "\n", encoding="utf-8", newline="\n")
    return True


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: registry_fixtures.py VERSION [COMMIT]")
    target = FIXTURES / sys.argv[1]
    target.mkdir(parents=True, exist_ok=True)
    (target / "registry.db").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        code = code_of(sys.argv[2], Path(folder)) if len(sys.argv) == 3 else ROOT
        run(MAKE, code, target)
        on_server = copy_to_server(code, target)
    told = json.loads((target / "content.json").read_text(encoding="utf-8"))
    print(f"{target.name}: schema {told['schema']}, {len(told['details'])} families{', server' if on_server else ''}")


if __name__ == "__main__":
    main()
