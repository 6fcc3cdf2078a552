"""The families on the programme, from month to month: an encrypted database, its migrations, and which family is which."""

from matcher.registry.batches import Batch
from matcher.registry.continuity import Assigned, Known, assign, known_links
from matcher.registry.plan import FamilyPlan, make_plan
from matcher.registry.store import Registry

__all__ = ["Assigned", "Batch", "FamilyPlan", "Known", "Registry", "assign", "known_links", "make_plan"]
