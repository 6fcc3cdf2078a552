"""matcher: the monthly match of a Troubled Families programme, as functions on Arrow tables. The command line is thin over them."""

__version__ = "0.3.0"


def __getattr__(name: str) -> object:
    """`matcher.link`, imported on first use: `import matcher` stays cheap."""
    if name == "link":
        from matcher.linkage import link

        return link
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
