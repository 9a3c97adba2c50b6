"""All handlers of the program, as the app registers them."""

from __future__ import annotations

from coster.domain.buying import handlers as buying
from coster.domain.catalog import handlers as catalog
from coster.domain.federation import handlers as federation
from coster.domain.identity import handlers as identity
from coster.domain.inventory import handlers as inventory
from coster.domain.linking import handlers as linking
from coster.domain.orders import handlers as orders
from coster.domain.parties import handlers as parties
from coster.domain.sessions import handlers as sessions
from coster.domain.supplying import handlers as supplying
from coster.domain.wholesale import handlers as wholesale
from coster.engine.batch.handler import Registry
from coster.engine.flows import handlers as flows
from coster.engine.mail import handlers as mail
from coster.engine.mending import handlers as mending
from coster.engine.webhooks import handlers as webhooks


def registry() -> Registry:
    """Every kind of command."""
    rooms = (
        identity,
        buying,
        catalog,
        inventory,
        sessions,
        supplying,
        federation,
        linking,
        webhooks,
        mending,
        mail,
    )
    of_orders = linking.waiting_for_suppliers(wholesale.HANDLERS)
    of_parties = federation.knowing_who_is_elsewhere(parties.HANDLERS)
    libraries = (orders.LIBRARY, orders.CHECKOUTS, wholesale.LIBRARY)
    return Registry(
        [
            *of_orders,
            *of_parties,
            *(handler for room in rooms for handler in room.HANDLERS),
            *flows.handlers(libraries),
        ]
    )
