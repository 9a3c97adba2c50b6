"""A second flow to be refused for each fault code of names and rows that has only one elsewhere, with its near miss."""

from __future__ import annotations

from tests.engine.workflow.cases import EXPRESS, GONE, LAST, MEMO, PURSE, TAKE, Case, one

PARKED = "parked: {category: booking, holds: none, rests: true}"
SHIPPING = "    button: {label: Ship, role: picker}\n"
GIVE_UP = "  - on: give_up\n    from: [open]\n"
BEGIN = "open: {category: booking, initial: true,"


def last(code: str, bad: str, near: str) -> Case:
    """A case of rows beside the last one, each in braces on a line of its own."""
    rows = ["".join(f"  - {{{row}}}\n" for row in text.split(" + ")) for text in (bad, near)]
    return Case(code, ((LAST, rows[0] + LAST),), ((LAST, rows[1] + LAST),))


SECONDS = (
    one("entity_differs", "entity: parcel", "entity: parcels", 'entity: "parcel"'),
    Case(
        "initial_count",
        ((", initial: true", ""),),
        ((", initial: true", ", initial: true, rests: true"),),
        MEMO,
    ),
    one("action_unknown", "do: [commit]", "do: [comit]", "do: [commit, commit]"),
    one("parameter_unknown", TAKE, "do: [{take: {all: true}}]", "do: [{take: {}}]"),
    one(
        "parameter_missing",
        TAKE,
        "do: [take, {tell_parent: {}}]",
        "do: [take, {tell_parent: {event: parcel_note}}]",
    ),
    one(
        "role_unknown",
        SHIPPING,
        SHIPPING.replace("picker", "[picker, driver]"),
        SHIPPING.replace("picker", "[hub]"),
    ),
    one("form_field_unknown", "form: {boxes:", "form: {text: {type: string}, boxes:", "form: {boxes :"),
    last(
        "button_twice",
        "on: extend, when: express, button: {label: A, role: hub} + on: extend, button: {label: B, role: hub}",
        "on: extend, when: express + on: extend, button: {label: B, role: hub}",
    ),
    last(
        "guard_repeated",
        "on: extend, when: items == 1 + on: extend, when: items  ==  1",
        "on: extend, when: items == 1 + on: extend, when: items == 2",
    ),
    one(
        "otherwise_without_guard",
        GIVE_UP,
        GIVE_UP + "    otherwise: note\n",
        GIVE_UP + EXPRESS + "    otherwise: note\n",
    ),
    last(
        "otherwise_hides_row",
        "on: extend, when: express, otherwise: note + on: extend, when: items > 1 && !express",
        "on: extend, when: express + on: extend, when: items > 1 && !express, otherwise: note",
    ),
    one(
        "otherwise_unhandled",
        TAKE,
        f"{TAKE}\n    when: express\n    otherwise: give_up",
        f"{TAKE}\n    when: express\n    otherwise: note",
    ),
    last(
        "otherwise_cycle",
        "on: extend, when: express, otherwise: extend",
        "on: extend, when: express, otherwise: extended + on: extended",
    ),
    last(
        "final_left",
        "on: extend, from: gone, do: [take], to: open",
        "on: extend, from: gone, do: [release], to: gone",
    ),
    last(
        "timer_twice",
        "on: extend, from: parked, when: express, after: {duration: PT1H, times: 2}"
        " + on: extend, from: parked, after: {duration: PT1H, times: 3}",
        "on: extend, from: parked, when: express, after: {duration: PT1H, times: 2}"
        " + on: extend, from: parked, after: {duration: PT1H, times: 2}",
    ),
    one("holds_undeclared", PARKED, PARKED.replace("holds: none, ", ""), PARKED.replace("none", "'none'")),
    Case(
        "holds_unexpected",
        ((BEGIN, f"{BEGIN} holds: none,"),),
        ((BEGIN, f"{BEGIN} dfc: {{order: Held}},"),),
        PURSE,
    ),
    Case(
        "final_holds",
        (
            (GONE, GONE + "  kept: {category: done, holds: live, final: true}\n"),
            (LAST, "  - {on: reopen, from: open, do: [keep], to: kept}\n" + LAST),
        ),
        (
            (GONE, GONE + "  kept: {category: done, holds: live, rests: true}\n"),
            (LAST, "  - {on: reopen, from: open, do: [keep], to: kept}\n" + LAST),
        ),
    ),
)
