"""TOML -> frozen specifications. Takes a folder of TOML files, gives models, refuses with all faults of all files at once.

`load_extract_specs` reads `specs/datasets/*.toml`, `load_disclosure_specs` reads `specs/disclosures/*.toml`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from specs.faults import faults_of
from specs.tables import EVIDENCE_KINDS

HERE = Path(__file__).parent

Programme = Literal["city", "county", "rutland"]
Area = Literal["city", "county", "rutland", "other"]
AREAS: tuple[Area, ...] = get_args(Area)
Purpose = Literal[
    "identification", "baseline_and_tracking", "key_worker", "evaluation", "household_placement", "reference"
]
ColumnType = Literal[
    "text", "name", "date", "date_of_birth", "code", "count", "yes_no", "sex", "address", "postcode",
    "nino", "upn", "nhs", "uprn", "estab", "term", "number",
]  # fmt: skip
Role = Literal[
    "ref", "full_name", "forename", "surname", "dob", "sex", "address", "address_2", "town", "postcode",
    "nino", "upn", "nhs", "uprn", "address_from", "address_to", "relationship", "easting", "northing", "district", "place_class",
]  # fmt: skip
NameForm = Literal["surname_first", "forename_first", "mixed"]


def supply_name(dataset: str, supplier: str) -> str:
    """`dataset` or `dataset.supplier`: how a supply is called in file names, options and messages."""
    return f"{dataset}.{supplier}" if supplier else dataset


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Flow(_Model):
    """One supplier's flow of a data set: whose it is, for whom and what for (agreement, sections 4.3, 7-10, Appendix B)."""

    supplier: str  # "" = file without supplier; "*" = any supplier not listed
    also: tuple[str, ...] = ()  # other spellings of the supplier in file names
    partner: str  # partner id, as in assurance/data_quality.<partner>.json
    owner: str  # the data controller at the origin
    area: Area | None = None  # where its families live when no address tells
    recipients: tuple[Programme, ...]
    purposes: tuple[Purpose, ...]
    gateway: tuple[str, ...]  # legal gateways, each with its source
    rhythm: str
    transfer: str
    retention: str
    source: Literal["appendix_b", "beyond_appendix_b", "reference"]
    amendment: str | None = None  # beyond Appendix B: the dated amendment under section 4.3
    amendment_made_up: bool = False
    note: str | None = None  # what a reader should know of this flow
    agreed_by: str  # role
    agreed_on: str  # ISO date
    may_extract: tuple[str, ...]  # roles
    may_process: tuple[str, ...]
    may_share: tuple[str, ...]
    may_match: tuple[str, ...]

    @model_validator(mode="after")
    def _amendment(self) -> Flow:
        if self.source == "beyond_appendix_b" and not self.amendment:
            raise ValueError("a flow beyond Appendix B must cite its amendment")
        return self


class Column(_Model):
    """A column of a supply. `id` names it in rows and rules, `name` heads it in files."""

    id: str
    name: str
    type: ColumnType
    meaning: str
    required: bool = False
    role: Role | None = None
    form: NameForm | None = None  # of a full name
    aliases: tuple[str, ...] = ()
    codes: dict[str, str] = Field(default_factory=dict)  # code -> meaning, for type "code"
    code_aliases: dict[str, str] = Field(default_factory=dict)
    needed_in_row: bool = False  # a row without it means nothing and is rejected
    is_evidence: bool = False  # dropped from the row as soon as evidence is made


class EvidenceRule(_Model):
    """Which evidence a row gives. All of `when` must hold: column -> accepted codes ("*" = filled, "" = blank, "Y"/"N")."""

    kind: str
    when: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    code: str | None = None  # column whose code is kept
    begun: str | None = None  # column of a date
    ended: str | None = None
    quantity: str | int | None = None  # column of a count, or a number
    by_month: str | None = None  # prefix of twelve count columns, 1 = latest month: one row for each month above zero
    term: str | None = None  # column of a term: begun and ended are the term's
    key: tuple[str, ...] = ()  # columns that identify the fact across supplies
    window_months: int | None = None  # wholly older facts are more than agreed and are dropped

    @model_validator(mode="after")
    def _kind(self) -> EvidenceRule:
        if self.kind not in EVIDENCE_KINDS:
            raise ValueError(f"unknown evidence kind {self.kind!r}")
        return self


