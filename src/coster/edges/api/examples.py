"""Bodies as they are sent in practice, by operation and by what each shows. The OpenAPI document carries them all.

Tests send each of them to a real server, with ids of what is there.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

_ID: Final = "0192f0c1-2f3a-7bcd-8e9f-0123456789ab"
_OTHER: Final = "0192f0c1-2f3a-7bcd-8e9f-0123456789ac"
_LINE: Final = {"item_id": _ID, "quantity": "2.5", "unit": "kg"}
_ORDER: Final = {"seller_id": _ID, "channel": "web", "session_id": _ID, "customer_id": _ID, "lines": [_LINE]}
_WEEK: Final = {
    "name": "Week 48",
    "opens_at": "2026-11-23T09:00:00Z",
    "closes_at": "2026-11-25T18:00:00Z",
    "amend_until": "2026-11-26T09:00:00Z",
    "hub_ids": [_ID],
    "listings": [{"item_id": _ID, "price": "2.20"}],
}
_WEEKLY: Final = {**_WEEK, "recurrence": {"rrule": "FREQ=WEEKLY", "timezone": "Europe/Paris"}}
_POTATO: Final = {
    "id": _ID,
    "owner_id": _ID,
    "sku": "SPUD-1KG",
    "name": "Potato",
    "product": "Potatoes",
    "stock_unit": "kg",
    "weight_grams": "1000",
    "price": "2.40",
    "sales_units": [{"code": "crate", "num": 10, "price": "22.00"}],
}
_KIT: Final = {
    "owner_id": _ID,
    "sku": "SOUP-BOX",
    "name": "Soup box",
    "price": "9.50",
    "components": [{"item_id": _ID, "quantity": "1.5"}],
}
_ADDRESS: Final = {"street": "1 Market Square", "postal_code": "35000", "city": "Rennes", "country": "FR"}
_HUB: Final = {
    "id": _ID,
    "name": "Hub A",
    "kinds": ["hub"],
    "currency": "EUR",
    "timezone": "Europe/Paris",
    "minimum_order": "10.00",
    "address": _ADDRESS,
}
_CENTRE: Final = {
    "id": _ID,
    "enterprise_id": _ID,
    "name": "Kitchen",
    "levels": [
        {"from_total": "100.00", "approvers": [_ID]},
        {"from_total": "2500.00", "approvers": [_OTHER]},
    ],
    "sellers": [_OTHER],
}
_SHOPPER: Final = {
    "id": _ID,
    "seller_id": _ID,
    "category": "member",
    "name": "Ali Example",
    "email": "ali@example.org",
    "phone": "+33 2 00 00 00 00",
    "address": _ADDRESS,
}
_TERMS: Final = {"hub_id": _ID, "producer_id": _OTHER, "grant_policy": "partial", "shortage": "pro_rata"}
_RECEIPT: Final = {
    "kind": "adjust",
    "item_id": _ID,
    "location_id": _ID,
    "quantity": "12.5",
    "reason": "Second harvest.",
}
_COUNT: Final = {
    "kind": "count",
    "item_id": _ID,
    "location_id": _ID,
    "quantity": "100",
    "as_of": "2026-11-23T09:00:00Z",
}
_TRANSFER: Final = {
    "kind": "transfer",
    "item_id": _ID,
    "from_location_id": _ID,
    "to_location_id": _OTHER,
    "quantity": "5",
}
_HOOK: Final = {"url": "https://shop.example/hooks", "names": ["order.*"]}

_FLOW: Final = """\
name: order.retail
title: Orders are released by hand
entity: order
version: 4711
children:
  checkout: {flow: checkout}
statuses:
  created: {category: booking, holds: live, initial: true}
  booked: {category: booking, holds: live, rests: true}
  cancelled: {category: done, holds: none, final: true}
