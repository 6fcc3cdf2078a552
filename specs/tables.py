"""Every stage's table, in flow order: Arrow schema, key, one sentence each.

A stage takes and gives these tables and nothing else; `check` is called at each seam. Names follow the field:
record, candidate pair, match weight, person (a cluster of records), household. Ids inside a run are dense
integers without meaning; the ids that outlive a run (families, persons) are made by the registry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Table:
    """A declared table: its name, its Arrow schema, the columns that are unique together, and foreign keys.

    `foreign` maps a column to (table name, column); nulls in a foreign-key column are allowed where the field is nullable.
    """

    name: str
    sentence: str
    schema: pa.Schema
    key: tuple[str, ...]
    foreign: tuple[tuple[str, str, str], ...] = ()

    def empty(self) -> pa.Table:
        return self.schema.empty_table()


def _field(name: str, kind: pa.DataType, *, null: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=null)


_text, _date, _int = pa.string(), pa.date32(), pa.int64()

REGISTRY_DATASET = "registry"
"""The dataset of RECORDS that come from the programme's own registry, not from a supply."""

RECORDS = Table(
    "records",
    "Who: one row a person named in a delivered row (two for a joint name), or a dwelling row that names nobody.",
    pa.schema(
        [
            _field("record_id", _int),  # dense, 0..n-1, in this table's order
            _field("dataset", _text),
            _field("supplier", _text),  # "" where the file name has none
            _field("row", pa.int32()),  # data row in the delivered file, from 1; 0 for registry records
            _field("part", pa.int8()),  # 0 = first or only person of the row, 1 = second person of a joint name
            _field("names_person", pa.bool_()),  # false: the row is about a dwelling
            _field("ref_system", _text, null=True),  # references are comparable only within one system
            _field("ref", _text, null=True),
            # name parts: upper-case ASCII letters, apostrophes and hyphens removed inside a part, single spaces between words
            _field("title", _text, null=True),
            _field("forename", _text, null=True),  # one letter = an initial
            _field("middle", _text, null=True),
            _field("surname", _text, null=True),  # whole, e.g. "SMITH JONES"
            _field(
                "surname_parts", pa.list_(_text), null=True
            ),  # ["SMITH", "JONES"] for a double surname, else one part
            _field("name_order_sure", pa.bool_()),  # false where the source's order is not told by its form
            _field("sex", _text, null=True),  # "M" / "F"
            _field("dob", _date, null=True),
            _field("nino", _text, null=True),  # canonical, well-formed only
            _field("upn", _text, null=True),  # canonical, check letter right; a temporary one ends in a letter
            _field("nhs", _text, null=True),
            _field("uprn", _text, null=True),  # digits without leading zeros
            # address, upper-case ASCII, abbreviations spelt out
            _field("address", _text, null=True),  # cleaned one-line text, without postcode, for display
            _field("flat", _text, null=True),
            _field("building", _text, null=True),
            _field("number", _text, null=True),
            _field("street", _text, null=True),
            _field("town", _text, null=True),
            _field("postcode", _text, null=True),  # "LE1 1AA", repaired where unambiguous
            _field("address_kind", _text),  # dwelling | none | no_fixed_abode | po_box | institution | abroad
            _field("address_from", _date, null=True),  # the source says: lived there from
            _field("address_to", _date, null=True),  # the source says: until (inclusive)
            _field("seen_on", _date, null=True),  # latest date in the row at which the address was in use
            _field("relationship", _text, null=True),  # cleaned free text of the residents' register
            _field("beyond", pa.bool_()),  # the row is more than agreed: serves matching in memory, is never kept
            _field("known_person", _text, null=True),  # P-........ for records that come from the registry
            _field("known_family", _text, null=True),
        ]
    ),
    ("record_id",),
)

EVIDENCE = Table(
    "evidence",
    "What happened, never what it means: one dated fact of one record.",
    pa.schema(
        [
            _field("evidence_id", _int),
            _field("record_id", _int),
            _field("kind", _text),  # a name of EVIDENCE_KINDS
            _field("code", _text, null=True),  # the data set's own code, e.g. "RO", "JSA"
            _field("begun", _date, null=True),
            _field("ended", _date, null=True),
            _field("quantity", _int, null=True),
            _field("fact", _text),  # source fact: "dataset.supplier:row"
            _field("fact_key", _text, null=True),  # same source fact: facts of one kind and key count once
        ]
    ),
    ("evidence_id",),
    (("record_id", "records", "record_id"),),
)

