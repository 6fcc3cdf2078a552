"""Rows -> records (who) and evidence (what). Takes checked rows, gives the tables RECORDS and EVIDENCE; see `build`."""

from matcher.records.build import Built, build

__all__ = ["Built", "build"]
