"""What the database says when it refuses: the same on one server and on a cluster, where each part of a table has a number."""

from __future__ import annotations

import re
from typing import Final

import asyncpg

_NAMED: Final = re.compile(r'constraint "([^"]+)"')
_PART: Final = re.compile(r"_\d{6,}$")


def constraint_of(refusal: asyncpg.PostgresError) -> str:
    """The constraint that refused; of a cluster it stands in the sentence only, with the number of the table's part."""
    found = _NAMED.search(str(refusal))
    return _PART.sub("", getattr(refusal, "constraint_name", None) or (found[1] if found else ""))


def or_of_a_cluster(here: type[Exception]) -> tuple[type[Exception], ...]:
    """What refuses that a row goes to another organisation: on one server this, on a cluster that rows never change their part."""
    return here, asyncpg.FeatureNotSupportedError
