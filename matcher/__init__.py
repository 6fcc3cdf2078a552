"""matcher: the monthly match of a Troubled Families programme, as functions on Arrow tables. The command line is thin over them."""

__version__ = "0.1.0"
