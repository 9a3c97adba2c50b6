"""What belongs to an enterprise and has an address of its own: where it is, its contact, telephone, accounts elsewhere.

Address, contact and telephone have the enterprise's id, since it has one of each. Never a shopper's: nothing here looks at customers.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec

from coster.domain.parties.model import Address, Profile, PutProfile, VersionedProfile
from coster.domain.parties.model import Enterprise as Known
from coster.edges.dfc import enterprises, examples, serving
from coster.edges.dfc.iris import Iris
from coster.edges.dfc.language import records
from coster.edges.http import commands
from coster.edges.http.call import Answer, Call
from coster.edges.http.operation import Operation
from coster.edges.http.problems import not_found

R = TypeVar("R", bound=records.Record)
_WRITE: Final = "dfc_enterprises:write"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of part: its class, where it is, and what becomes of the enterprise when it is said anew (None: taken away).

    `become` gives the address of the enterprise and its profile; `name` is that of an account, of which there may be several.
    """

    id: str
    path: str
    what: str
    record: type[records.Record]
    iri: Callable[[Iris, uuid.UUID, str], str]
    become: Callable[[Any, str, Address, Profile], tuple[Address, Profile]]
    shown: dict[str, Any]
    said: dict[str, Any]
    parameters: dict[str, str] | None = None


def _address(
    told: records.Address | None, _name: str, old: Address, profile: Profile
) -> tuple[Address, Profile]:
    return (Address() if told is None else enterprises.address_of(told, old)), profile


def _person(
    told: records.Person | None, _name: str, address: Address, old: Profile
) -> tuple[Address, Profile]:
    first, family = (told.first_name, told.family_name) if told else ("", "")
    return address, msgspec.structs.replace(
        old,
        contact_first_name=old.contact_first_name if first is None else first,
        contact_family_name=old.contact_family_name if family is None else family,
    )


def _phone(
    told: records.PhoneNumber | None, _name: str, address: Address, old: Profile
) -> tuple[Address, Profile]:
    number = _needed(told, "phoneNumber", told.number) if told else ""
    return address, msgspec.structs.replace(old, phone=number)


def _account(
    told: records.SocialMedia | None, name: str, address: Address, old: Profile
) -> tuple[Address, Profile]:
    others = {one: url for one, url in old.social.items() if one != name}
    named = {name: _needed(told, "URL", told.url)} if told else {}
    return address, msgspec.structs.replace(old, social=others | named)


def _needed(told: records.Record, property_: str, value: str | None) -> str:
    if not value:
        raise serving.invalid([serving.fault(property_, "this is what can be changed", node=told.id)])
    return value


PARTS: Final = (
    Part(
        id="Address", path="/api/dfc/Addresses/{id}", what="address", record=records.Address, become=_address,
        iri=lambda iris, id_, _: iris.address(id_), shown=examples.ADDRESS,
        said={"@type": "dfc-b:Address", "dfc-b:hasCity": "Valence"},
    ),
    Part(
        id="Person", path="/api/dfc/Persons/{id}", what="person", record=records.Person, become=_person,
        iri=lambda iris, id_, _: iris.person(id_), shown=examples.PERSON,
        said={"@type": "dfc-b:Person", "dfc-b:firstName": "Jean"},
    ),
    Part(
        id="PhoneNumber", path="/api/dfc/PhoneNumbers/{id}", what="phone number", record=records.PhoneNumber, become=_phone,
        iri=lambda iris, id_, _: iris.phone(id_), shown=examples.PHONE,
        said={"@type": "dfc-b:PhoneNumber", "dfc-b:phoneNumber": "+33 4 75 00 00 00"},
    ),
    Part(
        id="SocialMedia", path="/api/dfc/Enterprises/{enterprise_id}/SocialMedias/{name}", what="account",
        record=records.SocialMedia, become=_account, iri=lambda iris, id_, name: iris.social(id_, name),
        shown=examples.SOCIAL, said={"@type": "dfc-b:SocialMedia", "dfc-b:URL": "https://social.example/@jean"},
        parameters={"name": "What the account is called."},
    ),
)  # fmt: skip


