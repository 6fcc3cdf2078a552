"""Files -> checked rows, and feedback to partners. Imports specs, fields, errors and progress, and no other stage."""

from matcher.extracts.feedback import feedback, feedback_files, feedback_html
from matcher.extracts.inbox import find_supplies
from matcher.extracts.read import read_supplies
from matcher.extracts.supplies import Inbox, Intake, Problem, Supply, SupplyFile

__all__ = [
    "Inbox",
    "Intake",
    "Problem",
    "Supply",
    "SupplyFile",
    "feedback",
    "feedback_files",
    "feedback_html",
    "find_supplies",
    "read_supplies",
]
