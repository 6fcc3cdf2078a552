"""What the dates of each kind of evidence mean. Tables only, by evidence kind; a new kind is added here.

EVENT    happens on the day it begins; an end, where given, is an expiry and extends nothing.
PROCESS  begins and ends in two events (offence and outcome); without its end it is not yet placed.
STATE    lasts from its beginning until its end; without an end it still lasts.
Kinds that stand here nowhere are dated by month or term.
"""

from __future__ import annotations

EVENT = frozenset(
    "housing_intervention health_concern long_term_condition local_concern domestic_violence_perpetrator managed_offender "
    "work_programme esf_provision training asb_complaints".split()
)
PROCESS = frozenset("proven_offence custody".split())
STATE = frozenset(
    "asb_order asb_contract benefit_out_of_work benefit_other benefit_sanction employment class_a_parent protection_plan "
    "considered_for_care looked_after child_in_need home_educated not_on_roll on_roll".split()
)
# events that the source lived through with the person, so that the address was in use then; an order is made in person
MET_AT_BEGINNING = frozenset(
    "proven_offence housing_intervention asb_order asb_contract asb_complaints health_concern long_term_condition local_concern "
    "domestic_violence_perpetrator managed_offender".split()
)
MET_AT_END = frozenset({"proven_offence"})
# states during which the source writes to the person's address
IN_TOUCH = frozenset(
    "benefit_out_of_work benefit_other protection_plan considered_for_care looked_after child_in_need".split()
)
