"""All operations for other platforms, and their OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from coster import __version__
from coster.edges.dfc import (
    catalogue,
    catalogue_changes,
    enterprises,
    events,
    examples,
    founding,
    order_examples,
    order_lines,
    orders,
    parts,
    persons,
    platforms,
    sale_sessions,
    selling,
    webid,
)
from coster.edges.http import openapi
from coster.edges.http.operation import Operation

TAGS: Final = {
    "enterprises": "Producers and hubs, and what they tell the public of themselves.",
    "catalogue": "What enterprises supply, what of it can be had, and at which price.",
    "platforms": "Who this platform is, and what enterprises let other platforms do.",
    "orders": "Orders that hubs on other platforms have with a producer.",
    "events": "That something has changed elsewhere.",
    "server": "The server itself.",
}


_SCHEMES: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of an issuer that this server trusts (OpenID Connect), or an API key.",
    },
    "token": {"type": "apiKey", "in": "header", "name": "X-Api-Token", "description": "An API key."},
}


def _bodies() -> dict[str, dict[str, Any]]:
    told = (examples.BODIES, order_examples.BODIES, founding.BODIES, parts.BODIES, selling.BODIES)
    return {name: body for each in told for name, body in each.items()}


def document() -> dict[str, Any]:
    """The OpenAPI document of everything below /api/dfc."""
    shown = openapi.Examples(_bodies(), schemes=_SCHEMES)
    return openapi.document(
        OPERATIONS, version=__version__, tags=TAGS, examples=shown, title="Coster for other platforms"
    )


OPERATIONS: Final[Sequence[Operation]] = (
    *enterprises.OPERATIONS,
    *founding.OPERATIONS,
    *parts.OPERATIONS,
    *catalogue.OPERATIONS,
    *catalogue_changes.OPERATIONS,
    *selling.OPERATIONS,
    *platforms.OPERATIONS,
    *webid.OPERATIONS,
    *persons.OPERATIONS,
    *events.OPERATIONS,
    *orders.OPERATIONS,
    *order_lines.OPERATIONS,
    *sale_sessions.OPERATIONS,
    Operation(
        id="getDfcOpenApi",
        method="GET",
        path="/api/dfc/openapi.json",
        tag="server",
        summary="This document",
        endpoint=openapi.Shown(document),
        permission=None,
        answer=dict[str, Any],
        answer_example={"openapi": "3.1.0"},
    ),
)
