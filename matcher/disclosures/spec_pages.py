"""A data set's specification as a partner or a person reads it: text, a printable page, a Frictionless Table Schema.

Takes an `ExtractSpec`; gives text, bytes of a self-contained HTML page, or a plain dict for JSON. Refuses nothing: a
specification that loads can be shown. Holds no value of any extract, since a specification holds none.
"""

from __future__ import annotations

import textwrap
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from specs.load import Beyond, Column, EvidenceRule, ExtractSpec
from specs.tables import EVIDENCE_KINDS

SOURCES = {
    "appendix_b": "Appendix B",
    "beyond_appendix_b": "beyond Appendix B",
    "reference": "reference data, no people",
}
PURPOSES = {
    "identification": "identification of families",
    "baseline_and_tracking": "baseline and tracking",
    "key_worker": "key worker",
    "evaluation": "evaluation",
    "household_placement": "placing people in households, nothing else",
    "reference": "reference",
}
TYPES = {
    "text": "text",
    "name": "name",
    "date": "date, dd/mm/yyyy",
    "date_of_birth": "date of birth, dd/mm/yyyy",
    "code": "code, see below",
    "count": "whole number, 0 or more",
    "yes_no": "Y or N; blank is N",
    "sex": "M or F",
    "address": "address",
    "postcode": "postcode",
    "nino": "National Insurance number",
    "upn": "unique pupil number",
    "nhs": "NHS number",
    "uprn": "unique property reference number",
    "estab": "7 digits",
    "term": "school year and term, e.g. 2012/13 Autumn",
    "number": "number",
}


def summary(spec: ExtractSpec) -> dict[str, Any]:
    """One line of the list of data sets: id, title, version, sources, partners, rhythms."""
    return {
        "id": spec.id,
        "title": spec.title,
        "version": spec.version,
        "source": sorted({flow.source for flow in spec.flow}),
        "partners": [flow.partner for flow in spec.flow],
        "rhythm": sorted({flow.rhythm for flow in spec.flow}),
    }


def list_text(specs: dict[str, ExtractSpec]) -> str:
    """The list of data sets, two lines each: id, source, rhythm, title; then who sends it."""
    lines = [f"{'data set':<16}{'source':<32}{'rhythm':<24}title"]
    for spec in specs.values():
        source = ", ".join(SOURCES[name] for name in summary(spec)["source"])
        rhythm = ", ".join(summary(spec)["rhythm"])
        lines.append(f"{spec.id:<16}{_cut(source, 31):<32}{_cut(rhythm, 23):<24}{spec.title}")
        partners = ", ".join(summary(spec)["partners"])
        lines += textwrap.wrap(f"from {partners}", 104, initial_indent=" " * 16, subsequent_indent=" " * 21)
    return "\n".join(lines)


def page_text(spec: ExtractSpec) -> str:
    """A readable page for the terminal: columns, codes, evidence, what is more than agreed, flows."""
    lines = [f"{spec.title} ({spec.id}), version {spec.version}", "", *textwrap.wrap(spec.description, 104)]
    lines += [f"One file a month: {file_names(spec)}; {spec.row_is}.", "", "Columns (* = must be there)"]
    for column in spec.column:
        star = "*" if column.required else ""
        lines.append(f"  {column.name + star:<24}{TYPES[column.type]:<34}{column.meaning}")
        lines += [f"    {code:<12}{meaning}" for code, meaning in column.codes.items()]
    lines += ["", "A row is rejected where", *(f"  {line}" for line in rejections(spec))]
    lines += ["", "Evidence that a row gives", *(f"  {evidence_words(rule, spec)}" for rule in spec.evidence)]
    lines += [] if spec.evidence else ["  none"]
    if spec.beyond:
        lines += ["", "More than agreed, reported and not kept", *(f"  {beyond_words(b, spec)}" for b in spec.beyond)]
    for flow in spec.flow:
        lines += ["", f"Flow: {flow.owner} ({file_name(spec, flow.supplier)})"]
        lines += [f"  {label:<26}{value}" for label, value in flow_lines(spec, flow.supplier)]
    return "\n".join(lines)


