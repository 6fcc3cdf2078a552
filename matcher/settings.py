"""The settings of a workspace: `matcher.toml` as frozen models. Takes the file, gives Settings, refuses with all faults at once.

A fault names file, table, key and rule, never the value that was found. Local policies (discretion, thresholds, retention,
disclosure control) are not settings: they lie dated in `policy/`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from matcher.errors import UserError
from specs.faults import faults_of

SupplyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)?$")]
_WorkspaceId = Annotated[str, StringConstraints(pattern=r"^W-[A-Z2-7]{8}$")]
_IsoDate = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class WorkspaceSettings(_Model):
    """Which workspace this is."""

    id: _WorkspaceId
    name: _Text = "Supporting families"


class JointMatch(_Model):
    """Whether the programmes' extracts are matched together, and the dated agreement that allows it."""

    on: bool = False
    agreement: str = ""
    dated: _IsoDate | None = None
    made_up: bool = False

    @model_validator(mode="after")
    def _cited(self) -> JointMatch:
        if self.on and (not self.agreement.strip() or self.dated is None):
            raise ValueError("a joint match must cite its agreement and date")
        return self


class Expected(_Model):
    """What a month should hold: an absent supply makes what rests on it not assessable for its area."""

    supplies: tuple[SupplyName, ...] = ()
    usual_size_tolerance: float = Field(
        default=0.5, gt=0, le=10
    )  # share by which a supply may differ from its usual rows


class Referral(_Model):
    """DWP's answer on families already identified, where no dwp supply comes before the match."""

    on: bool = False
    agreement: str = ""
    need: Literal["1 and 2", "1 or 2"] = "1 and 2"

    @model_validator(mode="after")
    def _cited(self) -> Referral:
        if self.on and not self.agreement.strip():
            raise ValueError("referral mode must cite the agreement with DWP")
        return self


class Marking(_Model):
    """The protective marking on every output that holds people (agreement, section 11)."""

    label: _Text = "OFFICIAL-SENSITIVE"
    label_before: _Text = "RESTRICTED"
    changed_on: _IsoDate = "2014-04-02"
    use_old_label: bool = False  # true: outputs as at a date before `changed_on` carry the old label


class Hold(_Model):
    """How long a held batch may wait for its answers."""

    days: int = Field(default=28, ge=1, le=90)


class Review(_Model):
    """Who answers questions, and what a run does by itself."""

    default: Literal["auto", "hold"] = "auto"
    roles: tuple[_Text, ...] = ("Programme information manager",)


class RegistryServer(_Model):
    """Where the registry lies: no url, in the workspace's own encrypted file; else on a PostgreSQL server."""

    url: str = ""
    sslmode: Literal["", "disable", "prefer", "require", "verify-ca", "verify-full"] = ""
    sslrootcert: str = ""

    @field_validator("url")
    @classmethod
    def _a_server(cls, url: str) -> str:
        if url:
            server_address(url)
        return url


@dataclass(frozen=True)
class ServerAddress:
    """The parts of a registry's url."""

    host: str
    port: int
    database: str
    user: str


def server_address(url: str) -> ServerAddress:
    """The parts of postgresql://[login@]host[:port]/database. Raises ValueError, which names no part of it."""
    try:
        parts = urlsplit(url)
        host, port, user, password = parts.hostname or "", parts.port or 5432, parts.username or "", parts.password
    except ValueError:
        raise ValueError("is no address: write postgresql://host:port/database") from None
    if password is not None:
        raise ValueError(
            "holds a password: take it out, and give it with `matcher registry password`, PGPASSWORD or libpq's password file"
        )
    database = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in ("postgresql", "postgres") or not host or not database or "/" in database:
        raise ValueError("is no address of a server registry: write postgresql://host:port/database")
    if parts.query or parts.fragment:
        raise ValueError("holds options: set sslmode and sslrootcert as lines of their own")
    return ServerAddress(unquote(host), port, database, unquote(user))


class Legal(_Model):
    """Who is answerable: named by role on certificates and disclosures."""

    controller: _Text = "Leicestershire County Council"
    operator_role: _Text = "Programme information manager"
    agreement: _Text = "Information sharing agreement of October 2013"


class Settings(_Model):
    """All of `matcher.toml`."""

    workspace: WorkspaceSettings
    joint_match: JointMatch = JointMatch()
    expected: Expected = Expected()
    referral: Referral = Referral()
    marking: Marking = Marking()
    hold: Hold = Hold()
    review: Review = Review()
    registry: RegistryServer = RegistryServer()
    legal: Legal = Legal()


def parse_settings(text: str, where: str = "matcher.toml") -> Settings:
    """Settings from TOML text. Raises UserError that lists every fault, without values."""
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError("The settings are not TOML.", where=f"{where}: {error}", todo="mend that line") from error
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        faults = faults_of(error, where)
        raise UserError(
            f"The settings hold {len(faults)} fault(s).",
            where=faults,
            todo="mend these lines; every setting is explained in the file that `matcher init` writes",
        ) from None


def load_settings(path: Path) -> Settings:
    """Settings of a workspace's `matcher.toml`. Raises UserError with all faults."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError("The settings are not UTF-8 text.", where=path.name, todo="save the file as UTF-8") from error
    return parse_settings(text, path.name)