transitions:
  - {rollup: {all: checkout, in: [completed]}, from: [created], do: [keep_holds], to: booked}
  - {rollup: {any: checkout, in: [failed, expired, abandoned]}, from: [created], do: [release_holds], to: cancelled}
  - {on: cancel, from: [booked], do: [release_holds], to: cancelled}
"""
_SCENARIOS: Final = """\
flow: order.retail
scenarios:
  - name: A booked order is cancelled
    steps: [{children: {checkout: [completed]}}, {event: cancel, attributes: {reason: changed their mind}}]
    expect: {holds: none}
"""
_WORKFLOW: Final = """\
{"name": "ORDER::HD", "version": "1", "entityType": "ORDER", "entitySubtype": "HD", "rulesets": [{"name": "CREATE",
 "type": "ORDER", "subtype": "HD", "eventType": "NORMAL", "triggers": [{"status": "CREATED"}],
 "rules": [{"name": "ACME.core.SetState", "props": {"status": "BOOKED"}}], "userActions": []}],
 "statuses": [{"name": "CREATED", "entityType": "ORDER", "category": "BOOKING"},
  {"name": "BOOKED", "entityType": "ORDER", "category": "BOOKING"}]}
"""
_MOVE: Final = {
    "name": "order.retail",
    "sources": [2],
    "to_version": 1,
    "reason": "The second version was a mistake.",
}

_FARM: Final = "https://farm.example/api/dfc/Enterprises/1"
_PEER: Final = {
    "id": _ID,
    "hub_id": _ID,
    "name": "Jean's platform",
    "url": "https://farm.example/api/dfc",
    "auth": "token",
    "secret": "coster_1_token",
}
EXAMPLES: Final = MappingProxyType[str, dict[str, Any]](
    {
        "placeOrder": {
            "checkout": {**_ORDER, "reference": "4711"},
            "booked": {**_ORDER, "reference": "4712", "completed": True, "allow_partial": True},
            "discounts": {
                **_ORDER,
                "reference": "4713",
                "lines": [{**_LINE, "price": "2.10", "discount": {"percent": "10", "label": "Second day"}}],
                "discount": {"amount": "1.00", "over": "5.00", "label": "Welcome"},
            },
            "on_a_cost_centre": {**_ORDER, "reference": "4717", "type": "b2b", "cost_centre_id": _ID},
            "later": {
                **_ORDER,
                "reference": "4715",
                "type": "b2b",
                "ship_on": "2026-12-24",
                "lines": [_LINE, {**_LINE, "ship_on": "2027-01-07"}],
            },
        },
        "placeOrders": {
            "order": {**_ORDER, "reference": "4714", "completed": True},
            "on_a_cost_centre": {**_ORDER, "reference": "4716", "type": "b2b", "cost_centre_id": _ID},
        },
        "changeOrder": {
            "quantity": {"lines": [{"line": 1, "quantity": "1"}]},
            "another_line": {"add": [_LINE], "discount": {"percent": "5"}},
        },
        "releaseOrder": {
            "what_is_held": {},
            "lines": {"lines": [{"line": 1}, {"line": 2, "quantity": "2.5"}]},
            "of_a_place": {"location_id": _ID, "due": True},
        },
        "driveOrder": {
            "complete_checkout": {"name": "complete_checkout", "attributes": {"payment": "captured"}},
            "fail_checkout": {"name": "fail_checkout", "attributes": {"reason": "The card was refused."}},
            "cancel": {"name": "cancel", "attributes": {"reason": "Changed their mind."}},
            "change": {
                "name": "change",
                "attributes": {"lines": [{"line": 1, "quantity": "0"}], "add": [_LINE]},
            },
            "comment": {"name": "comment", "attributes": {"text": "Rings twice."}},
        },
        "createSession": {
            "once": {**_WEEK, "id": _ID, "coordinator_id": _ID},
            "every_week": {**_WEEKLY, "id": _OTHER, "coordinator_id": _ID},
        },
        "changeSession": {
            "times": {"closes_at": "2026-11-25T20:00:00Z", "amend_until": "2026-11-26T12:00:00Z"},
            "all": _WEEKLY,
        },
        "moveSession": {
            "open": {"name": "open"},
            "close": {"name": "close"},
            "reopen": {
                "name": "reopen",
                "attributes": {"closes_at": "2026-11-25T18:00:00Z", "reason": "The web shop was down."},
            },
            "end": {"name": "end"},
        },
        "driveHeldOrder": {
            "fulfil": {"name": "fulfil"},
            "cancel": {"name": "cancel", "attributes": {"reason": "Hail on Tuesday."}},
        },
        "lowerStock": {
            "shared": {
                "item_id": _ID,
                "location_id": _ID,
                "quantity": "40",
                "reason": "Hail on Tuesday.",
                "policy": "pro_rata",
            }
        },
        "moveStock": {"receipt": _RECEIPT, "count": _COUNT, "transfer": _TRANSFER},
        "moveStocks": {
            "receipt": {**_RECEIPT, "key": "delivery 17"},
            "count": {**_COUNT, "key": "count 48"},
            "transfer": {**_TRANSFER, "key": "van 3"},
        },
        "createLocation": {"barn": {"id": _ID, "enterprise_id": _ID, "name": "Barn"}},
        "changeLocation": {"closed": {"name": "Old barn", "active": False}},
        "createItem": {"potato": _POTATO, "kit": _KIT},
        "putItems": {"potato": {**_POTATO, "sku": "SPUD-2KG"}, "kit": {**_KIT, "id": _OTHER}},
        "changeItem": {
            "price": {"price": "2.60", "sales_units": [{"code": "crate", "num": 10}]},
            "kit": {"components": [{"item_id": _ID, "quantity": "0.5"}], "buyable": True},
        },
        "createEnterprise": {"hub": _HUB},
        "changeEnterprise": {"minimum": {"minimum_order": "15.00", "cart_minutes": 20}},
        "createRelation": {"terms": _TERMS},
        "changeRelation": {"discount": {"discount_over": "100.00", "discount_percent": "5"}},
        "createCustomer": {"shopper": _SHOPPER},
        "decideApprovals": {
            "agreed": {"order_id": _ID, "version": 2, "decision": "approve"},
            "too_dear": {"order_id": _ID, "version": 2, "decision": "deny", "reason": "Too dear."},
        },
        "createCostCentre": {"two levels": _CENTRE},
        "changeCostCentre": {
            "closed": {"active": False},
            "other_approvers": {"levels": [{"from_total": "50.00", "approvers": [_ID]}], "sellers": [_ID]},
        },
        "changeCustomer": {"person": {"name": "Ali Example", "email": "ali@example.org", "priority": 1}},
        "putParties": {
            "enterprise": {**_HUB, "type": "enterprise", "key": "hub-a"},
            "relation": {**_TERMS, "type": "relation"},
            "customer": {**_SHOPPER, "type": "customer", "key": "ali"},
        },
        "createKey": {
            "shop": {"name": "Web shop", "grants": [{"role": "shop", "enterprise_id": _ID}]},
            "reader": {
                "name": "Reports",
                "grants": [{"role": "reader"}],
                "expires_at": "2027-11-23T09:00:00Z",
            },
        },
        "putKeyContact": {"lead": {"email": "lead@example.org", "language": "de"}},
        "draftFlow": {
            "by_hand": {"text": _FLOW, "reason": "We look at each order.", "expected_revision": None}
        },
        "checkFlow": {"by_hand": {"text": _FLOW}},
        "publishFlow": {"renamed": {"reason": "Tried for a week.", "mapping": {"booked": "confirmed"}}},
        "pinFlow": {
            "for_all": {"version": 1, "reason": "Tried for a week."},
            "a_tenth": {"version": 1, "canary": 2, "share": 100, "reason": "To be looked at for a day."},
            "shipped": {"version": None, "reason": "Ours was no better."},
        },
        "beginFlow": {"phone": {"name": "order.phone", "entity": "order"}},
        "rollBackFlow": {"back": {"reason": "Too many to look at."}},
        "migrateFlow": {"back": _MOVE},
        "previewMigration": {"back": {**_MOVE, "limit": 10}},
        "simulateFlow": {"booked": {"steps": ["{children: {checkout: [completed]}}", "P1D", "cancel"]}},
        "testFlow": {"cancelled": {"scenarios": _SCENARIOS}},
        "importFlows": {"home_delivery": {"text": _WORKFLOW}},
        "createPeer": {
            "with_a_token": _PEER,
            "as_a_client": {
                **_PEER,
                "auth": "client",
                "issuer": "https://login.example/realms/food",
                "client_id": "hub-a",
                "secret": "the client's secret",
            },
        },
        "changePeer": {"another_token": {"secret": "coster_1_other"}},
        "createSupplier": {
            "of_a_platform": {"peer_id": _ID, "enterprise_iri": _FARM, "policy": "strict"},
            "who_supplied_before": {"peer_id": _ID, "enterprise_iri": _FARM, "producer_id": _OTHER},
        },
        "changeSupplier": {"seldom": {"refresh_minutes": 720, "remainder": "round_up"}},
        "driveLink": {
            "again": {"name": "retry"},
            "accept_less": {"name": "settle", "how": "accept", "reason": "Agreed by telephone."},
        },
        "driveSupplier": {"suspend": {"name": "suspend"}},
        "judgeMatch": {
            "it_is": {"name": "accept"},
            "it_is_another": {"name": "accept", "item_id": _ID},
            "it_is_not": {"name": "reject"},
        },
        "createWebhook": {"of_an_enterprise": {**_HOOK, "enterprise_id": _ID}, "of_all": _HOOK},
        "changeWebhook": {"new_secret": {"names": ["order.*", "session.closed"], "rotate": True}},
    }
)
"""Of every operation whose body its types alone would not show well."""

MEDIA: Final = MappingProxyType[str, str](
    {
        "text/csv": "sku,name,quantity,unit\nSPUD-1KG,Potato,27.5,kg\n",
        "text/event-stream": "retry: 2000\n\nid: 17\nevent: order.placed\ndata: {}\n\n: alive\n\n",
        "application/yaml": "name: order.retail\nentity: order\nversion: 1\n",
        "image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg"/>',
        "text/plain": "# TYPE coster_http_seconds histogram\n",
        "text/html": "<!doctype html><title>Coster</title>",
        "text/css": "body { margin: 0 }",
        "text/javascript": '"use strict";',
    }
)
"""Answers that are no JSON, by their media type."""

FILES: Final = MappingProxyType[str, str](
    {
        "placeOrders": (
            "seller_id,channel,reference,session_id,customer_id,completed,item_id,quantity,unit\n"
            f"{_ID},web,4715,{_ID},{_ID},true,{_ID},2.5,kg\n"
        ),
        "decideApprovals": f"order_id,version,decision,reason\n{_ID},2,approve,\n{_OTHER},3,deny,Too dear.\n",
        "moveStocks": (
            "kind,item_id,location_id,from_location_id,to_location_id,quantity,key\n"
            f"adjust,{_ID},{_ID},,,12.5,delivery 18\ntransfer,{_ID},,{_ID},{_OTHER},5,van 4\n"
        ),
        "putItems": f"id,owner_id,sku,name,stock_unit,price\n{_ID},{_ID},SPUD-5KG,Potato,kg,2.40\n",
        "putParties": (
            "type,key,name,kinds,currency,hub_id,producer_id,seller_id,email\n"
            'enterprise,hub-b,Hub B,"[""hub""]",EUR,,,,\n'
            f"relation,,,,,{_ID},{_OTHER},,\ncustomer,paul,Paul,,,,,{_ID},paul@example.org\n"
        ),
    }
)
"""The same as a CSV file, of operations that take files."""