EVIDENCE_KINDS: dict[str, str] = {
    "proven_offence": "A formal out-of-court or court disposal. code: outcome; begun: offence date; ended: outcome date.",
    "asb_order": "ASB order or injunction. begun: start; ended: expiry (null: none given).",
    "asb_contract": "Acceptable behaviour contract. begun: start; ended: expiry.",
    "housing_intervention": "Housing-related ASB intervention. begun: its date; ended: expiry.",
    "asb_incidents": "Count of ASB incidents in a month. begun, ended: that month.",
    "asb_complaints": "Count of complaints, undated unless the row is.",
    "sessions_possible": "Possible school sessions in a term. begun, ended: the term.",
    "sessions_unauthorised": "Unauthorised absence in a term, in sessions.",
    "fixed_exclusions": "Fixed-period exclusions in a term.",
    "permanent_exclusion": "Permanently excluded in the term.",
    "excluded_provision": "In a pupil referral unit or alternative provision because previously excluded, in the term.",
    "on_roll": "On a school's roll in the term, whatever the provision.",
    "home_educated": "Electively home educated in the term.",
    "not_on_roll": "Not on a school roll in the term.",
    "benefit_out_of_work": "Out-of-work benefit. code: benefit; begun: claim start; ended: claim end.",
    "benefit_other": "A benefit that does not count as out of work.",
    "benefit_sanction": "A sanction on the claim.",
    "training": "Training recorded by DWP.",
    "work_programme": "Started on the Work Programme. begun: start.",
    "esf_provision": "Joined ESF provision. begun: start.",
    "employment": "In employment. begun, ended.",
    "police_callouts": "Call-outs in a month.",
    "police_arrests": "Arrests in a month.",
    "police_proven": "Proven offences counted by the police in a month (undated within it).",
    "custody": "In prison or detention. begun..ended; a month, or an outcome date.",
    "managed_offender": "Prolific, integrated-managed, red or amber nominal. code: flag.",
    "domestic_violence_perpetrator": "Repeat perpetrator of domestic violence. begun: flag date.",
    "class_a_parent": "A parent using Class A drugs.",
    "protection_plan": "Child protection plan. begun..ended.",
    "considered_for_care": "The authority is considering accommodating the child. begun..ended.",
    "looked_after": "Looked-after child. begun..ended.",
    "child_in_need": "Child in need. begun..ended.",
    "health_concern": "Emotional and mental health, drugs, alcohol, domestic abuse, under-18 conception. begun: date.",
    "long_term_condition": "Long-term health condition. begun: date.",
    "local_concern": "A partner's or panel's assertion. code: GANG, HIGH_COST, OTHER; begun: date.",
}

PAIRS = Table(
    "pairs",
    "Scored candidate pairs worth keeping, left id below right id.",
    pa.schema(
        [
            _field("record_id_l", _int),
            _field("record_id_r", _int),
            _field("match_weight", pa.float32()),  # log2 odds of match against not match
            _field("match_probability", pa.float32()),
        ]
    ),
    ("record_id_l", "record_id_r"),
    (("record_id_l", "records", "record_id"), ("record_id_r", "records", "record_id")),
)

MEMBERS = Table(
    "members",
    "Which person each record that names one belongs to.",
    pa.schema(
        [
            _field("record_id", _int),
            _field("person_id", _int),  # dense, 0..p-1
            _field("strength", pa.float32()),  # strongest match probability to another record of the person; 1 if alone
        ]
    ),
    ("record_id",),
    (("record_id", "records", "record_id"), ("person_id", "persons", "person_id")),
)

PERSONS = Table(
    "persons",
    "One row a person: the best value of each attribute over the person's records.",
    pa.schema(
        [
            _field("person_id", _int),
            _field("forename", _text, null=True),
            _field("middle", _text, null=True),
            _field("surname", _text, null=True),
            _field("dob", _date, null=True),
            _field("sex", _text, null=True),
            _field("nino", _text, null=True),
            _field("upn", _text, null=True),
            _field("known_person", _text, null=True),
            _field("known_family", _text, null=True),
            _field("records", pa.int32()),
        ]
    ),
    ("person_id",),
)

