"""How the export of another shop becomes rows of ours: which of its columns is which, what it lacks, how it writes numbers and dates.

A plan comes from a file (YAML or JSON), from options, or from both; options win. It is checked against the file's header before
anything is sent, and every fault is named at once.
"""

from __future__ import annotations

import datetime as dt
import difflib
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from coster.cli import targets
from coster.cli.output import Exit, FailedError
from coster.cli.targets import INSTEAD_OF_ID, Targets

_TEXTS: Final = ("decimal", "date", "time_zone")
_MEMBERS: Final = ("columns", "constants", *_TEXTS, "once")
_STEPS: Final = ("column", "per", "pad")


@dataclass(frozen=True, slots=True)
class From:
    """Where a cell comes from: a column; divided by another one (`per`), or with zeros in front up to `pad` signs."""

    column: str
    per: str = ""
    pad: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Columns and constants by our names, how the other shop writes, and which columns of ours may not come twice (`once`)."""

    columns: Mapping[str, From] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    decimal: str = "."
    date: str = ""
    time_zone: str = "UTC"
    once: tuple[str, ...] = ()

    def given(self) -> bool:
        """Whether it says anything."""
        return self != Plan()


def read(path: Path) -> Plan:
    """The plan in a file. FailedError with every fault in how it is written."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FailedError(f"there is no file {path}", Exit.USAGE) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FailedError(f"{path} cannot be read as YAML or JSON: {_line(error)}", Exit.USAGE) from error
    faults: list[str] = []
    plan = _plan(found if isinstance(found, dict) else {}, faults)
    if not isinstance(found, dict):
        faults = [f"it must have members: {', '.join(_MEMBERS)}"]
    stop_at(str(path), faults)
    return plan


def stop_at(what: str, faults: Sequence[str]) -> None:
    """FailedError with all faults, a line each, where there are any."""
    if faults:
        count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
        lines = "".join(f"\n  - {fault}" for fault in faults)
        raise FailedError(f"the mapping ({what}) has {count}; nothing was sent:{lines}", Exit.USAGE)


def _plan(found: Mapping[Any, Any], faults: list[str]) -> Plan:
    faults += [
        f"{name}: is not known here; {_nearest(name, _MEMBERS)}" for name in found if name not in _MEMBERS
    ]
    columns = {
        str(ours): _from(str(ours), theirs, faults) for ours, theirs in _pairs(found, "columns", faults)
    }
    # One that a proposal left open and nobody filled in is none.
    constants = {
        str(ours): _word(value)
        for ours, value in _pairs(found, "constants", faults)
        if value not in (None, "")
    }
    once = found.get("once") or []
    texts = {name: found[name] for name in _TEXTS if found.get(name) is not None}
    faults += [f"{name}: must be a text" for name, value in texts.items() if not isinstance(value, str)]
    if isinstance(once, str):
        once = [once]
    if not isinstance(once, list):
        faults.append("once: must be a list of columns of ours")
        once = []
    return Plan(
        columns, constants, once=tuple(str(name) for name in once), **{n: str(v) for n, v in texts.items()}
    )


def _pairs(found: Mapping[Any, Any], name: str, faults: list[str]) -> Iterable[tuple[Any, Any]]:
    value = found.get(name) or {}
    if isinstance(value, dict):
        return value.items()
    faults.append(f"{name}: must be pairs, each with a column of ours before the colon")
    return ()


def _from(ours: str, theirs: Any, faults: list[str]) -> From:
    if not isinstance(theirs, dict):
        return From(str(theirs))
    unknown = [str(step) for step in theirs if step not in _STEPS]
    faults += [f"columns.{ours}.{step}: is not known here; {_nearest(step, _STEPS)}" for step in unknown]
    if not theirs.get("column"):
        faults.append(f"columns.{ours}: says no `column`")
    pad = theirs.get("pad", 0)
    if not isinstance(pad, int) or not 0 <= pad <= 100:
        faults.append(f"columns.{ours}.pad: must be a number of signs up to 100")
        pad = 0
    return From(str(theirs.get("column", "")), per=str(theirs.get("per") or ""), pad=pad)


def _word(value: Any) -> str:
    """A constant as a cell has it; YAML makes other things of yes, 1.50 and dates."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


# ------------------------------------------------------------------------------------------------------------ checking


def faults_of(plan: Plan, kind: str, header: Sequence[str]) -> list[str]:
    """Everything in a plan that does not fit a kind of rows, or a file with this header."""
    wanted = targets.of(kind)
    return [*_unknown(plan, wanted, header), *_missing(plan, wanted), *_constants(plan, wanted), *_ways(plan)]


def _unknown(plan: Plan, wanted: Targets, header: Sequence[str]) -> Iterable[str]:
    for ours in [*plan.columns, *plan.constants]:
        if ours not in wanted.columns:
            yield f"{ours}: is no column of ours; {_nearest(ours, wanted.columns)}"
    for ours in plan.once:
        if ours not in plan.columns:
            yield f"once: {ours} is no column that the mapping fills; {_nearest(ours, plan.columns)}"
    for ours, source in plan.columns.items():
        for theirs in filter(None, (source.column, source.per)):
            if theirs not in header:
                yield f"{ours}: the file has no column '{theirs}'; {_nearest(theirs, header)}"
        if source.per and ours in wanted.columns and not wanted.columns[ours].number:
            yield f"{ours}: is no number, so it cannot be divided by '{source.per}'"


def _missing(plan: Plan, wanted: Targets) -> Iterable[str]:
    given = {*plan.columns, *plan.constants}
    for ours in plan.columns:
        if ours in plan.constants:
            yield f"{ours}: is given twice, as a column and as a constant"
    named = sorted(given & {"item_id", *INSTEAD_OF_ID}) if wanted.takes_items else []
    if len(named) > 1:
        yield f"{' and '.join(named)}: name the item once"
    for ours in sorted(wanted.required - given):
        if ours == "item_id" and named:
            continue
        instead = " (or item_sku, or item_name)" if ours == "item_id" else ""
        yield f"{ours}{instead}: is needed; map a column to it, or give it as a constant"


def _constants(plan: Plan, wanted: Targets) -> Iterable[str]:
    for ours, value in plan.constants.items():
        target = wanted.columns.get(ours)
        # What stands for a list or for yes and no has a notation of its own in a cell, and is the server's to judge.
        if target is None or "list" in str(target.type) or target.type is bool:
            continue
        try:
            msgspec.convert(value, target.type, strict=False)
        except msgspec.ValidationError as error:
            yield f"{ours}: the constant '{value}' does not fit: {_line(error)}"


def _ways(plan: Plan) -> Iterable[str]:
    if plan.decimal not in (".", ","):
        yield f"decimal: '{plan.decimal}' is no decimal sign; there are . and ,"
    if plan.date and "%" not in plan.date:
        yield f"date: '{plan.date}' is no format; write it as %d.%m.%Y"
    try:
        zoneinfo.ZoneInfo(plan.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        yield f"time_zone: '{plan.time_zone}' is not known; write it as Europe/Paris"


def _nearest(name: object, known: Iterable[str]) -> str:
    """What may have been meant, or all that could be."""
    every = list(known)
    lowered = {one.lower(): one for one in every}
    close = difflib.get_close_matches(str(name).lower(), lowered, n=1)
    return f"is it {lowered[close[0]]}?" if close else f"there are: {', '.join(every)}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
