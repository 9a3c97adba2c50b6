"""A held order as a document: lines by item or by total weight per product, amounts, and the discount for much. Pure.

Source: seed 002, use cases 4, 6 and 9; ADR 0009.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coster.domain.wholesale.model import HeldLine, HeldOrderView
from coster.kernel import ids, money, quantity

_ORDER = {"Held": "Held", "Complete": "Complete", "Fulfilled": "Complete", "Cancelled": "Cancelled"}
_FULFILMENT = {"Held": "Held", "Complete": "Unfulfilled", "Fulfilled": "Fulfilled", "Cancelled": "Cancelled"}
_KILOGRAM_MG = 1_000_000


def by_item(rows: Sequence[Mapping[str, Any]], currency: str) -> list[HeldLine]:
    """One line per item, in the item's stock unit, with the number of whole cases where it is held by the case."""
    return [
        HeldLine(
            item_id=row["item_id"], sku=row["sku"], name=row["name"], unit=row["stock_unit"], quantity=row["quantity"],
            surplus=row["surplus"], cases=row["quantity"] // row["case_quantity"] if _by_case(row) else None,
            price_micros=row["price_micros"], discount=row["discount"],
            amount=money.line_amount(row["price_micros"], row["quantity"], currency),
        )  # fmt: skip
        for row in rows
    ]


def _by_case(row: Mapping[str, Any]) -> bool:
    return bool(row["case_quantity"]) and row["quantity"] % row["case_quantity"] == 0


def by_weight(rows: Sequence[Mapping[str, Any]], currency: str) -> list[HeldLine]:
    """One line per product with its total weight in kilograms; what has no weight or no product stays a line by item."""
    heavy: dict[str, list[Mapping[str, Any]]] = {}
    rest = []
    for row in rows:
        if row["product"] and row["weight_mg"]:
            heavy.setdefault(row["product"], []).append(row)
        else:
            rest.append(row)
    return [_bulk(product, of_product, currency) for product, of_product in heavy.items()] + by_item(rest, currency)


def _bulk(product: str, rows: Sequence[Mapping[str, Any]], currency: str) -> HeldLine:
    amount = sum(money.line_amount(row["price_micros"], row["quantity"], currency) for row in rows)
    weight = sum(row["quantity"] * row["weight_mg"] for row in rows)
    micros = 10 ** (6 - money.digits(currency))
    return HeldLine(
        item_id=None, sku="", name=product, unit="kg", quantity=money.half_up(weight, _KILOGRAM_MG),
        surplus=money.half_up(sum(row["surplus"] * row["weight_mg"] for row in rows), _KILOGRAM_MG), cases=None,
        price_micros=money.half_up(amount * micros * quantity.SCALE * _KILOGRAM_MG, weight) if weight else 0,
        amount=amount, discount=sum(row["discount"] for row in rows),
    )  # fmt: skip


def view(head: Mapping[str, Any], lines: list[HeldLine]) -> HeldOrderView:
    """The whole document. The discount is the relation's, for an order worth more than agreed; it explains itself."""
    currency = head["currency"]
    gross = sum(line.amount for line in lines)
    over, permille = head["discount_over"], head["discount_permille"]
    off = money.half_up(gross * permille, 1000) if permille and gross > over else 0
    share = f"{permille // 10}.{permille % 10}" if permille % 10 else str(permille // 10)
    reason = f"{share} % off, because the order is worth more than {money.text(over, currency)} {currency}" if off else ""
    return HeldOrderView(
        id=head["id"], number=ids.short(head["id"]), hub_id=head["hub_id"], hub=head["hub"],
        producer_id=head["producer_id"], producer=head["producer"], session_id=head["session_id"],
        session=head["session"], amend_until=head["amend_until"], status=_ORDER[head["status"]],
        fulfilment=_FULFILMENT[head["status"]], currency=currency, lines=lines, gross=gross, discount=off,
        discount_reason=reason, total=gross - off, created_at=head["created_at"], changed_at=head["changed_at"],
        version=head["version"],
    )  # fmt: skip
