"""Questions made by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from matcher.review.questions import BY_DISCRETION, MEMBERS, Question
from matcher.review.sides import Asked, Household, Side

LEFT = Side(
    name="ALICE SMITHERS", date_of_birth=dt.date(1980, 1, 2), sex="F", address="1 HIGH STREET", postcode="LE1 1AA",
    national_insurance="AB123456C", pupil_number=None, nhs_number=None, property_number=None, reference="D1",
    source="Benefits, somebody with a very long name indeed, row 3", dataset="dwp", supplier="", row=3, last_seen=None,
)  # fmt: skip
RIGHT = replace(LEFT, name="ALYS SMITHERS", sex=None, reference="=R1", dataset="residents", supplier="city", row=9)
LINK = Asked("Q-AAAAAAAA", Question("uncertain_link", True, MEMBERS, 0, 1, 0.93), LEFT, RIGHT)
OTHER_LINK = replace(LINK, id="Q-BBBBBBBB")
HOME = Household(
    people=(("ALICE SMITHERS", dt.date(1980, 1, 2)), ("no name", None)), address="1 HIGH STREET", postcode=None,
    area="City", criteria=("Education", "Work"), concerns=("A child is on a plan.",),
)  # fmt: skip
PANEL = Asked("Q-CCCCCCCC", Question("discretion", False, BY_DISCRETION, 0), household=HOME)
ALL = (LINK, OTHER_LINK, PANEL)