UNCERTAIN = Table(
    "uncertain",
    "Links that a person should decide: what the engine would do by itself, and why it asks.",
    pa.schema(
        [
            _field("record_id_l", _int),
            _field("record_id_r", _int),
            _field("reason", _text),  # uncertain_link | identifier_conflict | split | ...
            _field("match_probability", pa.float32()),
            _field("linked", pa.bool_()),  # what `auto` does
        ]
    ),
    ("record_id_l", "record_id_r"),
)

LINKS = Table(
    "links",
    "Why two records of a household that stays are one person or not: levels and numbers, no value of any record.",
    pa.schema(
        [
            _field("record_id_l", _int),
            _field("record_id_r", _int),
            _field("verdict", _text),  # a code of VERDICTS
            _field("match_weight", pa.float64()),  # log2 odds; the sum of the steps
            _field("best", pa.float64()),  # the strongest and the weakest pair between the two, or of the person
            _field("worst", pa.float64()),
            _field("steps", _text),  # JSON: [[what, level, bits], ...], see pairs/waterfall.py
        ]
    ),
    ("record_id_l", "record_id_r"),
    (("record_id_l", "records", "record_id"), ("record_id_r", "records", "record_id")),
)

VERDICTS: dict[str, str] = {
    "linked": "The two are one person: this pair is strong enough by itself.",
    "through_others": "The two are one person through other records; this pair alone would not be enough.",
    "weak": "Not one person: no pair of their records is strong enough.",
    "refused": "Not one person: a pair of their records speaks so strongly against it that they are not joined automatically; a "
    "person may decide.",
    "objection": "Not one person: a pair of their records speaks against it, and takes more away than is left over; a person may "
    "decide.",
    "rival": "Not one person: another record, which cannot be the same person, fits nearly as well.",
    "answered": "As a person answered.",
}
ONE_PERSON, ANSWERED = ("linked", "through_others"), "answered"
OBJECTED = ("refused", "objection")  # a pair of records stands in the way of others that are strong enough

HOUSEHOLD_MEMBERS = Table(
    "household_members",
    "Where each person lives at as_at, with whom, and why we think so.",
    pa.schema(
        [
            _field("person_id", _int),
            _field("household_id", _int),
            _field("reason", _text),  # a reason code of households/reasons.py
            _field("record_id", _int, null=True),  # the record whose address was believed
            _field("probability", pa.float32()),
        ]
    ),
    ("person_id",),
    (("household_id", "households", "household_id"),),
)

HOUSEHOLDS = Table(
    "households",
    "One row a household: its address, area and the kind of place.",
    pa.schema(
        [
            _field("household_id", _int),  # dense
            _field("dwelling", _text, null=True),  # dwelling key shared by households behind one door; null: no address
            _field("address", _text, null=True),
            _field("postcode", _text, null=True),
            _field("uprn", _text, null=True),
            _field("district", _text, null=True),
            _field("area", _text),  # city | county | rutland | other
            _field("place", _text),  # dwelling | shared_house | hostel | institution | unnumbered_flats | none
            _field("people", pa.int32()),
        ]
    ),
    ("household_id",),
)

DWELLING_ROWS = Table(
    "dwelling_rows",
    "Rows that name nobody, and the household that each is about.",
    pa.schema([_field("record_id", _int), _field("household_id", _int), _field("reason", _text)]),
    ("record_id",),
    (("record_id", "records", "record_id"), ("household_id", "households", "household_id")),
)

PEOPLE = Table(
    "people",
    "What criteria may know of a person: household, date of birth, whether a pupil.",
    pa.schema(
        [
            _field("person_id", _int),
            _field("household_id", _int),
            _field("born", _date, null=True),
            _field("pupil", pa.bool_()),  # has an education row this month
        ]
    ),
    ("person_id",),
)

FACTS = Table(
    "facts",
    "Evidence of people and dwellings as criteria read it: names gone, household known.",
    pa.schema(
        [
            _field("evidence_id", _int),
            _field("household_id", _int),
            _field("person_id", _int, null=True),  # null: about the household at the dwelling
            _field("kind", _text),
            _field("code", _text, null=True),
            _field("begun", _date, null=True),
            _field("ended", _date, null=True),
            _field("quantity", _int, null=True),
            _field("fact_key", _text, null=True),
        ]
    ),
    ("evidence_id",),
)

FINDINGS = Table(
    "findings",
    "Each clause of the rule set for each household that has anything to say about it: met, not met or not assessable.",
    pa.schema(
        [
            _field("household_id", _int),
            _field("clause", _text),
            _field("status", _text),  # met | not_met | not_assessable
            _field("note", _text, null=True),  # "2 of 3 terms supplied", or why not assessable
        ]
    ),
    ("household_id", "clause"),
)

