"""What becomes of commands about endpoints: who may, what is refused, what is told."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from coster.engine.webhooks import model, rules
from coster.kernel.authority import SYSTEM, Authority
from coster.kernel.message import Command, Decided
from coster.kernel.outcome import Accepted, Rejected

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
HUB, OTHER, ONE = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)
SEED, SECOND = model.Seed(key="k", salt=b"1" * 32), model.Seed(key="k", salt=b"2" * 32)
URL = "https://hooks.example/"
STORED = model.Endpoint(
    id=ONE, url=URL, names=[], enterprise_id=None, status="active", seed=SEED, created_at=AT
)
OF_HUB = Authority(by_enterprise={HUB: frozenset({"webhooks:manage"})})


def asked(body: Any, authority: Authority = SYSTEM) -> Command[Any]:
    """A command."""
    return Command(
        id=uuid.UUID(int=9), org_id=1, actor=uuid.UUID(int=8), at=AT, body=body, authority=authority
    )


def put(url: str = URL, refusal: str | None = None, **values: Any) -> model.PutEndpoint:
    """A body."""
    return model.PutEndpoint(
        endpoint_id=ONE, target=model.Target(url=url, refusal=refusal), seed=SEED, **values
    )


def state(*endpoints: model.Endpoint) -> model.Endpoints:
    """What there is."""
    return model.Endpoints(rows={e.id: e for e in endpoints}, last_number=41)


def changed(**values: Any) -> model.Endpoint:
    """The stored endpoint with differences."""
    return msgspec.structs.replace(STORED, **values)


def code(decided: Decided[model.Writes]) -> str:
    """The one refusal's code; nothing is written and nobody is told."""
    [outcome] = decided.outcomes
    assert isinstance(outcome, Rejected)
    assert (decided.writes.made, decided.writes.changed, decided.events) == ([], [], [])
    return outcome.code


def test_new_endpoint_is_told_and_begins_after_the_last_event() -> None:
    """Names are sorted and single."""
    decided = rules.decide_put(state(), [asked(put(names=["b", "a", "a"]))])
    assert decided.outcomes == [Accepted({"id": str(ONE), "status": "active", "version": 1})]
    assert decided.writes.made == [changed(names=["a", "b"])]
    assert decided.writes.start_after == [41]
    assert [(event.name, event.version) for _, event in decided.events] == [("webhook.endpoint_created", 1)]


def test_later_of_one_batch_is_not_told_of_the_earlier() -> None:
    """Each begins where it would have begun if its batch had come one by one: after the events before its own."""
    other = msgspec.structs.replace(put(), endpoint_id=uuid.UUID(int=9))
    decided = rules.decide_put(state(), [asked(put()), asked(put()), asked(other)])
    assert [endpoint.id for endpoint in decided.writes.made] == [ONE, uuid.UUID(int=9)]
    assert decided.writes.start_after == [41, 42]


def test_same_again_changes_nothing() -> None:
    """No new version, no event."""
    decided = rules.decide_put(state(STORED), [asked(put())])
    assert (decided.writes.changed, decided.events) == ([], [])
    assert decided.outcomes == [Accepted({"id": str(ONE), "status": "active", "version": 1})]


def test_new_url_begins_with_a_clean_slate() -> None:
    """Failures of the old one say nothing about it; a pause is somebody's decision and stays."""
    before = changed(status="paused", failures=9, failing_since=AT, retry_at=AT)
    [after] = rules.decide_put(state(before), [asked(put(url="https://new.example/"))]).writes.changed
    assert after == changed(status="paused", url="https://new.example/", version=2)


