"""What a producer tells of a product beside what Coster reckons with: description, types, pictures, certificates, keeping, VAT rate."""

from __future__ import annotations

import uuid
from typing import Final

from coster.domain.catalog import reads as catalog
from coster.domain.catalog.model import Details, PutDetails, VersionedItem
from coster.edges.dfc.language import numbers
from coster.edges.dfc.language.records import Offer, SuppliedProduct
from coster.edges.http import commands
from coster.edges.http.call import Call
from coster.edges.http.problems import of_rejection
from coster.kernel import ids
from coster.kernel.outcome import Rejected

NOTHING: Final = Details()


def told(product: SuppliedProduct | None, offer: Offer | None, old: Details = NOTHING) -> Details:
    """The details after a document; what it does not mention stays as it was."""
    said = product or SuppliedProduct(id="")
    rate = offer.price.vat_rate if offer and offer.price else None
    return Details(
        description=old.description if said.description is None else said.description,
        types=said.product_types or old.types,
        images=said.images or old.images,
        certifications=said.certifications or old.certifications,
        lifetime=old.lifetime if said.lifetime is None else said.lifetime,
        alcohol=old.alcohol if said.alcohol is None else numbers.text(said.alcohol),
        vat_rate=old.vat_rate if rate is None else numbers.text(rate),
        frozen=old.frozen if said.frozen is None else said.frozen,
        refrigerated=old.refrigerated if said.refrigerated is None else said.refrigerated,
    )


async def now(call: Call, item: VersionedItem) -> Details:
    """What is told of an item."""
    async with call.parts.database.read(call.org_id) as conn:
        found = await catalog.details(conn, call.org_id, [item])
    return found[item.id].details if found else NOTHING


async def keep(call: Call, item_id: uuid.UUID, details: Details, *, old: Details = NOTHING) -> None:
    """Keeps the details where they are others than before; a repeat of the request is one. Problem: what the room refused."""
    if details == old:
        return
    second = ids.derived(call.command_id, "details")
    command = PutDetails(item_id=item_id, details=details)
    kept = await commands.send_as(call, second, command, fingerprint=b"details")
    if isinstance(kept.outcome, Rejected):
        raise of_rejection(kept.outcome)
