"""Around the monthly match: starting, holding, going on, sealing, giving up."""
