"""Retention and rights: reviews, markers of erased families, confirmations of destruction, requests, restrictions, corrections.

Ids, codes, roles and dates; only `correction` holds values of a person, and goes when the person goes. None has a foreign
key to a family or person: requests stay as the proof that they were answered, and the rest must outlast the moment in which
a replaced month is taken out and put in again under the same ids.
"""

from __future__ import annotations

import sqlalchemy as sa

from matcher.registry.schema.base import BIG, FAMILY_ID, PERSON_ID, UtcStamp, code, metadata, text

REQUEST_ID = sa.String(10)

retention_decision = sa.Table(
    "retention_decision",
    metadata,
    sa.Column("decision_id", BIG, primary_key=True, autoincrement=True),
    sa.Column("family_id", FAMILY_ID, nullable=False, index=True),
    code("reason", null=False),
    text("by_role", null=False),
    sa.Column("until", sa.Date(), nullable=False),  # the next review
    sa.Column("decided_at", UtcStamp(), nullable=False),
)

erasure_marker = sa.Table(
    "erasure_marker",
    metadata,
    sa.Column("family_id", FAMILY_ID, primary_key=True),
    code("area", 10),
    sa.Column("identified_on", sa.Date()),
    sa.Column("erased_on", sa.Date(), nullable=False),
    code("reason", null=False),
    sa.Column("claim", sa.String(64)),  # keyed mark of a family that was claimed for; null: nothing was
)

confirmation = sa.Table(
    "confirmation",
    metadata,
    sa.Column("disclosure_id", BIG, sa.ForeignKey("disclosure.disclosure_id"), primary_key=True, autoincrement=False),
    sa.Column("destroyed_on", sa.Date(), nullable=False),
    text("by_role", null=False),
    sa.Column("recorded_at", UtcStamp(), nullable=False),
)

rights_request = sa.Table(
    "rights_request",
    metadata,
    sa.Column("request_id", REQUEST_ID, primary_key=True),
    code("kind", 24, null=False),  # a name of matcher.rights.clocks.KINDS
    sa.Column("person_id", PERSON_ID, index=True),  # null: nothing is held, or it is about no person
    sa.Column("family_id", FAMILY_ID, index=True),
    code("reference"),  # of the case in the controller's own register
    sa.Column("received_on", sa.Date(), nullable=False),
    sa.Column("due_on", sa.Date(), nullable=False),
    text("law", null=False),
    text("by_role", null=False),
    code("identity", null=False),  # how the asker's identity was checked
    code("found", 16),  # held | nothing_held; null: not searched yet
    sa.Column("searched_at", UtcStamp()),
    code("exemption"),
    text("citation"),
    code("decision", 16),
    text("decided_by"),
    sa.Column("decided_on", sa.Date()),
    sa.Column("recorded_at", UtcStamp(), nullable=False),
)

originator_view = sa.Table(
    "originator_view",
    metadata,
    sa.Column("request_id", REQUEST_ID, sa.ForeignKey("rights_request.request_id"), primary_key=True),
    sa.Column("partner", sa.String(60), primary_key=True),
    code("view", 16, null=False),
    sa.Column("given_on", sa.Date(), nullable=False),
    sa.Column("recorded_at", UtcStamp(), nullable=False),
)

restriction = sa.Table(
    "restriction",
    metadata,
    sa.Column("restriction_id", BIG, primary_key=True, autoincrement=True),
    sa.Column("person_id", PERSON_ID, index=True),  # one of the two
    sa.Column("family_id", FAMILY_ID, index=True),
    sa.Column("request_id", REQUEST_ID, sa.ForeignKey("rights_request.request_id")),
    code("reason", null=False),
    text("by_role", null=False),
    sa.Column("begun_on", sa.Date(), nullable=False),
    sa.Column("lifted_on", sa.Date()),  # null: in force
    text("lifted_by"),
)

correction = sa.Table(
    "correction",
    metadata,
    sa.Column("correction_id", BIG, primary_key=True, autoincrement=True),
    sa.Column("person_id", PERSON_ID, nullable=False, index=True),
    sa.Column("request_id", REQUEST_ID, sa.ForeignKey("rights_request.request_id")),
    code("field", 16, null=False),  # a column of person_state
    text("old_value"),
    text("new_value"),
    code("said_by", null=False),  # a partner, or the person
    text("by_role", null=False),
    sa.Column("corrected_on", sa.Date(), nullable=False),
    sa.Column("recorded_at", UtcStamp(), nullable=False),
)
