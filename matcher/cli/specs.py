"""`matcher specs`: what partners send, as a list, a page, or a Frictionless Table Schema. Thin over `spec_pages`."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import click

from matcher.cli.output import echo_json, json_option, say
from matcher.disclosures import spec_pages
from matcher.errors import UserError
from specs.load import ExtractSpec, SpecError, load_extract_specs

_folder = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of data-set files (default: the shipped ones).",
)


def _load(ctx: click.Context, folder: Path | None) -> dict[str, ExtractSpec]:
    folder = folder or (ctx.obj or {}).get("folder")
    try:
        specs = load_extract_specs(folder)
    except SpecError as error:
        raise UserError(
            f"{len(error.faults)} fault(s) in the data-set files:\n  " + "\n  ".join(error.faults),
            where=folder.name if folder else "specs/datasets",
            todo="mend these lines; specs/README.md says what each key means",
        ) from None
    if not specs:
        raise UserError(
            "No data-set files", where=folder.name if folder else "", todo="name a folder with *.toml files"
        )
    return specs


def _one(specs: dict[str, ExtractSpec], name: str) -> ExtractSpec:
    if name in specs:
        return specs[name]
    near = difflib.get_close_matches(name, specs, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UserError("There is no such data set", todo=f"{hint}choose one of {', '.join(specs)}")


@click.group("specs", invoke_without_command=True, short_help="What partners send, as a list, a page or a schema.")
@_folder
@json_option
@click.pass_context
def specs_group(ctx: click.Context, folder: Path | None, as_json: bool) -> None:
    """List what partners send: data sets, their source, partners and rhythm.

    Example: matcher specs
    """
    ctx.obj = {"folder": folder, "json": as_json}
    if ctx.invoked_subcommand is None:
        specs = _load(ctx, folder)
        if as_json:
            echo_json({"datasets": [spec_pages.summary(spec) for spec in specs.values()]})
        else:
            click.echo(spec_pages.list_text(specs))


@specs_group.command("show")
@click.argument("dataset")
@_folder
@json_option
@click.option("--html", is_flag=True, help="A printable page instead of text.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the page to this file.")
@click.pass_context
def show(ctx: click.Context, dataset: str, folder: Path | None, as_json: bool, html: bool, output: Path | None) -> None:
    """Show one data set as a page that a partner can be sent.

    Example: matcher specs show yos --html -o yos.html
    """
    spec = _one(_load(ctx, folder), dataset)
    if as_json or ctx.obj["json"]:
        echo_json(spec.model_dump(mode="json"))
        return
    page = spec_pages.page_html(spec) if html else spec_pages.page_text(spec).encode("utf-8")
    if output is None:
        click.echo(page.decode("utf-8"))
        return
    _write(output, page)


@specs_group.command("export", short_help="The columns of one data set as a Frictionless schema.")
@click.argument("dataset")
@_folder
@json_option
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the schema to this file.")
@click.pass_context
def export(ctx: click.Context, dataset: str, folder: Path | None, as_json: bool, output: Path | None) -> None:
    """Export one data set's columns as a Frictionless Table Schema (always JSON).

    Example: matcher specs export education -o education.schema.json
    """
    schema = spec_pages.table_schema(_one(_load(ctx, folder), dataset))
    if output is None:
        echo_json(schema)
        return
    _write(output, (json.dumps(schema, ensure_ascii=False, indent=2) + "\n").encode("utf-8"))


def _write(output: Path, content: bytes) -> None:
    """Write a page about columns; it holds nobody's data, so it may lie anywhere."""
    try:
        output.write_bytes(content)
    except OSError as error:
        raise UserError("The file cannot be written", where=output.name, todo=error.strerror or "try another") from None
    say(f"Written: {output.name}")


COMMANDS = (specs_group,)
