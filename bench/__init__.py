"""Measures and drills: `make bench-*` and `make drill-*`. Each ends with one JSON line."""
