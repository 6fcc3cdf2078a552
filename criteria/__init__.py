"""Who qualifies and what is paid: dated rule sets and their evaluation. Imports `specs` only and never sees a name."""
