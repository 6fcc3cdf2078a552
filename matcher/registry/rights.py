"""What is recorded of retention and rights: decisions, markers, confirmations, requests, views, corrections.

Takes what decides and records; gives plain rows. Refuses an unknown request. `Registry.rights` makes it, each call one
transaction. Who is restricted stands in `restrictions.py`; erasing in `erasure.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from matcher.errors import UserError
from matcher.registry import erasure, restrictions, schema
from matcher.registry.continuity import MEMBER_ERASED
from matcher.registry.ids import new_id

T = TypeVar("T")
Row = dict[str, Any]
SHOWN = ("stdout", "web page")  # forms of disclosures that leave no file
DATA_SUBJECT = "data_subject"


class _Transaction(Protocol):
    def __call__(self, work: Callable[[sa.Connection], T], /) -> T: ...


class Rights:
    """Retention and rights in one registry."""

    def __init__(self, read: _Transaction, write: _Transaction, clock: Callable[[], dt.datetime]) -> None:
        self._read, self._write, self._clock = read, write, clock

    def _rows(self, query: sa.Select[Any]) -> list[Row]:
        return self._read(lambda c: [dict(row) for row in c.execute(query).mappings()])

    # -- families ----------------------------------------------------------------------------------------------------

    def keep(self, family_id: str, *, reason: str, by_role: str, until: dt.date) -> None:
        """Record that a reviewed family is kept until its next review."""
        table, family, now = schema.retention_decision, schema.family, self._clock()

        def change(connection: sa.Connection) -> None:
            values = {"family_id": family_id, "reason": reason, "by_role": by_role, "until": until, "decided_at": now}
            connection.execute(table.insert().values(values))
            connection.execute(family.update().where(family.c.family_id == family_id).values(review_due=until))

        self._write(change)

    def decisions(self, family_id: str) -> list[Row]:
        table = schema.retention_decision
        return self._rows(sa.select(table).where(table.c.family_id == family_id).order_by(table.c.decision_id))

    def marker(self, family_id: str) -> Row | None:
        """The bare marker of an erased family, where it has one."""
        found = self._rows(sa.select(schema.erasure_marker).where(schema.erasure_marker.c.family_id == family_id))
        return found[0] if found else None

    def erased(self) -> dict[str, dt.date]:
        """The families that were erased and left a marker, and when."""
        table = schema.erasure_marker
        return {row["family_id"]: row["erased_on"] for row in self._rows(sa.select(table).order_by(table.c.family_id))}

    def naming_erased(self) -> dict[int, dt.date]:
        """Disclosures that name an erased family, or went before a person was erased from a family that they name, and when
        that was first."""
        log, named = schema.disclosure, schema.disclosure_family
        marker, event = schema.erasure_marker, schema.family_event
        whole = sa.select(named.c.disclosure_id, marker.c.erased_on).join(
            marker, marker.c.family_id == named.c.family_id
        )
        parts = (
            sa.select(named.c.disclosure_id, event.c.happened_on)
            .join(log, log.c.disclosure_id == named.c.disclosure_id)
            .join(event, event.c.family_id == named.c.family_id)
            .where(event.c.event == MEMBER_ERASED, log.c.disclosed_at <= event.c.stamped_at)
        )
        found = [(row["disclosure_id"], row["erased_on"]) for row in self._rows(whole)]
        found += [(row["disclosure_id"], row["happened_on"]) for row in self._rows(parts)]
        since: dict[int, dt.date] = {}
        for disclosure, day in found:
            since[disclosure] = min(day, since.get(disclosure, day))
        return since

    def forget_markers(self) -> None:
        """Remove the markers of erased families, but of those that were claimed for: where the policy lets none stay."""
        table = schema.erasure_marker
        self._write(lambda c: c.execute(table.delete().where(table.c.claim.is_(None))))

    def holdings(self) -> list[Row]:
        """family_id, status, area, dates, last batch that found it, people and records of every family; `kept_at`: when a
        review last kept it (null: never)."""
        family, member, record = schema.family, schema.membership, schema.record
        decision = schema.retention_decision
        kept = sa.select(sa.func.max(decision.c.decided_at)).where(decision.c.family_id == family.c.family_id)

        def counted(table: sa.Table, column: sa.Column[Any]) -> sa.ScalarSelect[Any]:
            count = sa.select(sa.func.count(sa.distinct(column))).where(table.c.family_id == family.c.family_id)
            return count.correlate(family).scalar_subquery()

        return self._rows(
            sa.select(
                family.c.family_id, family.c.status, family.c.area, family.c.identified_on, family.c.confirmed_batch,
                family.c.review_due, family.c.merged_into, counted(member, member.c.person_id).label("people"),
                counted(record, record.c.record_key).label("records"),
                kept.correlate(family).scalar_subquery().label("kept_at"),
            ).order_by(family.c.review_due, family.c.family_id)
        )  # fmt: skip

    def with_merged(self, ids: Iterable[str]) -> list[str]:
        """Those of the families that the registry holds, and the families merged into them."""
        return self._read(lambda c: erasure.with_merged(c, ids))

    def left_empty(self, people: Collection[str]) -> list[str]:
        """Families to which nobody but these people ever belonged."""
        return self._read(lambda c: erasure.left_empty(c, people))

    def texts_of(self, families: Collection[str], people: Collection[str]) -> set[str]:
        """What the registry holds of these families and people that tells who they are: names, addresses, identifiers."""
        record, state, own, corrected = schema.record, schema.family_state, schema.person_state, schema.correction
        of_record = record.c.family_id.in_(families) | record.c.person_id.in_(people)
        columns = ("address", "ref", "nino", "upn", "nhs", "uprn", "forename", "middle", "surname")
        queries = [
            sa.select(*(record.c[name] for name in columns)).where(of_record),
            sa.select(state.c.address, state.c.uprn).where(state.c.family_id.in_(families)),
            sa.select(own.c.forename, own.c.middle, own.c.surname, own.c.nino, own.c.upn).where(
                own.c.person_id.in_(people)
            ),
            sa.select(corrected.c.old_value, corrected.c.new_value).where(corrected.c.person_id.in_(people)),
        ]
        found: set[str] = set()
        for query in queries:
            for row in self._rows(query):
                found |= {value for value in row.values() if value}
                names = [row[name] for name in ("forename", "surname") if row.get(name)]
                found.add(" ".join(names))
        return found - {""}

    def people_of(self, families: Collection[str]) -> list[str]:
        """Everybody who belongs or belonged to one of these families."""
        member = schema.membership
        return sorted(
            {
                row["person_id"]
                for row in self._rows(sa.select(member.c.person_id).where(member.c.family_id.in_(families)))
            }
        )

    def variants(self) -> list[Row]:
        """Every way in which the registry names its people, one row each: person_id, names, date of birth, identifiers,
        postcode; of closed families and former members too."""
        record, state = schema.record, schema.person_state
        rows = self._rows(
            sa.select(
                record.c.person_id, record.c.forename, record.c.middle, record.c.surname, record.c.dob, record.c.nino,
                record.c.upn, record.c.nhs, record.c.ref, record.c.postcode,
            ).where(record.c.person_id.is_not(None))
        )  # fmt: skip
        rows += self._rows(
            sa.select(
                state.c.person_id,
                state.c.forename,
                state.c.middle,
                state.c.surname,
                state.c.dob,
                state.c.nino,
                state.c.upn,
            )
        )
        people = {row["person_id"] for row in self._rows(sa.select(schema.correction.c.person_id))}
        return rows + self._read(lambda c: restrictions.corrected(c, [{"person_id": one} for one in sorted(people)]))

    def people(self) -> set[str]:
        """The ids of everybody in the registry."""
        return set(self._read(lambda c: c.execute(sa.select(schema.person.c.person_id)).scalars().all()))

    def families_of(self, person_id: str) -> list[str]:
        """Every family that a person belongs or belonged to."""
        member = schema.membership
        query = sa.select(member.c.family_id).where(member.c.person_id == person_id).distinct()
        return sorted(row["family_id"] for row in self._rows(query))

    # -- files handed out --------------------------------------------------------------------------------------------

    def handed_out(self, family_ids: Collection[str] | None = None) -> list[Row]:
        """Disclosures of files, but those to the person they are about, oldest first, each with `destroyed_on` and
        `confirmed_by` (null: not confirmed).

        With `family_ids` only those that name one of these families.
        """
        log, done, named = schema.disclosure, schema.confirmation, schema.disclosure_family
        query = (
            sa.select(log, done.c.destroyed_on, done.c.by_role.label("confirmed_by"))
            .outerjoin(done, done.c.disclosure_id == log.c.disclosure_id)
            .where(log.c.form.not_in(SHOWN), log.c.recipient != DATA_SUBJECT)
            .order_by(log.c.disclosure_id)
        )
        if family_ids is not None:
            query = query.where(
                log.c.disclosure_id.in_(sa.select(named.c.disclosure_id).where(named.c.family_id.in_(family_ids)))
            )
        return self._rows(query)

    def confirm(self, disclosure_ids: Iterable[int], *, by_role: str, destroyed_on: dt.date) -> int:
        """Record that a recipient destroyed what it was handed; what was confirmed before stays. Gives how many are new."""
        table, now = schema.confirmation, self._clock()
        common = {"by_role": by_role, "destroyed_on": destroyed_on, "recorded_at": now}

        def change(connection: sa.Connection) -> int:
            before = set(connection.execute(sa.select(table.c.disclosure_id)).scalars())
            new = sorted(set(disclosure_ids) - before)
            if new:
                connection.execute(table.insert(), [{"disclosure_id": number, **common} for number in new])
            return len(new)

        return self._write(change)

    # -- requests ----------------------------------------------------------------------------------------------------

    def put_request(self, values: Mapping[str, Any]) -> str:
        """Record a request; gives its id."""
        request_id = new_id("R")
        row = {**values, "request_id": request_id, "recorded_at": self._clock()}
        self._write(lambda c: c.execute(schema.rights_request.insert().values(row)))
        return request_id

    def change_request(self, request_id: str, values: Mapping[str, Any]) -> None:
        """Add to a request: person_id, family_id, found, exemption, citation, decision, decided_by, decided_on."""
        table = schema.rights_request
        self.request(request_id)
        self._write(lambda c: c.execute(table.update().where(table.c.request_id == request_id).values(dict(values))))

    def requests(self) -> list[Row]:
        """Every request, the earliest due first."""
        table = schema.rights_request
        return self._rows(sa.select(table).order_by(table.c.due_on, table.c.request_id))

    def request(self, request_id: str) -> Row:
        table = schema.rights_request
        found = self._rows(sa.select(table).where(table.c.request_id == request_id))
        if not found:
            raise UserError("There is no such request.", todo="see the requests with: matcher subject list --all")
        return found[0]

    def put_view(self, request_id: str, partner: str, view: str, given_on: dt.date) -> None:
        """Record an originator's view of a request; a later one replaces it."""
        self.request(request_id)
        table, now = schema.originator_view, self._clock()

        def change(connection: sa.Connection) -> None:
            connection.execute(table.delete().where(table.c.request_id == request_id, table.c.partner == partner))
            connection.execute(
                table.insert().values(
                    request_id=request_id, partner=partner, view=view, given_on=given_on, recorded_at=now
                )
            )

        self._write(change)

    def views(self, request_id: str) -> list[Row]:
        table = schema.originator_view
        return self._rows(sa.select(table).where(table.c.request_id == request_id).order_by(table.c.partner))

    # -- restrictions and corrections --------------------------------------------------------------------------------

    def restrict(self, values: Mapping[str, Any]) -> bool:
        """Restrict a person or family; False where it is restricted already."""
        return self._write(lambda c: restrictions.begin(c, values))

    def lift(self, *, person_id: str | None, family_id: str | None, on: dt.date, by_role: str) -> int:
        """Lift what restricts a person or family; gives how many restrictions that were."""
        return self._write(lambda c: restrictions.lift(c, person_id, family_id, on, by_role))

    def restrictions(self) -> list[Row]:
        """Every restriction, oldest first; in force where `lifted_on` is null."""
        return self._rows(sa.select(schema.restriction).order_by(schema.restriction.c.restriction_id))

    def restricted(self) -> tuple[frozenset[str], frozenset[str]]:
        """Ids of the families and of the people that are left out of every list."""
        return self._read(lambda c: (restrictions.restricted_families(c), restrictions.restricted_people(c)))

    def correct(self, values: Mapping[str, Any]) -> None:
        """Record a corrected value of a person, with the old one and who said so."""
        row = {**values, "recorded_at": self._clock()}
        self._write(lambda c: c.execute(schema.correction.insert().values(row)))

    def corrections(self, person_id: str) -> list[Row]:
        """Every correction of a person, oldest first; the latest of a field holds."""
        table = schema.correction
        return self._rows(sa.select(table).where(table.c.person_id == person_id).order_by(table.c.correction_id))
