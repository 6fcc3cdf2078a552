"""The steps of a waterfall in words for people who are no programmers.

Takes a step and the model; gives texts. The words of a level are the model's own (`meaning`); what the
model does not know any more is called by its name.
"""

from __future__ import annotations

from matcher.pairs.model import LinkageModel
from matcher.pairs.waterfall import Step

START = ("before anything is compared", "how likely any two records are one person")
MISSING = "not told by both"
_ELSE = "none of these"  # in a model a level among others; here it stands alone
_TITLES = {"dob": "date of birth", "middle": "middle name", "nino": "National Insurance number"}
_COMMON = {  # kind -> what it says where it speaks for one person, and where against
    "forename": ("a rare forename", "a common forename"),
    "surname": ("a rare surname", "a common surname"),
    "name": ("hardly anybody else bears the whole name", "others bear the whole name"),
    "middle": ("a rare middle name after that forename", "a common middle name after that forename"),
    "dob": ("few records hold that date of birth", "many records hold that date of birth"),
    "home": ("few records are at that address", "many records are at that address"),
    "household": ("relatives share larger homes than others here", "relatives share smaller homes than others here"),
    "local": ("a surname rare around there", "a surname common around there"),
    "sex": ("", "of one forename, strangers too are of one sex"),
    "kin": (
        "these two sources seldom hold two people of one home",
        "these two sources often hold two people of one home",
    ),
    "nearly": ("", "one of the exchanged names is found again nearly only"),
    "exchanged": ("one's names mostly stand in each other's place", "the names stand where they mostly stand"),
}
_OTHERS = {
    "lacking": ("missing values", "records of one person lack these values oftener than others", "records of one person seldom lack these values"),
    "ages": ("age", "the age known of one fits whom the other source holds", "the age known of one does not fit whom the other source holds"),
    "sources": ("source", "these two sources often hold such people in common", "these two sources seldom hold one such person, or know one address"),
    "reference.known_as_two": ("registry", "", "the registry holds them as two people"),
    "reference.known_as_one": ("registry", "the registry's own record of this person", "the registry's own record of this person"),
    "reference.same_reference": ("reference", "the same reference at the same source", "the same reference at the same source"),
    "reference.two_people": ("reference", "", "one reference or number, but names and dates of two people"),
    "context.moved_together": ("household", "others of the household agree between the same two addresses", ""),
    "context.unrivalled": ("household", "nobody else of the household fits", ""),
    "context.one_reference": ("source", "a source that knows most like this person has no other record of it", "the source knows this person by another reference"),
    "same_row": ("reference", "rows of one reference that say the same", ""),
}  # fmt: skip


def words_of(step: Step, model: LinkageModel) -> tuple[str, str]:
    """What was looked at, and what was found: ("surname", "the same surname")."""
    kind, _, name = step.what.partition(".")
    if kind == "start":
        return START
    if kind == "comparison":
        title = _TITLES.get(name, name.replace("_", " "))
        if step.level == "missing":
            return title, MISSING
        known = next((c for c in model.comparison if c.name == name), None)
        level = known.level.get(step.level) if known else None
        meaning = level.meaning if level else ""
        return title, step.level.replace("_", " ") if meaning in ("", _ELSE) else meaning
    if kind == "common":
        rare, common = _COMMON.get(name, (f"a rare {name}", f"a common {name}"))
        return "how common", rare if step.bits > 0 else common
    title, speaks_for, against = _OTHERS.get(step.what, (step.what.replace("_", " "), "", ""))
    return title, (speaks_for if step.bits > 0 else against) or step.what.partition(".")[2].replace("_", " ")