def test_rotation_keeps_the_old_seed_for_a_day() -> None:
    """Without `rotate` a seed that comes along is not looked at."""
    body = msgspec.structs.replace(put(rotate=True), seed=SECOND)
    [after] = rules.decide_put(state(STORED), [asked(body)]).writes.changed
    assert (after.seed, after.old_seed, after.old_until) == (
        SECOND,
        SEED,
        datetime(2026, 11, 24, 9, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("before", "body", "wanted"),
    [
        (None, put(url="https://a.example:22/"), "webhook_url_refused"),
        (None, put(refusal="the host's address is private"), "webhook_url_refused"),
        (None, put(names=["Order placed"]), "webhook_names_invalid"),
        (None, put(names=["*"]), "webhook_names_invalid"),
        (None, put(names=[f"a{n}" for n in range(101)]), "webhook_names_invalid"),
        (None, put(expected_version=1), "version_conflict"),
        (STORED, put(expected_version=2), "version_conflict"),
        (STORED, put(enterprise_id=HUB), "webhook_scope_fixed"),
        (changed(status="deleted"), put(), "webhook_endpoint_deleted"),
    ],
)
def test_unfit_endpoint_is_refused(
    before: model.Endpoint | None, body: model.PutEndpoint, wanted: str
) -> None:
    """Each with its code."""
    assert code(rules.decide_put(state(*([before] if before else [])), [asked(body)])) == wanted


def test_key_of_an_enterprise_makes_endpoints_of_that_enterprise_only() -> None:
    """Not of another, and not of the whole organisation."""
    accepted = rules.decide_put(state(), [asked(put(enterprise_id=HUB), OF_HUB)])
    assert isinstance(accepted.outcomes[0], Accepted)
    assert code(rules.decide_put(state(), [asked(put(enterprise_id=OTHER), OF_HUB)])) == "not_permitted"
    assert code(rules.decide_put(state(), [asked(put(), OF_HUB)])) == "not_permitted"


@pytest.mark.parametrize(
    ("decide", "body"),
    [
        (rules.decide_put, put(enterprise_id=OTHER)),
        (rules.decide_pause, model.PauseEndpoint(endpoint_id=ONE)),
        (rules.decide_resume, model.ResumeEndpoint(endpoint_id=ONE)),
        (rules.decide_delete, model.DeleteEndpoint(endpoint_id=ONE)),
    ],
)
def test_foreign_endpoint_answers_like_none(decide: Any, body: Any) -> None:
    """Nobody learns that it exists."""
    foreign = changed(enterprise_id=OTHER)
    hidden = decide(state(foreign), [asked(body, OF_HUB)])
    assert code(hidden) == "webhook_endpoint_not_found"
    if decide is not rules.decide_put:
        assert hidden.outcomes == decide(state(), [asked(body, OF_HUB)]).outcomes


def test_deleted_endpoint_keeps_its_row_and_loses_its_secret() -> None:
    """Its event versions go on and never begin again."""
    decided = rules.decide_delete(state(STORED), [asked(model.DeleteEndpoint(endpoint_id=ONE))])
    [after] = decided.writes.changed
    assert (after.status, after.url, after.seed, after.version) == (
        "deleted",
        "",
        model.Seed(key="", salt=b""),
        2,
    )
    assert decided.writes.deleted == [ONE]
    again = rules.decide_resume(state(after), [asked(model.ResumeEndpoint(endpoint_id=ONE))])
    assert code(again) == "webhook_endpoint_not_found"


def test_stop_is_the_machinerys_and_only_for_what_it_looked_at() -> None:
    """A changed endpoint is left alone, and no key may send it."""
    stop = model.StopEndpoint(endpoint_id=ONE, version=1, cause="failing")
    [after] = rules.decide_stop(state(STORED), [asked(stop)]).writes.changed
    assert (after.status, after.version) == ("paused", 2)
    assert rules.decide_stop(state(changed(version=2)), [asked(stop)]).writes.changed == []
    owner = Authority(everywhere=frozenset({"webhooks:manage"}))
    assert code(rules.decide_stop(state(STORED), [asked(stop, owner)])) == "not_permitted"


def test_batch_answers_as_its_commands_one_by_one() -> None:
    """Later commands see what earlier ones did; versions and events count on."""
    bodies = [put(), put(names=["a"], expected_version=1), put(names=["b"], expected_version=1)]
    decided = rules.decide_put(state(), [asked(body) for body in bodies])
    assert [type(outcome) for outcome in decided.outcomes] == [Accepted, Accepted, Rejected]
    assert [event.version for _, event in decided.events] == [1, 2]
    assert decided.writes.made == [changed(names=["a"], version=2)]
