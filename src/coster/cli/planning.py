"""Where a mapping comes from: a file, options beside it, or a proposal from a file's header."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

import yaml
from cyclopts import Parameter

from coster.cli import mapping, targets
from coster.cli.mapping import From, Plan

_HYPHEN: Final = Parameter(allow_leading_hyphen=True)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Options:
    """How a CSV of another shop is understood. With none of them its columns must be ours."""

    map: Annotated[
        Path | None,
        Parameter(
            help="How another shop's CSV is understood: YAML or JSON; `coster import map` proposes one."
        ),
    ] = None
    column: Annotated[
        tuple[str, ...], _HYPHEN, Parameter(help="One column: THEIRS=OURS; again for each.", negative="")
    ] = ()
    constant: Annotated[
        tuple[str, ...],
        Parameter(help="What the file does not say, for all rows: OURS=VALUE; again for each.", negative=""),
    ] = ()
    decimal: Annotated[str, Parameter(help="The sign before decimals: . or ,")] = ""
    date: Annotated[
        str, Parameter(help="How dates are written, for example %d.%m.%Y; without it as 2026-11-21.")
    ] = ""
    time_zone: Annotated[
        str, Parameter(help="Where dates without a zone are meant, for example Europe/Paris.")
    ] = ""
    once: Annotated[
        tuple[str, ...],
        Parameter(
            help="Columns of ours that tell rows apart; a row that repeats them is left out.", negative=""
        ),
    ] = ()


def plan_of(options: Options) -> Plan | None:
    """The plan, or None where nothing was said. FailedError with all that is wrong with how it is said."""
    plan = mapping.read(options.map) if options.map else Plan()
    faults: list[str] = []
    columns = {ours: From(theirs) for theirs, ours in _pairs("column", options.column, faults)}
    constants = dict(_pairs("constant", options.constant, faults))
    mapping.stop_at("in the options", faults)
    # What an option says comes in place of what the file says of the same column, be it a column there or a constant.
    kept = {ours: source for ours, source in plan.columns.items() if ours not in constants}
    fixed = {ours: value for ours, value in plan.constants.items() if ours not in columns}
    plan = replace(
        plan,
        columns={**kept, **columns},
        constants={**fixed, **constants},
        decimal=options.decimal or plan.decimal,
        date=options.date or plan.date,
        time_zone=options.time_zone or plan.time_zone,
        once=options.once or plan.once,
    )
    return plan if plan.given() else None


def _pairs(name: str, given: Sequence[str], faults: list[str]) -> Iterable[tuple[str, str]]:
    for pair in given:
        # Names of columns may hold the sign; ours never do, and a constant's value stands behind the first.
        before, sign, after = pair.rpartition("=") if name == "column" else pair.partition("=")
        if sign and before and (after or name == "constant"):
            yield before, after
        else:
            form = "THEIRS=OURS" if name == "column" else "OURS=VALUE"
            faults.append(f"--{name} {pair}: must be {form}")


# ------------------------------------------------------------------------------------------------------------- proposals

_CALLED: Final[Mapping[str, tuple[str, ...]]] = {
    "reference": ("order id", "order number", "order no", "order", "order name", "order reference", "increment id", "name"),
    "channel": ("channel", "sales channel", "source", "store"),
    "item_sku": ("sku", "product id", "product sku", "item sku", "lineitem sku", "variant sku", "product code", "article"),
    "item_name": ("product name", "item name", "lineitem name", "product", "item", "title", "description"),
    "quantity": ("quantity", "qty", "lineitem quantity", "quantity ordered", "qty ordered", "on hand", "stock", "inventory"),
    "price": ("price", "unit price", "item price", "lineitem price", "product price", "variant price"),
    "unit": ("unit", "unit of measure", "uom"),
    "sku": ("sku", "product id", "product sku", "item sku", "variant sku", "product code", "article"),
    "name": ("name", "product name", "item name", "title", "customer name", "customer", "billing name"),
    "product": ("product", "category", "product category", "type", "sub category"),
    "stock_unit": ("unit", "stock unit", "unit of measure", "uom"),
    "lot": ("lot", "batch", "lot number"),
    "as_of": ("as of", "counted at", "date", "count date"),
    "key": ("customer id", "customer number", "key", "movement id"),
    "email": ("email", "e mail", "customer email"),
    "phone": ("phone", "telephone", "mobile"),
    "address.street": ("street", "address", "billing street", "shipping street"),
    "address.postal_code": ("postal code", "zip", "zip code", "postcode", "shipping zip", "billing zip"),
    "address.city": ("city", "shipping city", "billing city"),
    "address.region": ("state", "region", "province", "shipping province"),
}  # fmt: skip
# In a file of orders these words are about goods before they are about people.
_OF_PEOPLE: Final = {
    "name": ("customer name", "customer", "billing name", "shipping name", "name"),
    "category": ("customer group", "segment"),
}
_WHOLE_LINE: Final = ("sales", "line total", "total", "amount", "subtotal", "row total")
_ONCE: Final = {"items": "sku", "parties": "key"}


def propose(kind: str, header: Sequence[str]) -> str:
    """A mapping file for a header, with what it could not find as comments. Only names are looked at, so look through it."""
    wanted = targets.of(kind)
    theirs = {_plain(name): name for name in reversed(header)}
    found: dict[str, str | dict[str, str]] = {}
    for ours in wanted.columns:
        if ours.endswith("id"):
            # An id of another shop is none of ours, whatever its column is called.
            continue
        known = _OF_PEOPLE.get(ours) if kind == "parties" else None
        known = known or (_plain(ours), *_CALLED.get(ours, ()))
        if column := next((theirs[name] for name in known if name in theirs), None):
            found[ours] = column
    if "item_sku" in found:
        found.pop("item_name", None)
    line = next((theirs[name] for name in _WHOLE_LINE if name in theirs), None)
    if kind == "orders" and "price" not in found and line and isinstance(count := found.get("quantity"), str):
        # What a whole line cost, shared among its pieces.
        found["price"] = {"column": line, "per": count}
    return _written(kind, header, found)


def _written(kind: str, header: Sequence[str], found: Mapping[str, str | Mapping[str, str]]) -> str:
    wanted = targets.of(kind)
    used = {column if isinstance(column, str) else column["column"] for column in found.values()}
    named = {"item_id"} if {"item_sku", "item_name"} & found.keys() else set()
    lacking = sorted(wanted.required - found.keys() - named)
    document: dict[str, object] = {
        "columns": {ours: dict(c) if isinstance(c, Mapping) else c for ours, c in found.items()}
    }
    once = _ONCE.get(kind)
    if once in found:
        document["once"] = [once]
    lines = [f"# {kind}: our columns, and what they are called in the file", *_yaml(document)]
    if lacking:
        lines += [
            "# The file does not say this. Map a column to it above, or say it here for all rows:",
            "constants:",
        ]
        lines += [f"  {ours}:" for ours in lacking]
    if unused := [name for name in header if name not in used]:
        lines += [f"# Not used: {', '.join(unused)}"]
    others = sorted(wanted.columns.keys() - found.keys() - set(lacking))
    lines += [f"# There are also: {', '.join(others)}"]
    return "\n".join(lines)


def _yaml(document: object) -> list[str]:
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1000)
    return text.splitlines()


def _plain(name: str) -> str:
    """A column's name without what people write differently: case, strokes, the space in the middle of OrderID."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[^\w]|_", " ", apart).lower().split())
