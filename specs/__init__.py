"""What crosses a boundary: the data sets that partners send, the tables between stages, what may leave. A leaf: imports nothing of ours."""
