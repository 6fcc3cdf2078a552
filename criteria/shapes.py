"""The shapes of test that a rule set may use, as frozen models. Takes a TOML table, gives a typed test, refuses the rest.

A test says which kinds of evidence it reads and how; `predicates.py` evaluates it. A rule set combines tests: any clause
of a criterion, k of n criteria for a route.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

from specs.tables import EVIDENCE_KINDS

Who = Literal["anyone", "adult", "child"]


def known_kind(kind: str) -> str:
    if kind not in EVIDENCE_KINDS:
        raise ValueError("no such kind of evidence: see EVIDENCE_KINDS in specs/tables.py")
    return kind


Kind = Annotated[str, Field(min_length=1)]


class Frozen(BaseModel):
    """Base of everything read from a rule file: frozen, no unknown keys, no input in messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class _OfFacts(Frozen):
    kinds: tuple[Kind, ...] = Field(min_length=1)

    @field_validator("kinds", "unless", check_fields=False)
    @classmethod
    def _known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(known_kind(kind) for kind in kinds)

    @property
    def reads(self) -> tuple[str, ...]:
        """The kinds without which the test cannot be decided."""
        return self.kinds


class _OfMembers(_OfFacts):
    who: Who = "anyone"  # a child: under `age`, or a pupil of unknown age; of unknown age otherwise: neither
    age: int = Field(18, ge=1)
    codes: tuple[str, ...] = ()  # () = every code
    not_codes: tuple[str, ...] = ()


class Dated(_OfMembers):
    """Any member has a fact dated within the last `months` (no months: at any time up to as_at)."""

    shape: Literal["dated"]
    age_on: Literal["as_at", "begun"] = "as_at"
    date: Literal["begun", "ended", "span"] = "begun"  # span: any day from begun to ended lies in the window
    months: int | None = Field(None, ge=1)
    undated: Literal["not_assessable", "counts"] = "not_assessable"


class InForce(_OfMembers):
    """Any member has a fact running at as_at: begun on or before, not ended before."""

    shape: Literal["in_force"]
    during: Literal["as_at", "months"] = "as_at"  # months: running on any day of the last `months`
    months: int = Field(12, ge=1)
    open_months: int | None = Field(None, ge=1)  # without an end and older than this: see `stale`
    stale: Literal["not_assessable", "in_force", "not_in_force"] = "not_assessable"


class Count(_OfMembers):
    """The quantities of all members together, within the last `months`, reach `at_least`."""

    shape: Literal["count"]
    months: int | None = Field(None, ge=1)
    undated: Literal["not_assessable", "counts"] = "not_assessable"
    at_least: int = Field(ge=1)


class InTerm(_OfFacts):
    """Any child has a fact in the last `terms` consecutive terms, or in the child's own latest one among them."""

    shape: Literal["in_term"]
    terms: int = Field(3, ge=1)
    which: Literal["any", "latest", "ever"] = "any"
    age: int = Field(18, ge=1)
    unless: tuple[str, ...] = ()  # a fact of these kinds in the same term takes the first away
    under: int | None = Field(None, ge=1)  # under this age on 1 September of that school year


class TermSum(_OfFacts):
    """Any child's quantities over the last `terms` consecutive terms, all enrolments together, reach `at_least`."""

    shape: Literal["term_sum"]
    terms: int = Field(3, ge=1)
    age: int = Field(18, ge=1)
    at_least: int = Field(ge=1)


class TermRatio(Frozen):
    """Any child's sum of `part` over sum of `whole`, all enrolments over the last terms, is at least `percent` in 100."""

    shape: Literal["term_ratio"]
    part: Annotated[str, Field(min_length=1)]
    whole: Annotated[str, Field(min_length=1)]
    terms: int = Field(3, ge=1)
    age: int = Field(18, ge=1)
    percent: int = Field(ge=0)

    @field_validator("part", "whole")
    @classmethod
    def _known(cls, kind: str) -> str:
        return known_kind(kind)

    @property
    def kinds(self) -> tuple[str, ...]:
        return (self.part, self.whole)

    @property
    def reads(self) -> tuple[str, ...]:
        return self.kinds


AnyTest = Dated | InForce | Count | InTerm | TermSum | TermRatio
TEST: TypeAdapter[AnyTest] = TypeAdapter(Annotated[AnyTest, Field(discriminator="shape")])
