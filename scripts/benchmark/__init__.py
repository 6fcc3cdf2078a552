"""Our linkage and its peers on the same data, in one run: see `scripts/README.md`. Started by `scripts/benchmark_linkage.py`."""
