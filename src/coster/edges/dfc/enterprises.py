"""Enterprises and what belongs to them: address, contact, telephone, accounts elsewhere. Never a shopper.

The contact of an enterprise is a person whom it names itself. Nothing here looks at customers, and no operation takes the id of one.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from coster.domain.catalog import reads as catalog
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
        found, told = await known(call, conn, enterprise_id)
        if call.authority.allows("dfc_products:read", enterprise_id):
            everything = pages.Page(list_name="", limit=pages.WHOLE)
            wanted = ItemsWanted(buyable=True)
            items = await catalogue.listed(call, conn, enterprise_id, page=everything, wanted=wanted)
        stock = await goods.available(conn, call.org_id, enterprise_id, items) if items else {}
        described = await catalog.details(conn, call.org_id, items) if items else {}
    iris = serving.iris(call)
    shelf = Shelf(iris=iris, enterprise_id=enterprise_id, currency=found.currency, details=described)
    whole: list[Record] = [*records_of(iris, found, told.profile)]
    for item in items:
        whole += [goods.product(shelf, item), goods.catalog_item(shelf, item, stock[item.id])]
    headers = [(b"etag", b'"%d"' % found.version)]
    first = [iris.enterprise(enterprise_id)]
    made = functools.partial(serving.document, call, whole, first=first, headers=headers)
    return await serving.apart(made, len(items))


async def known(
    call: Call, conn: Connection, enterprise_id: uuid.UUID
) -> tuple[Enterprise, VersionedProfile]:
    """An enterprise, and what it tells the public of itself. Problem: not_found."""
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
        found, told = await known(call, conn, enterprise_id)
    command = msgspec.structs.replace(
        unchanged(call, found),
        name=named[0].name or found.name,
        address=first_address(graph, named[0], msgspec.convert(found.address, Address)),
    )
    profile = profile_of(graph, named[0], told.profile)
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


def unchanged(call: Call, found: Enterprise) -> PutEnterprise:
    """The command that would leave an enterprise as it is, bound to the version that If-Match names, else to the one that was read."""
    expected = serving.expected(call)
    return PutEnterprise(
        enterprise_id=found.id,
        name=found.name,
        kinds=msgspec.convert(found.kinds, list[Kind]),
        currency=found.currency,
        timezone=found.timezone,
        cart_minutes=found.cart_minutes,
        hold_days_ahead=found.hold_days_ahead,
        minimum_order=found.minimum_order,
        address=msgspec.convert(found.address, Address),
        opening_hours=msgspec.convert(found.opening_hours, OpeningHours),
        expected_version=found.version if expected is None else expected,
    )


def first_address(graph: records.Graph, enterprise: records.Enterprise, old: Address) -> Address:
    """The first address that the document gives the enterprise, part by part; a part that it does not mention stays."""
    by_id = graph.index(records.Address)
    told = next((by_id[id_] for id_ in enterprise.addresses if id_ in by_id), None)
    return old if told is None else address_of(told, old)


def address_of(told: records.Address, old: Address) -> Address:
    """An address after what is told of it."""
    return Address(
        street=_kept(told.street, old.street),
        postal_code=_kept(told.postcode, old.postal_code),
        city=_kept(told.city, old.city),
        region=_kept(told.region, old.region),
        country=_kept(told.country, old.country),
    )


def profile_of(graph: records.Graph, enterprise: records.Enterprise, old: Profile) -> Profile:
    """What an enterprise tells of itself after a document; what the document does not mention stays."""
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
)