def _showing(part: Part) -> Callable[[Call], Awaitable[Answer]]:
    async def show(call: Call) -> Answer:
        if part.parameters:
            enterprise_id = serving.place(call)
        else:
            enterprise_id = call.id("id", part.what)
            # Whoever may not read the enterprise learns nothing (no enumeration).
            if not call.authority.allows("dfc_enterprises:read", enterprise_id):
                raise not_found(part.what)
        found, told = await _of(call, enterprise_id)
        iris = serving.iris(call)
        whole = enterprises.records_of(iris, found, told.profile)
        wanted = part.iri(iris, enterprise_id, call.parameters.get("name", ""))
        if not any(record.id == wanted for record in whole):
            raise not_found(part.what)
        return serving.document(call, whole, first=[wanted])

    show.__doc__ = f"The {part.what} of the enterprise, with the enterprise."
    return show


def _changing(part: Part, *, away: bool) -> Callable[[Call], Awaitable[Answer]]:
    async def change(call: Call) -> Answer:
        if part.parameters:
            enterprise_id = serving.place(call)
        else:
            enterprise_id = call.id("id", part.what)
            serving.demand(call, _WRITE, enterprise_id)
        graph = None if away else await serving.read_document(call, about=part.record)
        said = None if graph is None else serving.addressed(call, graph, part.record)
        found, told = await _of(call, enterprise_id)
        old = msgspec.convert(found.address, Address)
        name = call.parameters.get("name", "")
        address, profile = part.become(said, name, old, told.profile)
        if away and (address, profile) == (old, told.profile):
            raise not_found(part.what)
        if address != old:
            command = msgspec.structs.replace(enterprises.unchanged(call, found), address=address)
            return serving.done(call, await commands.send(call, command))
        kept = PutProfile(enterprise_id=enterprise_id, profile=profile, expected_version=told.version)
        return serving.done(call, await commands.send(call, kept))

    sentence = (
        "Takes it away; what was ordered meanwhile is not touched." if away else
        "Says it anew, or for the first time; what the document does not mention stays."
    )  # fmt: skip
    change.__doc__ = sentence
    return change


async def _of(call: Call, enterprise_id: uuid.UUID) -> tuple[Known, VersionedProfile]:
    async with call.parts.database.read(call.org_id) as conn:
        return await enterprises.known(call, conn, enterprise_id)


def _operations(part: Part) -> tuple[Operation, ...]:
    shared: dict[str, Any] = {
        "path": part.path,
        "tag": "enterprises",
        "documents": True,
        "parameters": part.parameters,
    }
    changing: dict[str, Any] = {
        **shared, "status": 204, "changes": True, "permission": _WRITE,
        "problems": ("document_invalid", "version_conflict", "enterprise_unknown"),
    }  # fmt: skip
    return (
        Operation(
            id=f"get{part.id}", method="GET", summary=f"Show the {part.what} of an enterprise", endpoint=_showing(part),
            permission="dfc_enterprises:read", answer=dict[str, Any], answer_example=part.shown, **shared,
        ),
        Operation(
            id=f"change{part.id}", method="PUT", summary=f"Say the {part.what} of an enterprise anew",
            endpoint=_changing(part, away=False), body=dict[str, Any], **changing,
        ),
        Operation(
            id=f"delete{part.id}", method="DELETE", summary=f"Take the {part.what} of an enterprise away",
            endpoint=_changing(part, away=True), **changing,
        ),
    )  # fmt: skip


BODIES: Final = {f"change{part.id}": {"new": {"@context": examples.CONTEXT, **part.said}} for part in PARTS}
OPERATIONS: Final = tuple(operation for part in PARTS for operation in _operations(part))
