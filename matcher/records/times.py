"""What the dates of each kind of evidence mean. Tables only, by evidence kind; a new kind is added here.

EVENT    happens on the day it begins; an end, where given, is an expiry and extends nothing.
PROCESS  begins and ends in two events (offence and outcome); without its end it is not yet placed.
STATE    lasts from its beginning until its end; without an end it still lasts.
Kinds that stand here nowhere are dated by month or term.
"""

from __future__ import annotations


def _kinds(text: str) -> frozenset[str]:
    return frozenset(text.split())


EVENT = _kinds(
    "housing_intervention health_concern long_term_condition local_concern domestic_violence_perpetrator managed_offender "
    "work_programme esf_provision training asb_complaints"
)
PROCESS = _kinds("proven_offence custody")
STATE = _kinds(
    "asb_order asb_contract benefit_out_of_work benefit_other benefit_sanction employment class_a_parent protection_plan "
    "considered_for_care looked_after child_in_need home_educated not_on_roll on_roll"
)
# events that the source lived through with the person, so that the address was in use then; an order is made in person
MET_AT_BEGINNING = _kinds(
    "proven_offence housing_intervention asb_order asb_contract asb_complaints health_concern long_term_condition local_concern "
    "domestic_violence_perpetrator managed_offender"
)
MET_AT_END = _kinds("proven_offence")
# states during which the source writes to the person's address
IN_TOUCH = _kinds("benefit_out_of_work benefit_other protection_plan considered_for_care looked_after child_in_need")
