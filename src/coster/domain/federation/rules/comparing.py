"""A catalogue against what is known of it: what is new, what has changed, what is gone, and what stands for what."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence, Set
from fractions import Fraction
from typing import Final, TypeVar

import msgspec

from coster.domain.federation.model import Candidate, KnownItem, Offered
from coster.kernel import ids, money

T = TypeVar("T")
_MOST_RATIO: Final = 1_000_000_000
_LONGEST_SKU: Final = 80


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A product of the catalogue, and the row that stands for it (None: it is new); `id` is that of the row, also of a new one."""

    id: uuid.UUID
    offered: Offered
    known: KnownItem | None
    digest: str

    @property
    def version(self) -> int:
        """Which version of the row this will be."""
        return self.known.version + 1 if self.known else 1


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What is different: pairs that are new or changed, rows that are gone, and how many products are as they were."""

    changed: list[Pair]
    gone: list[KnownItem]
    same: int


def remote_item_id(producer_id: uuid.UUID, product: str, *number: int) -> uuid.UUID:
    """The id of the row of a product; with a number where another product has that row by now."""
    return ids.derived("remote item", producer_id, product, *number)


def item_id(row_id: uuid.UUID, version: int) -> uuid.UUID:
    """The id of the item that is made for a product with this version of its row: what was made for it before may stand for another."""
    return ids.derived("item of a remote product", row_id, version)


def compare(
    producer_id: uuid.UUID, known: Sequence[KnownItem], offered: Sequence[Offered], *, complete: bool
) -> Comparison:
    """Finds for each product its row: by its IRI, else by what it is the same as, else by its SKU where that is one row's and one
    product's alone, which are both without a counterpart.

    What a product is called itself counts before what others say that they are the same as.
    """
    rows = {row.product: row for row in known}
    pairs = [(one, rows.get(one.product)) for one in offered]
    taken = {row.id for _, row in pairs if row is not None}
    pairs = [(one, row or _same(one, rows, taken)) for one, row in pairs]
    free = _by_sku((row.sku, row) for row in known if row.id not in taken and row.status == "linked")
    loose = _by_sku((one.sku, one) for one, row in pairs if row is None)
    pairs = [(one, row or (free.get(one.sku) if loose.get(one.sku) is one else None)) for one, row in pairs]
    taken |= {row.id for _, row in pairs if row is not None}
    used = {row.id for row in known}
    found = [
        Pair(id=row.id if row else _new_id(producer_id, one.product, used), offered=one, known=row, digest=digest(one))
        for one, row in pairs
    ]  # fmt: skip
    changed = [pair for pair in found if not _as_it_was(pair)]
    gone = [row for row in known if row.id not in taken and row.gone_at is None] if complete else []
    return Comparison(changed=changed, gone=gone, same=len(found) - len(changed))


def _same(one: Offered, rows: Mapping[str, KnownItem], taken: set[uuid.UUID]) -> KnownItem | None:
    """The row of what a product says that it is the same as, where no other product has it; from now on it is taken."""
    row = next((rows[iri] for iri in one.same_as if iri in rows and rows[iri].id not in taken), None)
    if row is not None:
        taken.add(row.id)
    return row


def _new_id(producer_id: uuid.UUID, product: str, used: Set[uuid.UUID]) -> uuid.UUID:
    """An id for a row that is to be made: a row that was made for this product may stand for its successor by now."""
    id_ = remote_item_id(producer_id, product)
    for number in range(2, len(used) + 3):
        if id_ not in used:
            break
        id_ = remote_item_id(producer_id, product, number)
    return id_


def _by_sku(entries: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Those whose SKU nobody else has."""
    found: dict[str, T] = {}
    twice: set[str] = set()
    for sku, entry in entries:
        if sku in found:
            twice.add(sku)
        if sku:
            found[sku] = entry
    return {sku: entry for sku, entry in found.items() if sku not in twice}


def _as_it_was(pair: Pair) -> bool:
    row = pair.known
    return row is not None and row.digest == pair.digest and row.gone_at is None


def digest(offered: Offered) -> str:
    """Tells whether a product is as it was."""
    return hashlib.sha256(msgspec.json.encode(offered, order="deterministic")).hexdigest()


def named(text: str) -> str:
    """A name as it is compared: in small letters, spaces and dashes alike."""
    return " ".join(text.casefold().replace("-", " ").split())


def sku(offered: Offered) -> str:
    """The SKU that the item shall have: the product's own, or the end of its IRI."""
    return (offered.sku or offered.product.rstrip("/#").replace("#", "/").rpartition("/")[2])[:_LONGEST_SKU]


def other_sku(item_id: uuid.UUID, offered: Offered) -> str:
    """The SKU of an item where that one is taken."""
    return f"{sku(offered)}-{ids.short(item_id)}"


def candidate(offered: Offered, candidates: Iterable[Candidate]) -> tuple[Candidate | None, bool]:
    """The item of ours that the product is, and whether that is certain: certain by its SKU, a proposal by its name."""
    free = [one for one in candidates if not one.linked]
    by_sku = [one for one in free if offered.sku and one.sku == offered.sku]
    if len(by_sku) == 1:
        return by_sku[0], True
    by_name = [one for one in free if named(one.name) == named(offered.name)]
    return (by_name[0], False) if len(by_name) == 1 else (None, False)


def fault(offered: Offered, currency: str) -> str:
    """Why a product cannot be sold here; '' where it can."""
    each = offered.each
    if not offered.name.strip():
        return "name_missing"
    if each is None:
        return "price_missing"
    if not offered.currency:
        return "currency_missing"
    if offered.currency != currency:
        return "currency_differs"
    if not has_ratio(offered):
        return "factor_not_usable"
    if each < 0 or micros(each) >= money.LIMIT:
        return "price_not_usable"
    return ""


def has_ratio(offered: Offered) -> bool:
    """Whether it can be reckoned with how many of a product come as one."""
    return 0 < offered.num <= _MOST_RATIO and 0 < offered.den <= _MOST_RATIO


def micros(each: Fraction) -> int:
    """A price in millionths, rounded half up once; the exact one stays with the product."""
    scaled = each * money.MICROS
    return money.half_up(scaled.numerator, scaled.denominator)
