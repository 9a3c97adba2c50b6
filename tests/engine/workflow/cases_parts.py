"""For each fault code of the other parts of a flow, and of what it owns, a refusal and a near miss; and all cases."""

from __future__ import annotations

from tests.engine.workflow.cases import (
    CHILDREN,
    EXPRESS,
    HEAD,
    HOUR,
    LAST,
    MEMO,
    PAID_ENDS,
    PURSE,
    REFUND,
    REMIND,
    ROWS,
    TAKE,
    Case,
    of_purse,
    one,
    rollup,
)
from tests.engine.workflow.cases_proofs import PROOFS
from tests.engine.workflow.cases_seconds import SECONDS

PARTS = (
    one("next_unhandled", TAKE, f"{TAKE}\n    next: ship", f"{TAKE}\n    next: pack"),
    Case(
        "next_unhandled",
        ((TAKE, f"{TAKE}\n    next: thank"),),
        ((TAKE, f"{TAKE}\n    next: thank"), (LAST, LAST + "  - {on: thank, from: open}\n")),
    ),
    Case(
        "restart_unknown",
        (REMIND, (LAST, LAST + "  - {on: extend, from: open, restart: remind}\n")),
        (REMIND, (LAST, LAST + "  - {on: extend, from: parked, restart: remind}\n")),
    ),
    Case(
        "restart_unknown",
        (REMIND, (LAST, LAST + "  - {on: extend, from: parked, restart: revive}\n")),
        (REMIND, (LAST, LAST + "  - {on: extend, from: parked, restart: [remind]}\n")),
    ),
    one(
        "error_unhandled",
        EXPRESS,
        EXPRESS + "    error: {then: revive}\n",
        EXPRESS + "    error: {then: note}\n",
    ),
    one("error_unhandled", HEAD, HEAD + "error: {then: nowhere}\n", HEAD + "error: {then: note}\n"),
    one("event_twice", HEAD, HEAD + "events: {pack: {}}\n", HEAD + "events: {packing: {}}\n"),
    one(
        "event_twice", HEAD, HEAD + "events: {note: {by: string}}\n", HEAD + "events: {noted: {by: string}}\n"
    ),
    one(
        "calendar_wrong",
        HEAD,
        HEAD + "calendars: {office: {zone: Europe/Amsterdm}}\n",
        HEAD + "calendars: {office: {zone: Europe/Amsterdam}}\n",
    ),
    one(
        "calendar_wrong",
        HEAD,
        HEAD + "calendars: {office: {zone: UTC, hours: {mon-fri: 09:00-17:00, fri: 09:00-12:00}}}\n",
        HEAD + "calendars: {office: {zone: UTC, hours: {mon-thu: 09:00-17:00, fri: 22:00-02:00}}}\n",
    ),
    one("calendar_unknown", HOUR, f"{HOUR}, in: office", f"{HOUR}, in: opening_hours"),
    one(
        "calendar_unknown",
        "initial: true",
        "initial: true, sla: {duration: PT1H, in: opening}",
        "initial: true, sla: {duration: PT1H, in: opening_hours}",
    ),
    one(
        "timer_weeks",
        HOUR,
        "duration: P1W, in: opening_hours, times: 3",
        "duration: P5D, in: opening_hours, times: 3",
    ),
    one("timer_weeks", HOUR, "duration: P1WT1H, in: opening_hours, times: 3", "duration: P1W, times: 3"),
    Case(
        "webhook_unknown",
        ((TAKE, "do: [take, {send: {webhook: hello}}]"),),
        (
            (TAKE, "do: [take, {send: {webhook: hello}}]"),
            (HEAD, HEAD + "webhooks: {hello: {event: parcel.hello}}\n"),
        ),
    ),
    Case(
        "webhook_unknown",
        ((TAKE, "do: [take, {send: {webhook: helo}}]"), (HEAD, HEAD + "webhooks: {hello: {event: a}}\n")),
        ((TAKE, "do: [take, {send: {webhook: hello}}]"), (HEAD, HEAD + "webhooks: {hello: {event: a}}\n")),
    ),
    one(
        "template_wrong",
        HEAD,
        HEAD + 'webhooks: {hello: {event: parcel.hello, body: {count: "{itms}"}}}\n',
        HEAD + 'webhooks: {hello: {event: parcel.hello, body: {count: "{items}"}}}\n',
    ),
    one(
        "template_wrong",
        HEAD,
        HEAD + 'webhooks: {hello: {event: parcel.hello, body: {list: ["{items"]}}}\n',
        HEAD + 'webhooks: {hello: {event: parcel.hello, body: {list: ["{{items}}"]}}}\n',
    ),
    Case(
        "children_unknown",
        (rollup("{all: boxes, in: shipped}"),),
        (CHILDREN, rollup("{all: boxes, in: shipped}")),
    ),
    Case(
        "children_unknown",
        (CHILDREN, (TAKE, "do: [take, {tell_children: {children: box, event: close}}]")),
        (CHILDREN, (TAKE, "do: [take, {tell_children: {children: boxes, event: close}}]")),
    ),
    Case(
        "template_wrong",
        ((TAKE, 'do: [take, {set: {attributes: {note: "{itms}"}}}]'),),
        ((TAKE, 'do: [take, {set: {attributes: {note: "{items}"}}}]'),),
    ),
    one(
        "event_reserved",
        HEAD,
        HEAD + "webhooks: {hello: {event: parcel.packed}}\n",
        HEAD + "webhooks: {hello: {event: parcel.packed_at_last}}\n",
    ),
    one(
        "event_reserved",
        HEAD,
        HEAD + "webhooks: {hello: {event: session.ended}}\n",
        HEAD + "webhooks: {hello: {event: parcel.session_ended}}\n",
    ),
    one(
        "attribute_reserved",
        TAKE,
        "do: [take, {set: {attributes: {seal: broken}}}]",
        "do: [take, {set: {attributes: {seals: broken}}}]",
    ),
    one(
        "attribute_reserved",
        TAKE,
        "do: [take, {set: {attributes: {note: 'seal', seal: null}}}]",
        "do: [take, {set: {attributes: {note: {seal: null}}}}]",
    ),
    one(
        "child_flow_unknown",
        HEAD,
        HEAD + "children: {boxes: {flow: box.special}}\n",
        HEAD + "children: {boxes: {flow: box.standard}}\n",
    ),
    one(
        "child_flow_unknown",
        HEAD,
        HEAD + "children: {boxes: {flow: {big: box.standard, other: box.other}}}\n",
        HEAD + "children: {boxes: {flow: {big: box.standard, other: box.standard}}}\n",
    ),
    Case(
        "child_status_unknown",
        (CHILDREN, rollup("{none: boxes, in: [packing, lost]}")),
        (CHILDREN, rollup("{none: boxes, in: [packing, shipped]}")),
    ),
    Case(
        "child_status_unknown",
        (CHILDREN, rollup("[{any: boxes, in: packing}, {all: boxes, in: [packing, Shipped]}]")),
        (CHILDREN, rollup("[{any: boxes, in: packing}, {all: boxes, in: [packing, shipped]}]")),
    ),
    one(
        "placeholder",
        TAKE,
        "do: [take, {placeholder: {name: ACCT.x.Rule}}]",
        "do: [take, {notify: {event: ACCT.x.Rule}}]",
    ),
    one(
        "placeholder",
        LAST,
        "  - {on: note, do: [{placeholder: {name: a, properties: {b: [1]}}}]}\n",
        "  - {on: note, do: []}\n",
    ),
    of_purse(
        "authorisation_undeclared",
        "initial: true, authorisation: none",
        "initial: true",
        "authorisation: none, initial: true",
    ),
    of_purse(
        "authorisation_undeclared",
        "rests: true, authorisation: captured",
        "rests: true",
        "authorisation: captured, rests: true",
    ),
    of_purse("authorisation_differ", "do: [void, drop_lines]", "do: [drop_lines]", "do: [drop_lines, void]"),
    of_purse("authorisation_differ", "do: [give_back]", "do: []", "do: [give_back, void]"),
    of_purse("authorisation_impossible", "do: [give_back]", "do: [void]", "do: [give_back, void, void]"),
    of_purse(
        "authorisation_impossible",
        "do: [capture, drop_lines]",
        "do: [void, capture, drop_lines]",
        "do: [authorise, capture, drop_lines]",
    ),
    Case(
        "clock_not_kept",
        (("{category: booking,", "{category: booking, sla: PT1H,"),),
        (("{category: booking,", "{category: booking, label: 'sla: PT1H',"),),
        MEMO,
    ),
    Case(
        "clock_not_kept",
        (("to: closed}\n", "to: closed}\n  - {on: nag, after: {duration: PT1H, times: 2}, from: open}\n"),),
        (("to: closed}\n", "to: closed}\n  - {on: nag, after: {duration: PT1H, times: 1}, from: open}\n"),),
        MEMO,
    ),
    Case(
        "clock_not_kept",
        (
            ("version: 1\n", "version: 1\nevents: {more: {}}\n"),
            (
                "to: closed}\n",
                "to: closed}\n  - {on: nag, after: PT1H, from: open, to: closed}\n  - {on: more, from: open, restart: nag}\n",
            ),
        ),
        (
            ("version: 1\n", "version: 1\nevents: {more: {}}\n"),
            (
                "to: closed}\n",
                "to: closed}\n  - {on: nag, after: PT1H, from: open, to: closed}\n  - {on: more, from: open}\n",
            ),
        ),
        MEMO,
    ),
    Case(
        "authorisation_unexpected",
        (("{category: booking,", "{category: booking, authorisation: none,"),),
        (("{category: booking,", "{category: booking, dfc: {payment: Unpaid},"),),
        MEMO,
    ),
    Case(
        "authorisation_unexpected",
        (("{category: done,", "{category: done, authorisation: captured,"),),
        (("{category: done,", "{category: done, dfc: {payment: Paid},"),),
        MEMO,
    ),
    Case(
        "final_authorisation",
        (
            (
                "ended: {category: done, final: true, authorisation: none",
                "ended: {category: done, final: true, authorisation: open",
            ),
            ("void, ", ""),
            ("give_back", "give_back, authorise"),
        ),
        (("void, ", "authorise, void, "), ("give_back", "give_back, authorise, void")),
        PURSE,
    ),
    Case(
        "final_authorisation",
        (PAID_ENDS, ("captured, held_lines: none}", "open, held_lines: none}"), ("capture, ", ""), REFUND),
        (PAID_ENDS, REFUND),
        PURSE,
    ),
    of_purse(
        "held_lines_undeclared",
        "authorisation: open, held_lines: held",
        "authorisation: open",
        "held_lines: held, authorisation: open",
    ),
    of_purse(
        "held_lines_undeclared", "captured, held_lines: none", "captured", "captured, held_lines: 'none'"
    ),
    of_purse("held_lines_differ", "do: [void, drop_lines]", "do: [void]", "do: [drop_lines, void]"),
    of_purse(
        "held_lines_differ", "do: [authorise, add_lines]", "do: [authorise]", "do: [add_lines, authorise]"
    ),
    Case(
        "held_lines_unexpected",
        (("{category: booking,", "{category: booking, held_lines: none,"),),
        (("{category: booking,", "{category: booking, dfc: {order: Held},"),),
        MEMO,
    ),
    Case(
        "held_lines_unexpected",
        (("{category: done,", "{category: done, held_lines: held,"),),
        (("{category: done,", "{category: done, label: 'held_lines: held',"),),
        MEMO,
    ),
    Case(
        "final_held_lines",
        (
            ("void, drop_lines", "void"),
            ("[give_back]", "[give_back, add_lines]"),
            (
                "final: true, authorisation: none, held_lines: none",
                "final: true, authorisation: none, held_lines: held",
            ),
        ),
        (("void, drop_lines", "void, add_lines, drop_lines"),),
        PURSE,
    ),
    Case(
        "final_held_lines",
        (
            PAID_ENDS,
            REFUND,
            ("captured, held_lines: none}", "captured, held_lines: held}"),
            ("capture, drop_lines", "capture"),
        ),
        (PAID_ENDS, REFUND, ("capture, drop_lines", "drop_lines, capture")),
        PURSE,
    ),
)

CASES = (*ROWS, *PARTS, *SECONDS, *PROOFS)
