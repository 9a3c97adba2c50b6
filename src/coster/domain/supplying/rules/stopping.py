"""What is left of a producer's supply once what the producer has is kept on another platform: nothing more is had of it here. Pure.

Its keeper counts what there is, and has not been asked before the answer is given. What an order holds stays, can be made less and
given back, as after the end of a relation.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

import msgspec

from coster.domain.orders.rules.fold import ChangingState
from coster.domain.orders.rules.shelf import PlacingState


def placing(state: PlacingState, producers: Collection[uuid.UUID]) -> PlacingState:
    """What placing is decided on, where none of these producers supplies anybody."""
    relations = {
        pair: msgspec.structs.replace(one, active=False) if one.producer_id in producers else one
        for pair, one in state.supply.relations.items()
    }
    return msgspec.structs.replace(state, supply=msgspec.structs.replace(state.supply, relations=relations))


def changing(state: ChangingState, producers: Collection[uuid.UUID]) -> ChangingState:
    """The same for changing; what wants nothing more has no supply loaded, and is left as it is."""
    if state.placing is None:
        return state
    return msgspec.structs.replace(state, placing=placing(state.placing, producers))
