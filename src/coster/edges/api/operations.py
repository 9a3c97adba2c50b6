"""All operations of the API, and its OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from coster import __version__
from coster.edges.api import (
    access,
    approvals,
    availability,
    blocks,
    catalog,
    clock,
    cost_centres,
    customers,
    documentation,
    events,
    examples,
    flow_changes,
    flow_migrations,
    flow_trying,
    flows,
    health,
    identity,
    inventory,
    links,
    locations,
    order_rows,
    orders,
    overdue,
    parked,
    parties,
    party_rows,
    peers,
    platforms,
    releases,
    sessions,
    suppliers,
    timeline,
    webhooks,
    wholesale,
)
from coster.edges.http import openapi
from coster.edges.http.operation import Operation

TAGS: Final = {
    "orders": "Shoppers' orders: their stock is held from the beginning of checkout.",
    "approvals": "Orders that wait for people to agree to them.",
    "cost centres": "In whose name orders are bought, and who agrees to them from which amount on.",
    "sessions": "Sales sessions of hubs: when they sell, and what.",
    "held orders": "What a hub holds of a producer's stock: the sum of its shoppers' live orders.",
    "stock": "Where things are, how many can be had, and every change of that.",
    "items": "What can be bought, in which units.",
    "parties": "Producers, hubs and retailers, and who supplies whom.",
    "suppliers elsewhere": "Producers on other platforms that speak the DFC standard: connections, consent, catalogues.",
    "customers": "Shoppers; what identifies a person is kept apart and can be erased.",
    "keys": "API keys and what they may do.",
    "platforms": "Other platforms that speak the standard of the Data Food Consortium, and what enterprises let them do.",
    "events": "What happened, in order: by cursor, as a stream, to webhooks.",
    "flows": "The life cycles that orders follow, as data: in versions, proved before they are published, tried before they are believed.",
    "parked": "What was given up after several attempts, and waits for people to retry or to skip it.",
    "server": "The server itself.",
}


def document() -> dict[str, Any]:
    """The OpenAPI document of the whole API."""
    shown = openapi.Examples(examples.EXAMPLES, examples.FILES, examples.MEDIA)
    return openapi.document(OPERATIONS, version=__version__, tags=TAGS, examples=shown)


OPERATIONS: Final[Sequence[Operation]] = (
    *orders.OPERATIONS,
    *order_rows.OPERATIONS,
    *releases.OPERATIONS,
    *blocks.OPERATIONS,
    *approvals.OPERATIONS,
    *cost_centres.OPERATIONS,
    *sessions.OPERATIONS,
    *wholesale.OPERATIONS,
    *links.OPERATIONS,
    *timeline.OPERATIONS,
    *overdue.OPERATIONS,
    *inventory.OPERATIONS,
    *availability.OPERATIONS,
    *locations.OPERATIONS,
    *catalog.OPERATIONS,
    *parties.OPERATIONS,
    *peers.OPERATIONS,
    *suppliers.OPERATIONS,
    *customers.OPERATIONS,
    *access.OPERATIONS,
    *party_rows.OPERATIONS,
    *identity.OPERATIONS,
    *platforms.OPERATIONS,
    *events.OPERATIONS,
    *webhooks.OPERATIONS,
    *parked.OPERATIONS,
    *flows.OPERATIONS,
    *flow_changes.OPERATIONS,
    *flow_migrations.OPERATIONS,
    *flow_trying.OPERATIONS,
    *clock.OPERATIONS,
    *health.OPERATIONS,
    *documentation.OPERATIONS,
    Operation(
        id="getOpenApi",
        method="GET",
        path="/api/v1/openapi.json",
        tag="server",
        summary="This document",
        endpoint=openapi.Shown(document),
        permission=None,
        answer=dict[str, Any],
        answer_example={"openapi": "3.1.0"},
    ),
)