class Beyond(_Model):
    """Rows or cells beyond what was agreed: what to drop where `when` holds, and how feedback words it."""

    when: dict[str, tuple[str, ...]]
    drop: tuple[
        str, ...
    ] = ()  # columns blanked at intake; () with whole_row = the row is used for matching, never kept
    whole_row: bool = False
    wording: str


class ExtractSpec(_Model):
    """What partners send as one data set: `specs/datasets/<id>.toml`."""

    id: str
    title: str
    version: str  # ISO date from which this specification holds
    description: str
    row_is: str  # "one row an offence"
    about: Literal["people", "dwellings", "reference"] = "people"
    ref_system: str | None = None  # shared reference system; default: dataset[.supplier]
    trust: int = Field(50, ge=0, le=100)  # order of trust for dates of birth and names; higher = more trusted
    address_trust: int = Field(50, ge=0, le=100)
    flow: tuple[Flow, ...] = Field(min_length=1)
    column: tuple[Column, ...] = Field(min_length=1)
    evidence: tuple[EvidenceRule, ...] = ()
    beyond: tuple[Beyond, ...] = ()
    duplicate_key: tuple[str, ...] = ()  # same values in these columns = the same row twice, reported
    needs_one_of: tuple[tuple[str, ...], ...] = ()  # of each list a row fills one column at least, else it is rejected

    @model_validator(mode="after")
    def _columns(self) -> ExtractSpec:
        ids = {column.id for column in self.column}
        if len(ids) != len(self.column):
            raise ValueError("a column id twice")
        self._check_headings()
        suppliers = [name for flow in self.flow for name in (flow.supplier, *flow.also)]
        if len(set(suppliers)) != len(suppliers):
            raise ValueError("a supplier in two flows")
        for number, rule in enumerate(self.evidence, 1):
            months = [f"{rule.by_month}{m:02d}" for m in range(1, 13)] if rule.by_month else []
            named = [rule.code, rule.begun, rule.ended, rule.term, *rule.key, *rule.when, *months]
            named += [rule.quantity] if isinstance(rule.quantity, str) else []
            for name in named:
                if name is not None and name not in ids:
                    raise ValueError(f"evidence rule {number}: no column {name!r}")
            self._check_types(f"evidence rule {number}", rule, months)
            self._check_codes(f"evidence rule {number}", rule.when)
        for number, beyond in enumerate(self.beyond, 1):
            for name in (*beyond.when, *beyond.drop):
                if name not in ids:
                    raise ValueError(f"beyond rule {number}: no column {name!r}")
            self._check_codes(f"beyond rule {number}", beyond.when)
        for name in self.duplicate_key:
            if name not in ids:
                raise ValueError(f"duplicate_key: no column {name!r}")
        for name in (column for columns in self.needs_one_of for column in columns):
            if name not in ids:
                raise ValueError(f"needs_one_of: no column {name!r}")
        return self

    def _check_headings(self) -> None:
        """No two columns answer to one heading, headings being matched without case, spaces and punctuation."""
        owner: dict[str, str] = {}
        for column in self.column:
            for heading in (column.name, *column.aliases):
                plain = "".join(letter for letter in heading.casefold() if letter.isalnum())
                if owner.setdefault(plain, column.id) != column.id:
                    raise ValueError(f"columns {owner[plain]!r} and {column.id!r} answer to one heading")
            for code in column.code_aliases.values():
                if code not in column.codes:
                    raise ValueError(f"column {column.id!r}: alias of the unknown code {code!r}")

    def _check_types(self, where: str, rule: EvidenceRule, months: list[str]) -> None:
        types = {column.id: column.type for column in self.column}
        wanted: list[tuple[str | None, str]] = [(rule.begun, "date"), (rule.ended, "date"), (rule.term, "term")]
        wanted += [(month, "count") for month in months]
        wanted += [(rule.quantity, "count")] if isinstance(rule.quantity, str) else []
        for name, type_name in wanted:
            if name is not None and types[name] != type_name:
                raise ValueError(f"{where}: column {name!r} is no {type_name}")

    def _check_codes(self, where: str, when: dict[str, tuple[str, ...]]) -> None:
        """A condition names codes that its column has, else it would never hold and nobody would notice."""
        columns = {column.id: column for column in self.column}
        for name, codes in when.items():
            column = columns[name]
            known = {"code": set(column.codes), "yes_no": {"Y", "N"}}.get(column.type, set(codes)) | {"*", ""}
            for code in codes:
                if code not in known:
                    raise ValueError(f"{where}: column {name!r} has no code {code!r}")

    def flow_for(self, supplier: str) -> Flow:
        """The flow of a supplier; the "*" flow, else the first, where it is not listed."""
        for wanted in (supplier, "*"):
            for flow in self.flow:
                if wanted in (flow.supplier, *flow.also):
                    return flow
        return self.flow[0]

    def by_role(self, role: Role) -> Column | None:
        return next((column for column in self.column if column.role == role), None)


