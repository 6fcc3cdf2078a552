"""Keys and registry kept safe: made, rotated, backed up and restored."""
