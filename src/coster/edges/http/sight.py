"""Which events somebody may be shown, and how much of each: one rule for the feed, the stream and previews.

Webhooks need no rule of their own beyond the enterprise: who may make one for an enterprise may read everything there.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from coster.kernel.authority import Authority
from coster.kernel.message import Event

SEEN_WITH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cost_centre": "parties:read",
        "customer": "orders:read",
        "enterprise": "parties:read",
        "enterprise_profile": "parties:read",
        "flow": "flows:read",
        "flow_move": "flows:read",
        "held_order": "held_orders:read",
        "item": "items:read",
        "item_details": "items:read",
        "key": "keys:manage",
        "key_contact": "keys:manage",
        "key_link": "keys:manage",
        "link": "held_orders:read",
        "location": "stock:read",
        "order": "orders:read",
        "peer": "parties:read",
        "platform": "keys:manage",
        "position": "stock:read",
        "relation": "parties:read",
        "remote_item": "parties:read",
        "session": "sessions:read",
        "supplier": "parties:read",
        "supply": "held_orders:read",
        "webhook_endpoint": "webhooks:manage",
    }
)
"""The permission that the news of an entity needs: the one that reading the entity itself needs."""
_OTHERWISE: Final = "org:manage"


def shown(authority: Authority, event: Event, *permissions: str) -> dict[str, Any] | None:
    """The event's data for somebody; None where it is not for him.

    He needs the permission for the entity, and those named, for one of the enterprises that the event names in
    `enterprises`; an event without that list concerns the organisation as a whole. Of the list stays what he sees.
    """
    needed = (SEEN_WITH.get(event.entity, _OTHERWISE), *permissions)
    data = dict(event.data)
    if all(authority.scope(permission) is None for permission in needed):
        return data
    named = data.get("enterprises", ())
    seen = [one for one in named if all(authority.allows(p, uuid.UUID(one)) for p in needed)]
    return {**data, "enterprises": seen} if seen else None
