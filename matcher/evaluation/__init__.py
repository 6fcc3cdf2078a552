"""How well a match did against known truth."""
