"""Refusals as problem documents (RFC 9457), and the one table that gives each stable code its status.

A code that the table does not name is a state of affairs that forbids the request just now: 409.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from coster.kernel.outcome import Rejected

MEDIA_TYPE: Final = b"application/problem+json"
DEFAULT_STATUS: Final = 409

STATUS: Final[Mapping[str, int]] = {
    # Of the edge itself.
    "body_malformed": 400,
    "document_invalid": 400,
    "page_invalid": 400,
    "event_invalid": 400,
    "insufficient_scope": 403,
    "key_missing": 401,
    "key_not_valid": 401,
    "not_permitted": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "version_conflict": 412,
    "events_archived": 410,
    "as_of_archived": 410,
    "body_too_large": 413,
    "media_type_not_supported": 415,
    "body_invalid": 422,
    "query_invalid": 422,
    "cursor_invalid": 422,
    "header_invalid": 422,
    "row_key_missing": 422,
    "precondition_required": 428,
    "too_many_requests": 429,
    "too_many_streams": 503,
    "internal_fault": 500,
    "busy": 503,
    "supplier_silent": 503,
    "link_unknown": 404,
    "stopping": 503,
    # Of the rooms, where it is not 409.
    "idempotency_key_reused": 422,
    "not_valid": 422,
    "role_needed": 403,
    "order_unknown": 404,
    "order_type_unknown": 404,
    "session_unknown": 404,
    "held_order_unknown": 404,
    "location_unknown": 404,
    "item_unknown": 404,
    "customer_unknown": 404,
    "seller_unknown": 404,
    "enterprise_unknown": 404,
    "line_unknown": 404,
    "position_unknown": 404,
    "key_unknown": 404,
    "platform_unknown": 404,
    "webhook_endpoint_not_found": 404,
    "peer_unknown": 404,
    "supplier_unknown": 404,
    "remote_item_unknown": 404,
    "peer_url_refused": 422,
    "peer_unreachable": 502,
    "peer_refused": 502,
    "peer_not_understood": 502,
    "flow_not_found": 404,
    "flow_version_not_found": 404,
    "flow_draft_not_found": 404,
    "flow_move_not_found": 404,
    "flow_text_invalid": 422,
    "flow_scenarios_invalid": 422,
    "flow_import_refused": 422,
    "offer_unknown": 422,
    "seller_differs": 422,
    "status_not_taken": 422,
    "unit_differs": 422,
    "unit_unknown": 422,
    "quantity_not_positive": 422,
    "quantity_sign": 422,
    "quantity_not_exact": 422,
    "quantity_below_minimum": 422,
    "quantity_above_maximum": 422,
    "quantity_above_line": 422,
    "count_in_future": 422,
    "session_times_wrong": 422,
    "session_time_past": 422,
    "not_a_hub": 422,
    "not_a_producer": 422,
    "not_same_enterprise": 422,
}

SENTENCES: Final[Mapping[str, str]] = {
    "body_malformed": "The body is not JSON (or not of the kind that its Content-Type says).",
    "document_invalid": "The document cannot be taken; every fault is listed with its node and property.",
    "page_invalid": "No such part of the list can be had.",
    "offer_unknown": "A line names nothing that is offered here.",
    "seller_differs": "The order was sent to the address of another producer than it names.",
    "session_differs": "An order stays in the session that it was made in.",
    "status_not_taken": "An order is not made or kept in this status here.",
    "unit_differs": "A quantity cannot be said in the unit in which the goods are counted.",
    "price_differs": "A price is not ours by now, and the request wants no other.",
    "event_invalid": "What happened to what is not said, or not understood.",
    "insufficient_scope": "The caller is known and lacks the scope here.",
    "key_missing": "No API key came with the request.",
    "key_not_valid": "The API key is unknown, expired or revoked.",
    "not_permitted": "The API key may not do this.",
    "not_found": "There is nothing under this address, or nothing that this API key may see.",
    "method_not_allowed": "This address does not take this method.",
    "version_conflict": "The object has changed since the version that If-Match names.",
    "events_archived": "The events that were asked for are kept no longer; `archived` is the number of the last of them.",
    "as_of_archived": "What was known at that instant is in the archive; `since` is from when on it can be asked for.",
    "body_too_large": "The body is larger than this server takes.",
    "media_type_not_supported": "The body's Content-Type or Content-Encoding is none that this address takes.",
    "body_invalid": "The body does not fit its schema; every fault is listed.",
    "query_invalid": "The query does not fit; every fault is listed.",
    "cursor_invalid": "The cursor is none that this list gave out.",
    "header_invalid": "A header does not fit.",
    "row_key_missing": "The row could not be sent again safely, because nothing identifies it.",
    "precondition_required": "A change needs an If-Match header with the version that it is based on.",
    "too_many_requests": "This API key, or who sends wrong keys from this address, asks too often; come again after "
    "Retry-After seconds.",
    "too_many_streams": "Too many event streams are open; read the feed by cursor instead, or come back later.",
    "internal_fault": "Something is broken on this side; nothing was done. The request id finds it in the log.",
    "busy": "Too much is waiting just now; come again after Retry-After seconds.",
    "stopping": "This server is going down; come again after Retry-After seconds.",
    "supplier_refused": "A producer on another platform does not have what is wanted; nothing is held, and `lines` say what is left.",
    "supplier_silent": "A producer on another platform has not confirmed in time; nothing is held. Come again later.",
    "webhooks_not_configured": "This server has no key to sign webhooks with.",
    "peers_not_configured": "This server has no key to keep the secrets of connections with.",
    "peer_unreachable": "The other platform did not answer, or not as it should.",
    "peer_refused": "The other platform does not let us read this.",
    "peer_not_understood": "The other platform's answer is none of the standard.",
    "already_exists": "There is an object of this id already.",
    "clock_backwards": "A clock moves forward only.",
    "idempotency_key_reused": "The Idempotency-Key was used for a different request.",
}


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong with a body or a query: where (JSON pointer, RFC 6901), what was found, what
    is accepted."""

    pointer: str
    message: str
    found: Any = None
    accepted: Any = None


