"""The registry of a workspace: batches, families, questions, disclosures. Each call is one transaction.

Takes an opened workspace, gives Batch, Arrow tables and details. Refuses a missing or wrong key, and what its parts
refuse. Close it, or use it in a `with`: Windows removes no open file.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import pyarrow as pa
import sqlalchemy as sa

from matcher.registry import apply, batches, erasure, families, judgements, known, log, reasons, schema, server
from matcher.registry.batches import Batch
from matcher.registry.continuity import Known
from matcher.registry.database import on_server, open_engine, writing
from matcher.registry.families import FamilyDetail
from matcher.registry.judgements import Judgement
from matcher.registry.log import Question
from matcher.registry.plan import FamilyPlan
from matcher.registry.rights import Rights
from matcher.registry.schema.personal import PERSONAL

T = TypeVar("T")
_NUMBERS = (sa.Integer, sa.Numeric, sa.Boolean)
Clock = Callable[[], dt.datetime]


class Keys(Protocol):
    def registry_key(self) -> bytes: ...


class Place(Protocol):
    """What the registry needs of a workspace."""

    @property
    def registry_place(self) -> Any: ...
    @property
    def keys(self) -> Keys: ...


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Registry:
    """An opened registry. Make with `Registry.open(workspace)`."""

    def __init__(self, engine: sa.Engine, *, clock: Clock = utc_now) -> None:
        self._engine, self._clock = engine, clock

    @classmethod
    def open(cls, workspace: Place, *, clock: Clock = utc_now) -> Registry:
        """Open the workspace's registry, making or upgrading it first where needed. Raises UserError."""
        return cls(open_engine(workspace.registry_place, workspace.keys.registry_key()), clock=clock)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, question: Callable[[sa.Connection], T]) -> T:
        with self._engine.connect() as connection:
            return question(connection)

    def _write(self, change: Callable[[sa.Connection], T]) -> T:
        with writing(self._engine).begin() as connection:
            done = change(connection)
            emptied = connection.info.pop("emptied", set())
        if scrubbed := emptied & set(PERSONAL):
            server.scrub(self._engine, scrubbed)
        return done

    @property
    def changeable(self) -> bool:
        """Whether this login may change the registry: a key worker's, on a server, may only read its areas."""
        return not on_server(self._engine) or server.may_run(self._engine)

    # -- batches -----------------------------------------------------------------------------------------------------

    def batches(self) -> list[Batch]:
        """Every batch, oldest first."""
        return self._read(batches.all_batches)

    def batch(self, batch_id: str) -> Batch:
        return self._read(lambda c: batches.get_batch(c, batch_id))

    def unfinished(self) -> list[Batch]:
        """Batches that are open, matching, held or sealing, oldest first."""
        return [batch for batch in self.batches() if batch.unfinished]

    def last_sealed(self) -> Batch | None:
        """The sealed batch with the latest as_at that has not been replaced."""
        sealed = [batch for batch in self.batches() if batch.state == "sealed" and batch.replaced_by is None]
        return max(sealed, key=lambda batch: (batch.as_at, batch.sealed_at), default=None)

    def new_batch(
        self,
        as_at: dt.date,
        digests: Mapping[str, str],
        replaces: str | None = None,
        *,
        plan: Mapping[str, Any] | None = None,
    ) -> Batch:
        """Begin a batch `YYYY-MM-DD-n` in state open. `digests`: dataset or dataset.supplier -> sha256; `plan`: what it takes
        to go on with it after a crash at any moment."""
        return self._write(lambda c: batches.make_batch(c, as_at, digests, replaces, plan or {}, self._clock()))

    def set_state(self, batch_id: str, state: str, **fields: Any) -> Batch:
        """Move a batch on. Fields: figures and plan (merged into), digests, held_until, waits_for."""
        return self._write(lambda c: batches.change_state(c, batch_id, state, fields, self._clock()))

    def same_input(self, as_at: dt.date, digests: Mapping[str, str]) -> Batch | None:
        """The latest batch of that as_at with exactly these files that was not expired, abandoned or replaced."""
        same = [
            batch
            for batch in self.batches()
            if batch.as_at == as_at
            and batch.digests == dict(digests)
            and batch.state not in ("expired", "abandoned")
            and batch.replaced_by is None
        ]
        return same[-1] if same else None

    def set_supplies(self, batch_id: str, supplies: Iterable[Mapping[str, Any]]) -> None:
        """The batch's supplies: dataset, supplier, partner, status, digest, rows_in, rows_accepted, rows_rejected."""
        self._write(lambda c: batches.put_supplies(c, batch_id, supplies))

    def supplies(self, batch_id: str) -> list[dict[str, Any]]:
        table = schema.supply
        query = sa.select(table).where(table.c.batch_id == batch_id).order_by(table.c.dataset, table.c.supplier)
        return self._read(lambda c: [dict(row) for row in c.execute(query).mappings()])

    def usual_sizes(self) -> dict[tuple[str, str], int]:
        """(dataset, supplier) -> median rows in the sealed batches so far."""
        return self._read(batches.usual_sizes)

    # -- families ----------------------------------------------------------------------------------------------------

    def known(self, *, without: str | None = None) -> Known:
        """Open families and their current members, for continuity; as before the batch `without`, which is being replaced."""
        return self._as_before(without, known.known)

    def known_records(self, *, without: str | None = None) -> pa.Table:
        """RECORDS of the people of open families, to match a month against; as before the batch `without`."""
        return self._as_before(without, known.known_records)

    def _as_before(self, batch_id: str | None, question: Callable[[sa.Connection], T]) -> T:
        if batch_id is None:
            return self._read(question)
        with writing(self._engine).connect() as connection, connection.begin() as transaction:
            apply.undo_batch(connection, batch_id)
            found = question(connection)
            transaction.rollback()
            return found

    def apply(self, batch_id: str, plan: FamilyPlan) -> bool:
        """Carry a batch's plan out in one transaction; undoes first what the batch replaces. False: it was done before."""
        if plan.batch_id != batch_id:
            raise ValueError(f"a plan of {plan.batch_id} for batch {batch_id}")
        return self._write(lambda c: apply.apply_plan(c, plan, self._clock()))

    def rollback_batch(self, batch_id: str) -> None:
        """Undo everything that the latest applied batch put in. Raises UserError where a later one rests on it."""
        self._write(lambda c: apply.undo_batch(c, batch_id))

    def families(self, area: str | None = None, batch: str | None = None, *, restricted: bool = False) -> pa.Table:
        """families.FAMILY_ROWS: one row a current member of a family that is not closed, and not restricted (for counts: all)."""
        return self._read(lambda c: families.family_rows(c, area, batch, restricted=restricted))

    def records(self, area: str | None = None, batch: str | None = None, *, restricted: bool = False) -> pa.Table:
        """families.RECORD_ROWS: one row a kept record of who is not restricted (for following families: all)."""
        return self._read(lambda c: families.record_rows(c, area, batch, restricted=restricted))

    def reasons(self, batch: str) -> pa.Table:
        """reasons.REASON_ROWS: one row a piece of evidence behind a criterion of the families that the batch listed."""
        return self._read(lambda c: reasons.reason_rows(c, batch))

    def family(self, family_id: str) -> FamilyDetail:
        return self._read(lambda c: families.family_detail(c, family_id))

    def family_of_row(self, batch_id: str, dataset: str, supplier: str, row: int) -> str | None:
        """The family for which a delivered row of a batch is kept, None where it is not."""
        return self._read(lambda c: families.family_of_row(c, batch_id, dataset, supplier, row))

    def judgements(self, family_id: str) -> list[Judgement]:
        """What each batch found of a family, newest first."""
        return self._read(lambda c: judgements.judgements(c, family_id))

    def erase_families(self, ids: Iterable[str], *, reason: str) -> int:
        """Erase families but for a bare marker, with everybody who belongs to no other. Gives how many were there."""
        return self._write(lambda c: erasure.erase_families(c, ids, reason=reason, on=self._clock().date()))

    def erase_people(self, ids: Iterable[str], *, reason: str) -> int:
        """Erase people, and families that are left without anybody. Gives how many people were there."""
        return self._write(lambda c: erasure.erase_people(c, ids, reason=reason, now=self._clock()))

    @property
    def rights(self) -> Rights:
        """Retention decisions, confirmations of destruction, requests, restrictions, corrections."""
        return Rights(self._read, self._write, self._clock)

    # -- questions and disclosures -----------------------------------------------------------------------------------

    def ask(self, batch_id: str, questions: Iterable[tuple[str, Mapping[str, Any]]]) -> int:
        """Put a held batch's questions: (kind, subject) each; subject holds row numbers of the held tables, no person."""
        return self._write(lambda c: log.ask(c, batch_id, questions, self._clock()))

    def questions(self, batch_id: str) -> list[Question]:
        return self._read(lambda c: log.questions(c, batch_id))

    def answer(self, question_id: str, given: str, *, by: str, reason: str) -> Question:
        return self._write(lambda c: log.answer(c, question_id, given, by=by, reason=reason, now=self._clock()))

    def disclosed(
        self,
        spec: str,
        recipient: str,
        *,
        purpose: str,
        form: str,
        fields: Sequence[str],
        family_ids: Iterable[str],
        people: int,
        by_role: str,
        batch_id: str | None = None,
        gateway: str | None = None,
        digest: str | None = None,
    ) -> int:
        """Record what left: by which spec (or command), to whom, why, in which form (file or stdout), which fields of whom."""
        return self._write(
            lambda c: log.put_disclosure(
                c, spec=spec, recipient=recipient, purpose=purpose, form=form, fields=fields, family_ids=family_ids,
                people=people, by_role=by_role, batch_id=batch_id, gateway=gateway, digest=digest, now=self._clock(),
            )
        )  # fmt: skip

    def disclosures(self, batch_id: str | None = None) -> list[dict[str, Any]]:
        return self._read(lambda c: log.disclosures(c, batch_id))

    # -- for the residue search --------------------------------------------------------------------------------------

    def every_cell(self) -> Iterable[tuple[str, str]]:
        """(table, text) of every filled cell that is not a number, for the search of what should be gone; deciphered. What a
        column says more than once stands once."""
        with self._engine.connect() as connection:
            dialect = connection.dialect
            for table in sorted(schema.metadata.tables.values(), key=lambda table: table.name):
                columns = [column for column in table.c if not isinstance(column.type, _NUMBERS)]
                found = connection.exec_driver_sql(str(sa.select(*columns).compile(dialect=dialect)))
                kinds = [column[1] for column in found.cursor.description]
                for column, kind, values in zip(columns, kinds, zip(*found.all(), strict=True), strict=False):
                    read = column.type.dialect_impl(dialect).result_processor(dialect, kind)
                    distinct = _distinct(values)
                    if read is not None:  # as the column's type reads what the driver gives; on a server it deciphers
                        distinct = _distinct(value if _as_read(value) else read(value) for value in distinct)
                    yield from ((table.name, str(value)) for value in distinct if value is not None)


def _as_read(value: Any) -> bool:
    """Whether it is a JSON list or object as `_json` writes one: to read it and write it again would change nothing."""
    return isinstance(value, str) and value.startswith(("[", "{")) and not any(s in value for s in ("\\", ", ", ": "))


def _distinct(values: Iterable[Any]) -> list[Any]:
    """Each value once, in the order in which they come first; lists and the like as their JSON."""
    values = list(values)
    try:
        return list(dict.fromkeys(values))
    except TypeError:
        written = (value if isinstance(value, str) else _json(value) for value in values if value is not None)
        return list(dict.fromkeys(written))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
