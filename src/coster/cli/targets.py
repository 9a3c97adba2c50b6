"""What a row may hold, kind by kind, as the batch endpoints take it: the columns that a mapping leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from coster.edges.api.catalog import ItemWanted
from coster.edges.api.inventory import AdjustRow, CountRow, TransferRow
from coster.edges.api.order_records import LineWanted, OrderWanted
from coster.edges.api.party_rows import CustomerRow, EnterpriseRow, RelationRow

BY_SKU: Final = "item_sku"
BY_NAME: Final = "item_name"
INSTEAD_OF_ID: Final = (BY_SKU, BY_NAME)
_NUMBERS: Final = (msgspec.inspect.DecimalType, msgspec.inspect.IntType)


@dataclass(frozen=True, slots=True)
class Target:
    """A column of ours: its type, and whether its cells are numbers or instants."""

    type: Any = str
    number: bool = False
    instant: bool = False


@dataclass(frozen=True, slots=True)
class Targets:
    """The columns of a kind of file, and those without which no row can be taken."""

    columns: Mapping[str, Target]
    required: frozenset[str]

    @property
    def takes_items(self) -> bool:
        """Whether rows name an item, so that they may name it by SKU or name as well."""
        return BY_SKU in self.columns


def of(kind: str) -> Targets:
    """The columns of `orders`, `items`, `positions` or `parties`."""
    return _KINDS[kind]


def _flat(
    record: Any, *, but: Iterable[str] = (), renamed: Mapping[str, str] | None = None
) -> dict[str, Target]:
    """The fields of a record by the name of their column; a dot leads into a record inside."""
    columns: dict[str, Target] = {}
    for field in msgspec.structs.fields(record):
        if field.name in but:
            continue
        name = (renamed or {}).get(field.name, field.name)
        kinds = _kinds(msgspec.inspect.type_info(field.type))
        inner = next((kind for kind in kinds if isinstance(kind, msgspec.inspect.StructType)), None)
        if inner is not None:
            columns |= {f"{name}.{part}": target for part, target in _flat(inner.cls).items()}
        else:
            instant = any(isinstance(kind, msgspec.inspect.DateTimeType) for kind in kinds)
            number = any(isinstance(kind, _NUMBERS) for kind in kinds)
            columns[name] = Target(field.type, number=number, instant=instant)
    return columns


def _kinds(info: msgspec.inspect.Type) -> list[msgspec.inspect.Type]:
    """What a field may be, without bounds and descriptions."""
    if isinstance(info, msgspec.inspect.Metadata):
        return _kinds(info.type)
    if isinstance(info, msgspec.inspect.UnionType):
        return [kind for one in info.types for kind in _kinds(one)]
    return [info]


def _required(record: Any) -> frozenset[str]:
    return frozenset(field.name for field in msgspec.structs.fields(record) if field.required)


def _any_of(tag: str, *records: Any) -> Targets:
    """Rows of several types; `tag` says which, so it stands in every row."""
    columns: dict[str, Target] = {tag: Target()}
    for record in records:
        columns |= _flat(record)
    shared = frozenset.intersection(*map(_required, records))
    return Targets(columns, shared | {tag})


def _with_items(targets: Targets) -> Targets:
    return Targets({**targets.columns, **dict.fromkeys(INSTEAD_OF_ID, Target())}, targets.required)


_ORDER = Targets(
    {**_flat(OrderWanted, but=["lines"]), **_flat(LineWanted, renamed={"discount": "line_discount"})},
    _required(OrderWanted) - {"lines"} | _required(LineWanted),
)
_KINDS: Final[Mapping[str, Targets]] = {
    "orders": _with_items(_ORDER),
    "items": Targets(_flat(ItemWanted), _required(ItemWanted)),
    "positions": _with_items(_any_of("kind", AdjustRow, CountRow, TransferRow)),
    "parties": _any_of("type", EnterpriseRow, RelationRow, CustomerRow),
}
