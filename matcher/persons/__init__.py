"""Scored pairs -> persons, and what is uncertain. See README.md."""

from __future__ import annotations

from matcher.persons.cluster import Clustered, cluster, members
from matcher.persons.thresholds import Thresholds

__all__ = ["Clustered", "Thresholds", "cluster", "members"]
