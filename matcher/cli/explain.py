"""`matcher explain`: why a family is on the programme. Each use is recorded as a disclosure."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import click

from matcher.cli.output import json_option
from matcher.cli.workspaces import open_workspace, workspace_option

RECIPIENT = "programme_office"
FIELDS = (
    "family_id",
    "area",
    "route",
    "full_name",
    "date_of_birth",
    "address",
    "criteria",
    "concerns",
    "evidence",
    "source",
)


@click.command("explain", short_help="Why this family: criteria, evidence, readings, records.")
@workspace_option
@click.argument("family")
@json_option
def explain(workspace: Path, family: str, as_json: bool) -> None:
    """Explain why FAMILY is on the programme: criterion by criterion with evidence, source, reading and citation; its
    history, its members and the records that make each of them, and to whom its details went.

    Each use is recorded as a disclosure.

    Example: matcher explain -w workspace F-ABCDEFGH
    """
    from matcher.disclosures.explanation import text
    from matcher.purge.audit import Audit
    from matcher.registry import Registry
    from matcher.runs.explaining import explain as explanation_of

    place = open_workspace(workspace)
    with Registry.open(place) as registry:
        told = explanation_of(place, registry, family.strip().upper())
        if as_json:
            content = json.dumps(told.to_dict(), ensure_ascii=False, indent=2, default=str) + "\n"
        else:
            content = "\n".join(text(told)) + "\n"
        # recorded before it is given: what was not recorded is not disclosed
        registry.disclosed(
            "command_explain", RECIPIENT, purpose="why a family is on the programme, by command", form="stdout", fields=FIELDS,
            family_ids=[told.family_id], people=len(told.members), by_role=place.settings.legal.operator_role,
            digest=hashlib.sha256(content.encode("utf-8")).hexdigest(),
        )  # fmt: skip
    Audit(place).append("family_explained", recipient=RECIPIENT, family=told.family_id, people=len(told.members))
    click.echo(content, nl=False)


COMMANDS = (explain,)
