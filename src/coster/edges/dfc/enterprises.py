"""Enterprises and what belongs to them: address, contact, telephone, accounts elsewhere. Never a shopper.

The contact of an enterprise is a person whom it names itself. Nothing here looks at customers, and no operation takes the id of one.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from coster.domain.catalog.model import ItemsWanted, VersionedItem
from coster.domain.parties import reads as parties
from coster.domain.parties.model import (
    Address,
    Enterprise,
    EnterprisesWanted,
    Kind,
    OpeningHours,
    Profile,
    PutEnterprise,
    PutProfile,
    VersionedProfile,
)
from coster.edges.dfc import catalogue, examples, goods, pages, serving
from coster.edges.dfc.goods import Shelf
from coster.edges.dfc.iris import Iris
from coster.edges.dfc.language import records
from coster.edges.dfc.language.records import Record
from coster.edges.http import commands
from coster.edges.http.call import Answer, Call
from coster.edges.http.operation import Operation
from coster.edges.http.problems import not_found, of_rejection
from coster.engine.db.connect import Connection
from coster.kernel import ids
from coster.kernel.outcome import Rejected

_NOTHING: Final = Profile()


# ------------------------------------------------------------------------------------------------------------ reading


async def list_(call: Call) -> Answer:
    """The enterprises of which the caller may read something, in the order of their ids, each with its address and contact."""
    scope = serving.demand_somewhere(call, "dfc_enterprises:read")
    page = pages.read(call, "enterprises", whole=True)
    authority = serving.of_scope(scope, "parties:read")
    wanted = EnterprisesWanted(
        ids=None if scope is None else list(scope),
        after=page.after,
        before=page.before,
        backwards=page.backwards,
        limit=page.limit + 1,
    )
    async with call.parts.database.read(call.org_id) as conn:
        rows = await parties.list_enterprises(conn, call.org_id, authority, wanted)
        shown, headers = page.cut(rows, lambda one: one.id)
        profiles = await parties.profiles(conn, call.org_id, [one.id for one in shown])
    iris = serving.iris(call)
    found = [record for one in shown for record in records_of(iris, one, _profile(profiles, one.id))]
    first = [iris.enterprise(one.id) for one in shown]
    return serving.listing(call, found, first=first, headers=headers)


async def get(call: Call) -> Answer:
    """An enterprise with its address and contact; with its products and catalogue items too, for who may read those."""
    enterprise_id = serving.place(call)
    items: Sequence[VersionedItem] = ()
    async with call.parts.database.read(call.org_id) as conn:
        found, told = await _enterprise(call, conn, enterprise_id)
        if call.authority.allows("dfc_products:read", enterprise_id):
            everything = pages.Page(list_name="", limit=pages.WHOLE)
            wanted = ItemsWanted(buyable=True)
            items = await catalogue.listed(call, conn, enterprise_id, page=everything, wanted=wanted)
        stock = await goods.available(conn, call.org_id, enterprise_id, items) if items else {}
    iris = serving.iris(call)
    shelf = Shelf(iris=iris, enterprise_id=enterprise_id, currency=found.currency)
    whole: list[Record] = [*records_of(iris, found, told.profile)]
    for item in items:
        whole += [goods.product(shelf, item), goods.catalog_item(shelf, item, stock[item.id])]
    headers = [(b"etag", b'"%d"' % found.version)]
    return serving.document(call, whole, first=[iris.enterprise(enterprise_id)], headers=headers)


async def get_address(call: Call) -> Answer:
    """The address of an enterprise; its id is the enterprise's."""
    return await _part(call, lambda iris, id_: iris.address(id_), "address")


async def get_person(call: Call) -> Answer:
    """The person whom an enterprise names as its contact; the id is the enterprise's."""
    return await _part(call, lambda iris, id_: iris.person(id_), "person")


async def get_phone(call: Call) -> Answer:
    """The telephone of an enterprise; its id is the enterprise's."""
    return await _part(call, lambda iris, id_: iris.phone(id_), "phone number")


async def get_social(call: Call) -> Answer:
    """An account of the enterprise somewhere else, by its name."""
    enterprise_id = serving.place(call)
    wanted = serving.iris(call).social(enterprise_id, call.parameters["name"])
    return await _shown(call, enterprise_id, wanted, "account")


async def _part(call: Call, iri: Any, what: str) -> Answer:
    """Something that has the enterprise's id. Whoever may not read the enterprise learns nothing (no enumeration)."""
    enterprise_id = call.id("id", what)
    if not call.authority.allows("dfc_enterprises:read", enterprise_id):
        raise not_found(what)
    return await _shown(call, enterprise_id, iri(serving.iris(call), enterprise_id), what)


