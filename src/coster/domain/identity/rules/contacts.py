"""Where the holder of a key is written to, and who may say so. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any, Final

from coster.domain.identity.model import Contact, ContactsState, PutContact
from coster.domain.identity.rules import keys as rules
from coster.kernel import ids, refusal
from coster.kernel.message import Command, Decided, Event
from coster.kernel.outcome import Accepted, Outcome, Rejected

_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+", re.ASCII
)
"""Addresses as HTML forms take them: nothing that could end a header or name a second recipient."""
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?", re.ASCII)


def put_contacts(state: ContactsState, commands: Sequence[Command[PutContact]]) -> Decided[list[Contact]]:
    """Says where holders of keys are written to; without an address nobody writes to them. The event tells that, and not where."""
    now, written = dict(state.contacts), dict[uuid.UUID, Contact]()
    outcomes: list[Outcome] = []
    events: list[tuple[int, Event]] = []
    for index, command in enumerate(commands):
        body = command.body
        old = now.get(body.key_id)
        refused = _refuse(state, old, command)
        if refused:
            outcomes.append(refused)
            continue
        version = old.version + 1 if old else 1
        new = Contact(key_id=body.key_id, email=body.email, language=body.language, version=version)
        now[new.key_id] = written[new.key_id] = new
        events.append((index, _event(state, new)))
        outcomes.append(Accepted({"id": str(new.key_id), "version": version}))
    return Decided(outcomes, list(written.values()), events)


def _event(state: ContactsState, contact: Contact) -> Event:
    data: dict[str, Any] = dict(rules.concerned(state.keys[contact.key_id].grants))
    entity_id = ids.derived("contact of a key", contact.key_id)
    return Event("key.contact_changed", "key_contact", entity_id, contact.version, data)


def _refuse(state: ContactsState, old: Contact | None, command: Command[PutContact]) -> Rejected | None:
    body, authority = command.body, command.authority
    key = state.keys.get(body.key_id)
    own = key is not None and key.id == command.actor
    if key is None or not (
        own or any(authority.allows("keys:manage", one.enterprise_id) for one in key.grants)
    ):
        return rules.UNKNOWN
    if not own and not all(rules.may_hand_out(authority, grant) for grant in key.grants):
        return refusal.not_permitted(
            "say where the holder of this key is written to, as the key may do more than it"
        )
    conflict = refusal.version_conflict(
        "contact", expected=body.expected_version, current=old.version if old else 0
    )
    if conflict:
        return conflict
    faults = refusal.Faults()
    if body.email and not (len(body.email) <= 254 and _EMAIL.fullmatch(body.email)):
        faults.add("email", "is no address of the form name@host.example; leave it empty where there is none")
    if not _LANGUAGE.fullmatch(body.language):
        faults.add("language", "is no language by its short name, for example en or de-AT")
    return faults.rejected()
