"""What `coster verify` finds: a promise, and how often it is broken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One promise of the program, counted over everything that is stored: `broken` is 0, or somebody must look."""

    name: str
    promise: str
    broken: int
    example: str = ""