async def _shown(call: Call, enterprise_id: uuid.UUID, wanted: str, what: str) -> Answer:
    async with call.parts.database.read(call.org_id) as conn:
        found, told = await _enterprise(call, conn, enterprise_id)
    whole = records_of(serving.iris(call), found, told.profile)
    if not any(record.id == wanted for record in whole):
        raise not_found(what)
    return serving.document(call, whole, first=[wanted])


async def _enterprise(
    call: Call, conn: Connection, enterprise_id: uuid.UUID
) -> tuple[Enterprise, VersionedProfile]:
    """Problem: not_found."""
    authority = serving.alone(enterprise_id, "parties:read")
    found = await parties.get_enterprise(conn, call.org_id, authority, enterprise_id)
    if found is None:
        raise not_found("enterprise")
    told = (await parties.profiles(conn, call.org_id, [enterprise_id])).get(enterprise_id)
    return found, told or VersionedProfile(enterprise_id=enterprise_id, profile=_NOTHING, version=0)


def _profile(profiles: dict[uuid.UUID, VersionedProfile], enterprise_id: uuid.UUID) -> Profile:
    told = profiles.get(enterprise_id)
    return told.profile if told else _NOTHING


def records_of(iris: Iris, enterprise: Enterprise, profile: Profile) -> list[Record]:
    """An enterprise, and what it tells of itself, as records."""
    address = msgspec.convert(enterprise.address, Address)
    found: list[Record] = []
    if address != Address():
        found.append(
            records.Address(
                id=iris.address(enterprise.id),
                street=address.street or None,
                postcode=address.postal_code or None,
                city=address.city or None,
                region=address.region or None,
                country=address.country or None,
            )
        )
    if profile.phone:
        found.append(records.PhoneNumber(id=iris.phone(enterprise.id), number=profile.phone))
    for name, url in sorted(profile.social.items()):
        found.append(records.SocialMedia(id=iris.social(enterprise.id, name), name=name, url=url))
    if profile.contact_first_name or profile.contact_family_name:
        found.append(
            records.Person(
                id=iris.person(enterprise.id),
                first_name=profile.contact_first_name or None,
                family_name=profile.contact_family_name or None,
                affiliated_to=(iris.enterprise(enterprise.id),),
            )
        )
    of_kind = {
        kind: tuple(one.id for one in found if type(one) is kind)
        for kind in (records.Address, records.PhoneNumber, records.SocialMedia, records.Person)
    }
    whole = records.Enterprise(
        id=iris.enterprise(enterprise.id),
        name=enterprise.name,
        description=profile.description or None,
        emails=(profile.email,) if profile.email else (),
        logo=profile.logo or None,
        websites=(profile.website,) if profile.website else (),
        vat_number=profile.vat_number or None,
        addresses=of_kind[records.Address],
        phones=of_kind[records.PhoneNumber],
        social_media=of_kind[records.SocialMedia],
        contact=next(iter(of_kind[records.Person]), None),
    )
    return [whole, *found]


# ------------------------------------------------------------------------------------------------------------ writing


async def change(call: Call) -> Answer:
    """Sets the name, the address and what the enterprise tells of itself; what the document does not mention stays."""
    enterprise_id = serving.place(call)
    graph = await serving.read_document(call, about=records.Enterprise)
    iris = serving.iris(call)
    named = [
        one for one in graph.of(records.Enterprise) if iris.read(one.id) == iris.read(serving.address(call))
    ]
    if len(named) != 1:
        raise serving.invalid([serving.fault("@id", "the enterprise of the address is accepted here")])
    async with call.parts.database.read(call.org_id) as conn:
        found, told = await _enterprise(call, conn, enterprise_id)
    expected = serving.expected(call)
    command = PutEnterprise(
        enterprise_id=enterprise_id,
        name=named[0].name or found.name,
        kinds=msgspec.convert(found.kinds, list[Kind]),
        currency=found.currency,
        timezone=found.timezone,
        cart_minutes=found.cart_minutes,
        minimum_order=found.minimum_order,
        address=_address(graph, named[0], msgspec.convert(found.address, Address)),
        opening_hours=msgspec.convert(found.opening_hours, OpeningHours),
        expected_version=found.version if expected is None else expected,
    )
    profile = _profile_of(graph, named[0], told.profile)
    result = await commands.send(call, command)
    shown = serving.preview(call, result)
    if shown or profile == told.profile:
        return shown or serving.done(call, result)
    second = PutProfile(enterprise_id=enterprise_id, profile=profile, expected_version=None)
    command_id = ids.derived(call.command_id, "profile")
    changed = await commands.send_as(call, command_id, second, fingerprint=b"profile")
    if isinstance(changed.outcome, Rejected):
        raise of_rejection(changed.outcome)
    return serving.done(call, result)


