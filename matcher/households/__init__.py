"""Persons to households: who lives together as one family at as_at, and why. See README.md."""

from matcher.households.placing import Placed, place

__all__ = ["Placed", "place"]
