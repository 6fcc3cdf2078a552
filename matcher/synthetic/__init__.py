"""Made-up months with known truth: `make_month` gives the files of an inbox and the truth behind each row."""

from matcher.synthetic.months import Month, make_month

__all__ = ["Month", "make_month"]