def page_html(spec: ExtractSpec) -> bytes:
    """The same page as printable, self-contained HTML (UTF-8), to be sent to a partner."""
    environment = Environment(
        loader=PackageLoader("matcher.disclosures"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("specs.html.j2").render(
        spec=spec,
        types=TYPES,
        files=file_names(spec),
        rejections=rejections(spec),
        evidence=[evidence_words(rule, spec) for rule in spec.evidence],
        beyond=[beyond_words(rule, spec) for rule in spec.beyond],
        flows=[
            (flow.owner, file_name(spec, flow.supplier), flow_lines(spec, flow.supplier), flow.amendment_made_up)
            for flow in spec.flow
        ],
    )
    return page.encode("utf-8")


def table_schema(spec: ExtractSpec) -> dict[str, Any]:
    """The columns as a Frictionless Table Schema (version 1 of the standard).

    `constraints.required` says, as there, that a cell may not be blank. That a column must be present although its
    cells may be blank has no word in the standard: it stands in our own property `columnRequired`.
    """
    schema: dict[str, Any] = {
        "name": spec.id,
        "title": spec.title,
        "description": spec.description,
        "version": spec.version,
        "fields": [_schema_field(column) for column in spec.column],
        "missingValues": [""],
    }
    return schema


def file_name(spec: ExtractSpec, supplier: str) -> str:
    return f"{spec.id}.csv" if supplier in ("", "*") else f"{spec.id}.{supplier}.csv"


def file_names(spec: ExtractSpec) -> str:
    return ", ".join(dict.fromkeys(file_name(spec, flow.supplier) for flow in spec.flow)) + " (or .xlsx, .parquet)"


def rejections(spec: ExtractSpec) -> list[str]:
    """When a row means nothing, in words."""
    names = {column.id: column.name for column in spec.column}
    lines = [f"{column.name} is blank" for column in spec.column if column.needed_in_row]
    lines += [_and([names[name] for name in group]) + " are all blank" for group in spec.needs_one_of]
    return lines or ["all its cells are blank"]


def evidence_words(rule: EvidenceRule, spec: ExtractSpec) -> str:
    """One evidence rule as a sentence: kind and meaning, the condition, the window."""
    names = {column.id: column.name for column in spec.column}
    words = f"{rule.kind.replace('_', ' ')} - {EVIDENCE_KINDS[rule.kind].split('. ')[0].rstrip('.')}"
    if rule.when:
        words += "; where " + " and ".join(_condition(names[name], codes) for name, codes in rule.when.items())
    if rule.by_month:
        words += "; one a month, from the month columns"
    if rule.window_months:
        words += f"; of the last {rule.window_months} months, older ones are more than agreed"
    return words


def beyond_words(rule: Beyond, spec: ExtractSpec) -> str:
    names = {column.id: column.name for column in spec.column}
    where = " and ".join(_condition(names[name], codes) for name, codes in rule.when.items())
    what = "the row is never kept" if rule.whole_row else "dropped: " + ", ".join(names[name] for name in rule.drop)
    return f"{rule.wording}: where {where}; {what}"


def flow_lines(spec: ExtractSpec, supplier: str) -> list[tuple[str, str]]:
    """The terms of one flow as label and text."""
    flow = spec.flow_for(supplier)
    source = SOURCES[flow.source] + (f": {flow.amendment}" if flow.amendment else "")
    lines = [
        ("Source of the flow", source),
        ("For", ", ".join(name.capitalize() for name in flow.recipients) + " programme"),
        ("Purposes", ", ".join(PURPOSES[name] for name in flow.purposes)),
        ("Legal gateway", "; ".join(flow.gateway)),
        ("Rhythm", flow.rhythm),
        ("Transfer", flow.transfer),
        ("Retention", flow.retention),
        ("Agreed", f"{flow.agreed_by}, {flow.agreed_on}"),
        ("May extract", ", ".join(flow.may_extract)),
        ("May process", ", ".join(flow.may_process)),
        ("May share", ", ".join(flow.may_share)),
        ("May match", ", ".join(flow.may_match)),
        ("Feedback goes to", flow.partner),
    ]
    return lines + ([("Note", flow.note)] if flow.note else [])


def _condition(name: str, codes: tuple[str, ...]) -> str:
    if codes == ("*",):
        return f"{name} is filled"
    return f"{name} is " + ", ".join("blank" if code == "" else code for code in codes)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def _schema_field(column: Column) -> dict[str, Any]:
    kinds = {"count": "integer", "number": "number", "yes_no": "boolean", "date": "date", "date_of_birth": "date"}
    field: dict[str, Any] = {
        "name": column.name,
        "title": column.name,
        "description": column.meaning,
        "type": kinds.get(column.type, "string"),
    }
    constraints: dict[str, Any] = {"required": True} if column.needed_in_row else {}
    if field["type"] == "date":
        field["format"] = "%d/%m/%Y"
    elif field["type"] == "boolean":
        field["trueValues"], field["falseValues"] = ["Y", "Yes", "1", "TRUE"], ["N", "No", "0", "FALSE"]
    elif column.type == "count":
        constraints["minimum"] = 0
    elif column.type == "term":
        constraints["pattern"] = "[0-9]{4}/[0-9]{2} (Autumn|Spring|Summer)"
    if column.codes:
        constraints["enum"] = [*column.codes, *column.code_aliases]
    if constraints:
        field["constraints"] = constraints
    return field | {"columnRequired": column.required}


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
