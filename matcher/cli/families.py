"""`matcher families`: the families on the programme, as CSV, XLSX or JSON. Each use is recorded as a disclosure."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import click

from matcher.cli.output import say
from matcher.cli.workspaces import open_workspace, workspace_option
from matcher.errors import Exit, UserError
from matcher.fields.characters import visible
from specs.load import AREAS

RECIPIENT = "programme_office"
# where another delimiter than the comma is expected, a cell begins in the middle of ours
_AFTER_DELIMITER = re.compile(r"([;|\t\r\n]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


@click.command("families", short_help="List the families on the programme; recorded as a disclosure.")
@workspace_option
@click.option("--area", type=click.Choice(AREAS), help="Only families of this area.")
@click.option("--batch", help="Only families that this batch found or confirmed; with --records, rows that it brought.")
@click.option("--records", is_flag=True, help="One line a kept record instead of one a person.")
@click.option(
    "--format", "form", type=click.Choice(["csv", "xlsx", "json"]), default="csv", show_default=True, help="Format."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file instead of stdout.")
@click.option("--plain", is_flag=True, help="Allow csv or json in a file, unprotected.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def families(
    workspace: Path,
    area: str | None,
    batch: str | None,
    records: bool,
    form: str,
    output: Path | None,
    plain: bool,
    as_json: bool,
) -> None:
    """List the families in the registry that are not closed.

    CSV and JSON go to stdout, and into a file only with --plain; XLSX always goes into a file under the password of
    programme_office (matcher passwords show programme_office). Each use is recorded as a disclosure.

    In CSV, a text that a spreadsheet would take for a formula stands behind an apostrophe: take it off to compare a
    reference that begins with = + - or @, or use JSON, which holds every value as it is.

    Example: matcher families -w workspace --area county --format xlsx -o families.xlsx
    """
    from matcher.purge.audit import Audit
    from matcher.registry import Registry
    from matcher.workspace import write_file

    form = "json" if as_json else form
    if form == "xlsx" and output is None:
        raise click.UsageError("a workbook needs a file: name it with -o FILE")
    if output is not None and form != "xlsx" and not plain:
        raise UserError(
            f"{form} in a file is readable by everybody.", where=str(output), todo="use --format xlsx, or add --plain",
            code=Exit.USAGE, refusal="unprotected_file",
        )  # fmt: skip
    place = open_workspace(workspace)
    with Registry.open(place) as registry:
        if batch is not None:
            registry.batch(batch)
        table = registry.records(area, batch) if records else registry.families(area, batch)
        rows = table.to_pylist()
        title = "records" if records else "families"
        content = {"csv": _csv, "json": _json, "xlsx": _xlsx}[form](title, table.column_names, rows, place)
        family_ids = {row["family_id"] for row in rows}
        people = len({row["person_id"] for row in rows if row["person_id"]})
        # recorded before it is given: what was not recorded is not disclosed
        registry.disclosed(
            "command_families",
            RECIPIENT,
            purpose="families on the programme, by command",
            form="stdout" if output is None else f"{form} file",
            fields=table.column_names,
            family_ids=family_ids,
            people=people,
            by_role=place.settings.legal.operator_role,
            digest=hashlib.sha256(content).hexdigest(),
        )
    Audit(place).append(
        "families_listed", recipient=RECIPIENT, families=len(family_ids), people=people, rows=len(rows), form=form,
        protected=form == "xlsx", to_file=output is not None,
    )  # fmt: skip
    if output is None:
        click.echo(content.decode("utf-8"), nl=False)
    else:
        write_file(output, content)
        told = f"{len(family_ids)} families to {output}"
        say(told + (f", under the password of {RECIPIENT}" if form == "xlsx" else ", unprotected: keep it safe"))


def _flat(value: Any) -> str:
    if value is None:
        return ""
    return ";".join(value) if isinstance(value, list) else str(value)


def _csv(_: str, columns: list[str], rows: list[dict[str, Any]], workspace: Any) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_safe(_flat(row[name])) for name in columns] for row in rows)
    return out.getvalue().encode("utf-8")


def _safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula, nor a part of it where another delimiter is expected, nor a terminal obeys."""
    from matcher.disclosures.workbooks import guarded

    return visible(_AFTER_DELIMITER.sub(r"\1'", guarded(text)))


def _json(title: str, columns: list[str], rows: list[dict[str, Any]], workspace: Any) -> bytes:
    listed = [{name: row[name] for name in columns} for row in rows]
    whole = {"workspace": workspace.id, "marking": workspace.settings.marking.label, title: listed}
    return visible(json.dumps(whole, ensure_ascii=False, indent=2, default=str) + "\n").encode("utf-8")


def _xlsx(title: str, columns: list[str], rows: list[dict[str, Any]], workspace: Any) -> bytes:
    from matcher.disclosures.workbooks import Sheet, protected_workbook
    from matcher.purge.passwords import password_for

    cells = [[";".join(v) if isinstance(v := row[name], list) else v for name in columns] for row in rows]
    sheets = [Sheet(title.capitalize(), columns, cells)]
    marking, password = workspace.settings.marking.label, password_for(workspace, RECIPIENT)
    return protected_workbook(sheets, marking, "Families on the programme", password)


COMMANDS = (families,)
