"""From which probability records are linked, and which links a person should be asked about. Local policy may set them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Thresholds(BaseModel):
    """Match probabilities. Links from `link` on are made; those between `ask_from` and `ask_to` are uncertain."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    link: float = Field(0.9, gt=0, lt=1)
    ask_from: float = Field(0.5, gt=0, lt=1)
    ask_to: float = Field(0.95, gt=0, le=1)
    refuse_weight: float = Field(default=-9.0, lt=0)
    """log2 odds: two records at or below are never of one person, whatever joins them."""

    @model_validator(mode="after")
    def _order(self) -> Thresholds:
        if not self.ask_from <= self.link <= self.ask_to:
            raise ValueError("ask_from must be at most link, and link at most ask_to")
        return self
