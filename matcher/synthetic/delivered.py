"""A supply as it is delivered: the header of each data set, typed cells, and who truly stands behind each row.

Takes nothing of the county's lives, so that the truth can be judged from what was delivered alone. Refuses nothing.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass, field

from matcher.synthetic.places import DISTRICTS

Cell = str | int | dt.date | None
MONTHS = tuple(f"M{month:02d}" for month in range(1, 13))
HEADERS: dict[str, tuple[str, ...]] = {
    "police_iom": ("Nominal Ref", "Full Name", "DOB", "Address", "Flag", "Flag Date"),
    "police_asb": ("Sentinel Ref", "Full Name", "DOB", "Address", "Disposal", "Disposal Date", "Expiry Date", *MONTHS),
    "police_monthly": ("Nominal Ref", "Full Name", "DOB", "Address", "Measure", *MONTHS),
    "probation": ("CRN", "Full Name", "DOB", "Address", "Class A Parent"),
    "yos": ("YOS ID", "Full Name", "DOB", "Address", "Offence", "Offence Date", "Outcome", "Outcome Date", "Panel Decision",
            "PPO/IOM"),
    "education": ("UPN", "Forename", "Surname", "DOB", "Sex", "Address 1", "Address 2", "Town", "Postcode", "Estab", "Term",
                  "Sessions Possible", "Unauthorised Sessions", "Fixed Exclusions", "Permanent Exclusion", "Provision",
                  "Previously Excluded"),
    "dwp": ("NINO", "Forename", "Surname", "DOB", "Sex", "Address", "Postcode", "Benefit", "Claim Start", "Claim End", "Sanction",
            "Training", "Work Programme Start", "ESF Start", "Employment Start", "Employment End"),
    "housing": ("Case Ref", "District", "Name", "DOB", "Address", "Postcode", "UPRN", "Intervention", "Intervention Date",
                "Expiry Date", "Complaints"),
    "social_care": ("Case ID", "Forename", "Surname", "DOB", "Address", "Postcode", "Status", "Start", "End"),
    "health": ("Client Ref", "Forename", "Surname", "DOB", "Address", "Postcode", "Concern", "Date"),
    "local_concerns": ("Ref", "Forename", "Surname", "DOB", "Address", "Postcode", "Concern", "Date", "Asserted By"),
    "residents": ("Resident Ref", "Forename", "Surname", "DOB", "Address", "Postcode", "UPRN", "From", "To", "Relationship"),
    "gazetteer": ("UPRN", "Address", "Postcode", "District", "Class", "Easting", "Northing"),
}  # fmt: skip

_LANDLORDS = tuple(district.key for district in DISTRICTS if district.area != "rutland")
SUPPLIERS: dict[str, tuple[str, ...]] = {
    "yos": ("city", "county"), "education": ("city", "county"), "social_care": ("city", "county"), "housing": _LANDLORDS,
    "residents": _LANDLORDS,
}  # fmt: skip


@dataclass
class Supply:
    """One partner's data set: rows of cells in the order of its header, and behind each row (person, household).

    The person is -1 for a row that names nobody; a gazetteer has nobody behind it.
    """

    dataset: str
    supplier: str
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    behind: list[tuple[int, int]] = field(default_factory=list)

    @property
    def header(self) -> tuple[str, ...]:
        return HEADERS[self.dataset]

    @property
    def name(self) -> str:
        return f"{self.dataset}.{self.supplier}" if self.supplier else self.dataset


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day of the month so many months before, or that month's last."""
    number = day.year * 12 + day.month - 1 - months
    year, month = number // 12, number % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
