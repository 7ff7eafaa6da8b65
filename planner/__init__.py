"""Arithmetic about a fleet: what it needs, and what of it nobody uses. Pure: no engine, no cluster, no files."""
