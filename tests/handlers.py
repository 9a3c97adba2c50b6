"""All handlers of the program, as the app registers them."""

from __future__ import annotations

from coster.domain.catalog import handlers as catalog
from coster.domain.identity import handlers as identity
from coster.domain.inventory import handlers as inventory
from coster.domain.orders import handlers as orders
from coster.domain.parties import handlers as parties
from coster.domain.sessions import handlers as sessions
from coster.domain.wholesale import handlers as wholesale
from coster.engine.batch.handler import Registry
from coster.engine.flows import handlers as flows
from coster.engine.webhooks import handlers as webhooks


def registry() -> Registry:
    """Every kind of command."""
    rooms = (identity, parties, catalog, inventory, sessions, wholesale, webhooks)
    libraries = (orders.LIBRARY, orders.CHECKOUTS, wholesale.LIBRARY)
    return Registry([*(handler for room in rooms for handler in room.HANDLERS), *flows.handlers(libraries)])
