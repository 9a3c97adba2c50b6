"""What people read for the reasons of blocks, by language. Pure.

A flow that calls a reason otherwise than we do is right about it, in whatever language it is written; what nobody has a word for is told
by the reason itself. Source: descriptions of block reasons per language in WebSphere Commerce.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from coster.engine.workflow.step import Table

FALLBACK: Final = "en"
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "approval_pending": "Somebody has yet to approve it",
        "price_below_floor": "Price is below the floor",
        "payment_failed": "Payment failed",
        "fraud_review": "Might be fraud",
        "address_undeliverable": "Nobody can deliver there",
        "customer_hold": "The customer asked to wait",
        "export_control": "Export control",
        "other": "Something else",
    },
    "de": {
        "approval_pending": "Die Freigabe steht noch aus",
        "price_below_floor": "Der Preis liegt unter der Untergrenze",
        "payment_failed": "Die Zahlung ist fehlgeschlagen",
        "fraud_review": "Könnte Betrug sein",
        "address_undeliverable": "Dorthin kann niemand liefern",
        "customer_hold": "Der Kunde hat um Aufschub gebeten",
        "export_control": "Exportkontrolle",
        "other": "Etwas anderes",
    },
    "fr": {
        "approval_pending": "L'accord est encore attendu",
        "price_below_floor": "Le prix est sous le plancher",
        "payment_failed": "Le paiement a échoué",
        "fraud_review": "Peut-être une fraude",
        "address_undeliverable": "Personne ne peut y livrer",
        "customer_hold": "Le client a demandé d'attendre",
        "export_control": "Contrôle des exportations",
        "other": "Autre chose",
    },
    "nl": {
        "approval_pending": "De goedkeuring ontbreekt nog",
        "price_below_floor": "De prijs ligt onder de ondergrens",
        "payment_failed": "De betaling is mislukt",
        "fraud_review": "Mogelijk fraude",
        "address_undeliverable": "Daar kan niemand bezorgen",
        "customer_hold": "De klant vroeg te wachten",
        "export_control": "Exportcontrole",
        "other": "Iets anders",
    },
}


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A block of an order as it stands, with what people read for its reason; `language` is None where a flow chose the words."""

    reason: str
    text: str
    language: str | None
    open: bool
    at: str
    by: str
    resolved_at: str | None
    resolved_by: str | None


def blocks(attributes: Mapping[str, Any], table: Table, languages: Sequence[str]) -> list[Block]:
    """The blocks of an order by reason, open ones first; `languages` are those that the reader wants, the best first."""
    found: Mapping[str, Mapping[str, Any]] = attributes.get("blocks") or {}
    told = [_told(reason, block, word(reason, table, languages)) for reason, block in found.items()]
    return sorted(told, key=lambda one: (not one.open, one.reason))


def word(reason: str, table: Table, languages: Sequence[str]) -> tuple[str, str | None]:
    """What people read for a reason, and in which language that is (None: whichever the flow is written in)."""
    own = _label(reason, table)
    ours = WORDS[FALLBACK].get(reason)
    if own is not None and own != ours:
        return own, None
    if ours is None:
        return reason, None
    for wanted in languages:
        language = wanted.lower().partition("-")[0]
        if language in WORDS:
            return WORDS[language][reason], language
    return ours, FALLBACK


def _label(reason: str, table: Table) -> str | None:
    """What the flow's own form of a block says for the reason; a reason without a label of its own has none."""
    for offers in table.offers.values():
        for offer in offers:
            for field in offer.button.form:
                if offer.trigger == "block" and field.name == "reason" and reason in field.labels:
                    return field.labels[reason]
    return None


def _told(reason: str, block: Mapping[str, Any], words: tuple[str, str | None]) -> Block:
    return Block(
        reason=reason,
        text=words[0],
        language=words[1],
        open=not block.get("resolved_at"),
        at=block["at"],
        by=block["by"],
        resolved_at=block.get("resolved_at"),
        resolved_by=block.get("resolved_by"),
    )
