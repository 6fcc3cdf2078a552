"""What each event of the audit chain is, in plain English. Takes an entry, gives its sentence; counts, ids and roles only.

One line an event: `{field}` stands for what was recorded, a part after `~` is said only where all its fields were, and where
none is empty or false. `{field?}` says nothing itself: it keeps its part for what is so. When each is written, and with which
fields, stands in the README of this package; a test holds both to the program's calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

EVENTS = {
    # the workspace
    "workspace_made": "Workspace made or completed: {files} files",
    "settings_recorded": "Recorded as found: {file}",
    "settings_changed": "Settings file changed: {file}~, values of {changed}~, new {added}~, gone {removed}",
    "policy_changed": "Policy file changed: {file}~, values of {changed}~, new {added}~, gone {removed}",
    "registry_password_kept": "Password of the registry's server taken into the key store",
    "registry_moved": "Registry moved to another server: {families} families, {people} people",
    "backed_up": "Registry of {batches} batches and files backed up~, with {keys} keys under a passphrase",
    "restored": "Backup restored, made at entry {from_entry}~; erased again: {families} families~; erased again: {people} people"
    "~; sealed since, and lost: {lost}~; given up: {given_up}~; {held_files} held files destroyed",
    # runs and decisions
    "run_started": "Batch {batch} begun: {supplies} supplies~, made-up data{made_up?}",
    "run_stopped": "Run as at {as_at} stopped before anything was matched: {why}",
    "run_failed": "Batch {batch}: the match failed; nothing was destroyed",
    "dry_run": "Dry run: {supplies} supplies, {records} rows read, nothing kept~, made-up data{made_up?}",
    "decided": "Batch {batch} decided: {routes}~; criteria: {criteria}~; decided by a panel: {panel}",
    "held": "Batch {batch} held: {questions} questions, {records} rows kept encrypted",
    "resumed": "Batch {batch} taken up again, state {state}~, with {supplies} late supplies",
    "late_supply": "Batch {batch}: late supply taken in",
    "question_answered": "Batch {batch}, question {question} ({kind}): {answer}~ by {by_role}~, reason {reason}~ (was {replaces})",
    "answers_imported": "Batch {batch}: {answers} answers read from a workbook~, which was destroyed{destroyed?}",
    "sealed": "Batch {batch} sealed: {families} families and {records_kept} rows kept, {files_destroyed} received files destroyed",
    # disclosures
    "list_disclosed": "Batch {batch}: list {spec} for {recipient} written, {families} families, {people} people: {form}",
    "families_listed": "{families} families, {people} people listed for {recipient} as {form}~, in a file{to_file?}"
    "~, under a password{protected?}",
    "links_explained": "Why records are one person or not explained to {recipient}: {people} people~, batch {batch}~, question {question}"
    "~, person {person}~, in a file{to_file?}",
    "family_explained": "Family {family} explained to {recipient}: {people} people",
    "questions_shown": "Batch {batch}: {questions} open questions shown to {recipient} ({form}): {people} people",
    # deletions
    "received_destroyed": "Batch {batch}: {files} received files destroyed at the {form}~, {left_alone} left alone (changed since)",
    "received_destroyed_again": "Same month again: {files} received files destroyed",
    "received_kept": "Batch {batch}: {files} received files kept on request~, because: {because}",
    "held_destroyed": "Batch {batch}: key of what was held destroyed, then {files} files",
    "workbooks_destroyed": "Batch {batch}: {files} workbooks of questions and referral lists destroyed",
    "lists_withdrawn": "Batch {batch} replaced: its lists of people destroyed, {files} files",
    "batch_expired": "Batch {batch} expired: what it held is destroyed, {files} files",
    "abandoned": "Batch {batch} abandoned: nothing of it is kept~, {files} files destroyed",
    "outbox_destroyed": "Lists past their time destroyed: {files} files~ of {batches}",
    "families_erased": "Families erased but for a bare marker ({reason}): {families}",
    "people_erased": "People erased ({reason}): {people}",
    "erasure_certified": "Erasure certified: {families} families, {people} people",
    "erasures_finished": "Erasures carried out again: {families_and_people} families and people were there",
    "family_kept": "Review of family {family}: kept until {until}, reason {reason}~, by {by_role}",
    "destruction_chased": "Confirmation that lists are destroyed asked for: {files} files of {recipients}",
    "destruction_confirmed": "{recipient} confirmed that {files} files are destroyed~, of batch {batch}",
    # requests of people
    "request_recorded": "Request {request} recorded: {kind}~, person {person}~, family {family}~, due {due}~, by {by_role}",
    "identity_checked": "Request {request}: identity checked ({how})~, by {by_role}",
    "originator_view": "Request {request}: view of {partner} recorded: {view}",
    "subject_searched": "Searched for what is held about one person: {people} people found~, request {request}",
    "request_searched": "Request {request}: searched, {found} found",
    "subject_exported": "Request {request}: everything held about person {person} exported, {rows} rows",
    "request_decided": "Request {request} ({kind}) decided: {decision}~, exemption {exemption}~, by {by_role}",
    "nothing_held_certified": "Request {request}: certified that nothing is held~, by {by_role}",
    "person_corrected": "Request {request}: {field} of person {person} corrected, as {said_by} said~, by {by_role}",
    "use_restricted": "Use restricted ({reason})~, of person {person}~, of family {family}~, request {request}",
    "restriction_lifted": "Restriction lifted~, of person {person}~, of family {family}~, by {by_role}",
    # keys
    "key_made": "Key made: {key}",
    "registry_key_made": "Key of the registry made",
    "registry_key_rotated": "Key of the registry rotated",
    "signing_key_made": "New signing key made: the one before is lost",
    "signing_key_rotated": "Signing key rotated",
    "signing_key_restored": "Signing key put back from a backup",
    "password_shown": "Password of {recipient} shown",
    "password_rotated": "Password of {recipient} rotated",
    "keys_backed_up": "Keys backed up: {keys}",
    "keys_restored": "Keys put back from a backup: {put_back}~, {replaced} replaced",
    # proofs
    "verified": "Verified: {findings} findings and {faults} faults in {files} files~, {values} values searched for~, batch {batch}",
    "residue_found": "Batch {batch}: the search found something that should be gone, {places} places",
    "audit_exported": "Audit chain exported: {entries} entries",
    "audit_write_interrupted": "A write to this log was cut off (a crash): half a line of {bytes} bytes stays before this entry",
    "audit_chain_broken": "ENTRIES BEFORE THIS ONE HAD BEEN REMOVED OR CHANGED",
    "audit_chain_lost": "ENTRIES BEFORE THIS ONE WERE LOST, and a restore went on without them",
    "audit_end_made": "The end of the chain is kept anew: entry {end}",
    "audit_end_restored": "The end of the chain is kept again: entry {end}, {known} was known",
    # refusals
    "access_refused": "REFUSED: {what}~, asked for by matcher {command}",
}  # fmt: skip

REFUSALS = {
    "key_missing": "a key that was asked for is not in the key store",
    "wrong_key": "the registry does not open with this key",
    "server_unproven": "the registry's server did not prove that it is the one named",
    "server_login": "the registry's server refused the login",
    "server_role": "a login without a role for the registry",
    "server_right": "something in the registry that the login's role may not do",
    "lock_busy": "another run holds the workspace",
    "unmarked_data": "evaluation of data that is neither made up nor consented to",
    "kept_without_reason": "received files of real people were to be kept without a reason",
    "unprotected_file": "families were to be written to a file without protection",
    "no_such_password": "password of a recipient that has none",
    "wrong_token": "review page asked for with a wrong or used address",
    "no_session": "review page asked for without its session",
    "other_host": "review page asked for by another name or from another page",
    "wrong_form": "answer on the review page without its token",
}
"""Codes of `access_refused`: `why` is one of these."""

_FIELD = re.compile(r"\{(\w+)(\??)\}")


def sentence(entry: Mapping[str, Any]) -> str:
    """An entry in plain English. An event that nobody described is told by its code and its fields."""
    counts: dict[str, Any] = {**entry["counts"]}
    if entry["event"] == "access_refused":
        counts["what"] = REFUSALS.get(str(counts.get("why")), str(counts.get("why")))
    template = EVENTS.get(str(entry["event"]))
    if template is None:
        told = "; ".join(f"{name} {_said(value)}" for name, value in sorted(counts.items()))
        return f"{entry['event']}: {told}" if told else str(entry["event"])
    first, *more = re.split(r"~", template)
    parts = [first, *(part for part in more if _all_said(part, counts))]
    return "".join(_FIELD.sub(lambda found: "" if found[2] else _said(counts.get(found[1])), part) for part in parts)


def _all_said(part: str, counts: Mapping[str, Any]) -> bool:
    return all(counts.get(name) not in (None, "", False, [], {}, 0) for name, _ in _FIELD.findall(part))


def _said(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {count:,}" for name, count in value.items())
    return str(value)