class Problem(Exception):
    """Raised anywhere in an edge to answer with a problem document instead."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        members: Mapping[str, Any] | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.members = members or {}
        self.headers = headers
        self.status = STATUS.get(code, DEFAULT_STATUS)

    def document(self, request_id: str) -> dict[str, Any]:
        """The members of the document; what is standard wins over what a room adds under the same name."""
        return {
            **self.members,
            "type": f"urn:coster:problem:{self.code}",
            "title": title(self.code),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        }


def title(code: str) -> str:
    """A code in words."""
    return code.replace("_", " ").capitalize()


def of_rejection(rejected: Rejected) -> Problem:
    """What a room refused, as a problem."""
    return Problem(rejected.code, rejected.message, members=detail_of(rejected))


def detail_of(rejected: Rejected) -> dict[str, Any]:
    """What a rejection tells beyond its sentence; faults name their place as those of a body do."""
    detail = dict(rejected.detail)
    if "faults" in detail:
        detail["faults"] = [
            Fault(pointer=_pointer(fault["field"]), message=f"{fault['message']}.")
            for fault in detail["faults"]
        ]
    return detail


def _pointer(field: str) -> str:
    """The JSON pointer for a field as rooms name it, `lines[0].quantity`."""
    return "/" + field.replace("[", "/").replace("]", "").replace(".", "/") if field else ""


def of_faults(code: str, what: str, faults: Sequence[Fault]) -> Problem:
    """All faults of a body or query as one problem."""
    count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
    first = faults[0]
    place = f"at '{first.pointer}'" if first.pointer else f"of the {what} as a whole"
    return Problem(
        code,
        f"The {what} has {count}; {'it is' if len(faults) == 1 else 'the first is'} {place}: {first.message}",
        members={"faults": faults},
    )


def not_found(what: str = "object") -> Problem:
    """Nothing there, or nothing that the caller may see: the two are not told apart."""
    return Problem("not_found", f"There is no such {what}, or this API key may not see it.")
