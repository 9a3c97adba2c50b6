"""Seeded towns and heavy loads that drive the real thing from outside: benchmarks and storms."""
