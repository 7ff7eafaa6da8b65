"""Documents and flags as plain values. Nothing here imports pulumi: it is tested in microseconds."""