def _address(graph: records.Graph, enterprise: records.Enterprise, old: Address) -> Address:
    """The first address that the document gives the enterprise, part by part; a part that it does not mention stays."""
    by_id = graph.index(records.Address)
    told = next((by_id[id_] for id_ in enterprise.addresses if id_ in by_id), None)
    if told is None:
        return old
    return Address(
        street=_kept(told.street, old.street),
        postal_code=_kept(told.postcode, old.postal_code),
        city=_kept(told.city, old.city),
        region=_kept(told.region, old.region),
        country=_kept(told.country, old.country),
    )


def _profile_of(graph: records.Graph, enterprise: records.Enterprise, old: Profile) -> Profile:
    phones, persons = graph.index(records.PhoneNumber), graph.index(records.Person)
    accounts = graph.index(records.SocialMedia)
    phone = next((phones[id_].number for id_ in enterprise.phones if id_ in phones), None)
    contact = persons.get(enterprise.contact or "")
    social = {
        one.name: one.url
        for id_ in enterprise.social_media
        if (one := accounts.get(id_)) is not None and one.name and one.url
    }
    return msgspec.structs.replace(
        old,
        description=_kept(enterprise.description, old.description),
        email=_kept(next(iter(enterprise.emails), None), old.email),
        website=_kept(next(iter(enterprise.websites), None), old.website),
        logo=_kept(enterprise.logo, old.logo),
        vat_number=_kept(enterprise.vat_number, old.vat_number),
        phone=_kept(phone, old.phone),
        contact_first_name=_kept(contact.first_name if contact else None, old.contact_first_name),
        contact_family_name=_kept(contact.family_name if contact else None, old.contact_family_name),
        social=social or old.social,
    )


def _kept(told: str | None, old: str) -> str:
    return old if told is None else told


_READ: dict[str, Any] = {
    "method": "GET",
    "permission": "dfc_enterprises:read",
    "tag": "enterprises",
    "answer": dict[str, Any],
    "documents": True,
}
_ENTERPRISE: Final = "/api/dfc/Enterprises/{enterprise_id}"
OPERATIONS = (
    Operation(
        id="listDfcEnterprises",
        path="/api/dfc/Enterprises",
        summary="List enterprises",
        endpoint=list_,
        query=pages.PageQuery,
        answer_example=examples.ENTERPRISE,
        problems=("page_invalid",),
        **_READ,
    ),
    Operation(
        id="listOrganizations",
        path="/api/dfc/Organizations",
        summary="List enterprises, by their name in version 2",
        endpoint=list_,
        query=pages.PageQuery,
        answer_example=examples.ENTERPRISE,
        problems=("page_invalid",),
        **_READ,
    ),
    Operation(
        id="getDfcEnterprise",
        path=_ENTERPRISE,
        summary="Show an enterprise",
        endpoint=get,
        answer_example=examples.ENTERPRISE,
        **_READ,
    ),
    Operation(
        id="getOrganization",
        path="/api/dfc/Organizations/{enterprise_id}",
        summary="Show an enterprise, by its name in version 2",
        endpoint=get,
        answer_example=examples.ENTERPRISE,
        **_READ,
    ),
    Operation(
        id="changeDfcEnterprise",
        method="PUT",
        path=_ENTERPRISE,
        summary="Change an enterprise",
        endpoint=change,
        body=dict[str, Any],
        status=204,
        changes=True,
        documents=True,
        tag="enterprises",
        permission="dfc_enterprises:write",
        problems=("document_invalid", "version_conflict", "enterprise_unknown"),
    ),
    Operation(
        id="getAddress",
        path="/api/dfc/Addresses/{id}",
        summary="Show an address",
        endpoint=get_address,
        answer_example=examples.ADDRESS,
        **_READ,
    ),
    Operation(
        id="getPerson",
        path="/api/dfc/Persons/{id}",
        summary="Show the contact of an enterprise",
        endpoint=get_person,
        answer_example=examples.PERSON,
        **_READ,
    ),
    Operation(
        id="getPhoneNumber",
        path="/api/dfc/PhoneNumbers/{id}",
        summary="Show a telephone number",
        endpoint=get_phone,
        answer_example=examples.PHONE,
        **_READ,
    ),
    Operation(
        id="getSocialMedia",
        path=f"{_ENTERPRISE}/SocialMedias/{{name}}",
        summary="Show an account elsewhere",
        endpoint=get_social,
        answer_example=examples.SOCIAL,
        parameters={"name": "What the account is called."},
        **_READ,
    ),
)