SUPPORT = Table(
    "support",
    "Which evidence, of whom, stands behind a finding.",
    pa.schema(
        [
            _field("household_id", _int),
            _field("clause", _text),
            _field("evidence_id", _int),
            _field("person_id", _int, null=True),
        ]
    ),
    ("household_id", "clause", "evidence_id"),
)

DECISIONS = Table(
    "decisions",
    "One row a household: by which route it qualifies, or that it does not.",
    pa.schema(
        [
            _field("household_id", _int),
            _field("route", _text),  # automatic | discretion | no
            _field("criteria", pa.list_(_text)),  # identification criteria met, e.g. ["crime_asb", "education"]
            _field("concerns", pa.list_(_text)),  # causes for concern found
            _field("one_short_not_assessable", pa.bool_()),
        ]
    ),
    ("household_id",),
)

TABLES: tuple[Table, ...] = (
    RECORDS,
    EVIDENCE,
    PAIRS,
    MEMBERS,
    PERSONS,
    UNCERTAIN,
    LINKS,
    HOUSEHOLD_MEMBERS,
    HOUSEHOLDS,
    DWELLING_ROWS,
    PEOPLE,
    FACTS,
    FINDINGS,
    SUPPORT,
    DECISIONS,
)


class SeamError(Exception):
    """A stage gave a table that breaks its declaration: a defect of the program, never of the data."""


def check(table: pa.Table, declared: Table, **others: pa.Table) -> pa.Table:
    """Give `table` back in the declared column order, or raise SeamError naming table and column (never a value).

    Checks schema, nulls, uniqueness of the key and the foreign keys into those of `others` that are given by name.
    """
    missing = [name for name in declared.schema.names if name not in table.column_names]
    if missing:
        raise SeamError(f"{declared.name}: missing column(s) {', '.join(missing)}")
    extra = [name for name in table.column_names if name not in declared.schema.names]
    if extra:
        raise SeamError(f"{declared.name}: undeclared column(s) {', '.join(extra)}")
    table = table.select(declared.schema.names)
    for field in declared.schema:
        if not table.schema.field(field.name).type.equals(field.type):
            raise SeamError(
                f"{declared.name}.{field.name}: is {table.schema.field(field.name).type}, declared {field.type}"
            )
        if not field.nullable and table[field.name].null_count:
            raise SeamError(f"{declared.name}.{field.name}: holds nulls")
    table = table.cast(declared.schema)
    keys = table.select(list(declared.key))
    if not _rises(*keys.columns) and len(keys.group_by(list(declared.key)).aggregate([])) != table.num_rows:
        raise SeamError(f"{declared.name}: key {declared.key} is not unique")
    for column, other, target in declared.foreign:
        if other in others and not _known(table[column], others[other][target]):
            raise SeamError(f"{declared.name}.{column}: unknown {other}.{target}")
    return table


def _rises(*columns: pa.ChunkedArray) -> bool:
    """Whether each row of numbers comes after the one before it, as most keys are made: then none is there twice."""
    if any(not pa.types.is_integer(column.type) or column.null_count for column in columns):
        return False
    fresh = np.zeros(max(len(columns[0]) - 1, 0), dtype=bool)
    for values in (column.to_numpy() for column in reversed(columns)):
        fresh = (values[1:] > values[:-1]) | (fresh & (values[1:] == values[:-1]))
    return bool(fresh.all())


def _known(column: pa.ChunkedArray, target: pa.ChunkedArray) -> bool:
    """Whether every value is one of `target`; numbers without a gap are told by the first and the last."""
    if _rises(target) and len(target) and target[-1].as_py() - target[0].as_py() == len(target) - 1:
        least, most = pc.min_max(column).as_py().values()
        return least is None or (least >= target[0].as_py() and most <= target[-1].as_py())
    known = pc.is_in(column.drop_null(), value_set=target.combine_chunks())
    return bool(pc.all(known, min_count=0).as_py())


def supplies_of(records: pa.Table) -> pa.DictionaryArray:
    """The supply of each record, "dataset.supplier", numbered as they come first."""
    joined = pc.binary_join_element_wise(records["dataset"], records["supplier"], ".")
    return joined.combine_chunks().dictionary_encode()
