"""The registry's tables, a module a theme. Takes nothing, gives `metadata` with every table; the migrations make them.

Everything a batch brought carries its batch_id, so that a replaced month can be undone. No SQLite-only types: the same
tables are made on PostgreSQL, where personal columns are encrypted one by one (`personal.py`).
"""

from matcher.registry.schema.base import metadata
from matcher.registry.schema.batches import batch, question, supply
from matcher.registry.schema.disclosures import disclosure, disclosure_family
from matcher.registry.schema.families import family, family_event, family_state
from matcher.registry.schema.keys import registry_key
from matcher.registry.schema.links import link
from matcher.registry.schema.people import membership, person, person_state
from matcher.registry.schema.personal import seal_columns
from matcher.registry.schema.records import evidence, finding, record, support
from matcher.registry.schema.rights import (
    confirmation,
    correction,
    erasure_marker,
    originator_view,
    restriction,
    retention_decision,
    rights_request,
)

__all__ = [
    "batch", "confirmation", "correction", "disclosure", "disclosure_family", "erasure_marker", "evidence", "family",
    "family_event", "family_state", "finding", "link", "membership", "metadata", "originator_view", "person", "person_state",
    "question", "record", "registry_key", "restriction", "retention_decision", "rights_request", "supply", "support",
]  # fmt: skip

seal_columns(metadata)
