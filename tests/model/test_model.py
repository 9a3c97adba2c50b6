"""The formal model: all of its states keep the promises of `coster verify`, and the real rules take every step of it in the same way."""

from __future__ import annotations

import pytest

from coster.domain.inventory import reads as inventory
from coster.domain.orders import reads as orders
from coster.domain.wholesale import reads as wholesale
from coster.engine.batch import proofs as causes
from coster.engine.flows import proofs as flows
from coster.engine.outbox import proofs as outbox
from tests.model import market
from tests.model.market import Move, Scope, State
from tests.model.mirror import Mirror

LOOSE = Scope(shoppers=2, stock=(2,), cases=(1,), quantities=((1,), (2,)))
BY_CASE = Scope(shoppers=2, stock=(2,), cases=(2,), quantities=((1,), (2,)))
TWO_ITEMS = Scope(shoppers=2, stock=(1, 1), cases=(1, 1), quantities=((1, 1),))
THREE_SHOPPERS = Scope(shoppers=3, stock=(2,), cases=(2,), quantities=((1,),))
# How many states there are, and how many commands lead on from them.
SCOPES = {
    "loose": (LOOSE, 1531, 34419),
    "by the case": (BY_CASE, 1057, 23751),
    "two items": (TWO_ITEMS, 6664, 170832),
    "three shoppers": (THREE_SHOPPERS, 9119, 267513),
}
# The commands of every state, or of every so many-eth, are given to the real rules as well.
LOOKED_AT = {"loose": 1, "by the case": 1, "two items": 100}

BEYOND = {
    "position_is_sum": "the model has no ledger; test_every_step_is_the_real_rules_step adds each step's entries up",
    "total_is_sum": "the model has no money; tests/domain/orders/test_lines.py and tests/laws have",
    "orders_are_told": "the model tells nothing; tests/laws compare every event",
    "one_per_session": "the model's only hub has one producer and one session; the id follows from these (tests/guards)",
    "ended_is_final": "is about time: how long the relay takes; tests/engine/outbox",
    "on_a_version": "the model has no flows; tests/engine/flows and tests/cli/test_verify.py",
    "events_have_causes": "the model tells nothing",
    "events_without_gap": "the model tells nothing",
    "entities_without_gap": "the model tells nothing",
    "readers_not_ahead": "the model has no readers",
    "nothing_given_up": "the model has no relay",
    "timers_in_time": "the model has no clock",
    "reactions_in_time": "the model has no clock",
}
"""The promises of `coster verify` that are no part of the model, and why."""


@pytest.mark.parametrize("name", SCOPES)
def test_every_state_keeps_every_promise(name: str) -> None:
    """Whatever shoppers, the hub and the producer do, in any order: none of the states is against a promise."""
    scope, states, steps = SCOPES[name]
    reached, taken = market.explore(scope)
    assert (len(reached), taken) == (states, steps)
    broken = {
        promise: state
        for promise, holds in market.MODEL.items()
        for state in reached
        if not holds(scope, state)
    }
    assert broken == {}
    assert all(market.account_is_possible(scope, state) for state in reached)


def test_model_and_verify_promise_the_same() -> None:
    """Every check of `coster verify` is an invariant of the model under the same name, or it is said why not."""
    verified = {*inventory.PROMISES, *orders.PROMISES, *wholesale.PROMISES, "ended_is_final", *flows.PROMISES, *causes.PROMISES,
                *outbox.PROMISES, *outbox.IN_TIME}  # fmt: skip
    assert verified == market.MODEL.keys() | BEYOND.keys()
    assert not market.MODEL.keys() & BEYOND.keys()


@pytest.mark.parametrize("name", LOOKED_AT)
def test_every_step_is_the_real_rules_step(name: str) -> None:
    """From every state the real rules give each command the same answer and come to the same state, entry by entry."""
    scope = SCOPES[name][0]
    reached, _ = market.explore(scope)
    mirrors: dict[State, Mirror] = {}
    for number, (state, origin) in enumerate(reached.items()):
        mirrors[state] = Mirror(scope) if origin is None else mirrors[origin[0]].copy()
        if origin is not None:
            mirrors[state].carry_out(origin[1])
        assert mirrors[state].state() == state
        for move in market.moves(scope, state) if number % LOOKED_AT[name] == 0 else ():
            _same(scope, state, move, mirrors[state].copy())


def _same(scope: Scope, state: State, move: Move, mirror: Mirror) -> None:
    answer, after = market.step(scope, state, move)
    assert (mirror.carry_out(move), mirror.state()) == (answer, after), (state, move)
    assert mirror.sums(state) == after.stock, (state, move)


@pytest.mark.parametrize("promise", market.MODEL)
def test_invariant_can_be_broken(promise: str) -> None:
    """No invariant is true of everything: each has a state, one number away from a good one, that it refuses."""
    reached, _ = market.explore(LOOSE)
    assert any(
        not market.MODEL[promise](LOOSE, wrong) for state in list(reached)[:400] for wrong in spoilt(state)
    )


def spoilt(state: State) -> list[State]:
    """The state with a number or a word of it changed."""
    stock, account, order = state.stock[0], state.accounts[0], state.orders[0]
    wrong = [state._replace(stock=(stock._replace(held=stock.held + n),)) for n in (-3, 1, 3)]
    wrong.append(state._replace(stock=(stock._replace(committed=stock.committed + 1),)))
    wrong.append(state._replace(head="Complete" if state.head != "Complete" else "Held"))
    if account:
        wrong += [
            state._replace(accounts=(account._replace(held=account.held + 1),)),
            state._replace(accounts=(account._replace(surplus=account.surplus + 1),)),
            state._replace(accounts=(None,)),
        ]
    if order:
        held = order._replace(held=(order.held[0] + 1,))
        wrong += [state._replace(orders=(held, *state.orders[1:])),
                  state._replace(orders=(held._replace(status="cancelled"), *state.orders[1:])),
                  state._replace(orders=(order._replace(status="cancelled"), *state.orders[1:]))]  # fmt: skip
    return wrong