DisclosureField = Literal[
    "family_id", "area", "route", "full_name", "date_of_birth", "address", "criteria", "concerns", "evidence", "source",
    "service_contact", "counts", "money", "row_feedback", "as_recorded",
]  # fmt: skip
Output = Literal["key_worker_list", "partner_list", "partner_feedback", "claim_summary", "published_summary", "none"]
PERSONAL_FIELDS = frozenset({"full_name", "date_of_birth", "address"})


class DisclosureSpec(_Model):
    """What may leave: one outward row of Appendix B, or an output of the programme itself."""

    id: str
    title: str
    version: str
    sender: str
    recipient: str  # partner or team id; owner of the password
    areas: tuple[Area, ...]  # whose families
    trigger: Literal["monthly", "weekly", "on_identification", "on_allocation", "termly", "recorded_only"]
    purpose: str
    gateway: tuple[str, ...]
    source: str  # section or row of the agreement
    transfer: str
    marking: str = "OFFICIAL-SENSITIVE"
    fields: tuple[DisclosureField, ...]
    evidence: tuple[str, ...] = ()  # evidence kinds that may go with it
    carried: bool = True  # false: recorded, not carried by matcher
    output: Output = "none"  # which of the programme's files carries it
    families: Literal["identified", "identified_or_allocated", "allocated", "none"] = (
        "none"  # whose members may be named
    )
    note: str | None = None

    @property
    def holds_people(self) -> bool:
        return bool(PERSONAL_FIELDS & set(self.fields))

    @model_validator(mode="after")
    def _consistent(self) -> DisclosureSpec:
        for kind in self.evidence:
            if kind not in EVIDENCE_KINDS:
                raise ValueError(f"unknown evidence kind {kind!r}")
        if self.evidence and "evidence" not in self.fields:
            raise ValueError("evidence kinds are listed, but the field 'evidence' is not")
        if self.holds_people and self.families == "none":
            raise ValueError("it names people, but 'families' says of nobody")
        if self.carried != (self.output != "none"):
            raise ValueError("what is carried needs an output, what is only recorded has none")
        if self.carried == (self.trigger == "recorded_only"):
            raise ValueError("the trigger is 'recorded_only' exactly where nothing is carried")
        return self


class SpecError(Exception):
    """Faults of specification files, all of them: `faults` holds one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


M = TypeVar("M", bound=_Model)


def _load(model: type[M], folder: Path) -> dict[str, M]:
    found: dict[str, M] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
            spec = model.model_validate(raw)
        except UnicodeDecodeError:
            faults.append(f"{path.name}: not UTF-8 text: save it as UTF-8")
            continue
        except tomllib.TOMLDecodeError as error:
            faults.append(f"{path.name}: not TOML: {error}")
            continue
        except ValidationError as error:
            faults += faults_of(error, path.name)
            continue
        if spec.id != path.stem:  # type: ignore[attr-defined]
            faults.append(f"{path.name}: id must be the file's name")
        found[path.stem] = spec
    if faults:
        raise SpecError(faults)
    return found


def load_extract_specs(folder: Path | None = None) -> dict[str, ExtractSpec]:
    """Every data set by id. `folder` defaults to the shipped one. Raises SpecError with all faults."""
    return _load(ExtractSpec, folder or HERE / "datasets")


def load_disclosure_specs(folder: Path | None = None) -> dict[str, DisclosureSpec]:
    """Every disclosure by id. `folder` defaults to the shipped one. Raises SpecError with all faults."""
    return _load(DisclosureSpec, folder or HERE / "disclosures")
