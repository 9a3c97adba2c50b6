"""For each fault code of rows and statuses a flow refused for it alone and a near miss that is accepted: edits of a good flow."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

GOOD = """\
name: parcel.test
entity: parcel
version: 1
statuses:
  open: {category: booking, holds: live, initial: true}
  packed: {category: fulfilment, holds: committed}
  parked: {category: booking, holds: none, rests: true}
  gone: {category: done, holds: none, final: true}
transitions:
  - on: pack
    from: [open]
    when: items > 0
    do: [commit]
    to: packed
    otherwise: give_up
    button:
      label: Pack
      role: picker
      form: {boxes: {type: int, required: true, choices: [1, 2], default: 1}}
  - on: give_up
    from: [open]
    do: [release]
    to: gone
  - on: ship
    from: [packed]
    when: express
    do: [consume, {notify: {event: shipped, copies: 2}}]
    to: gone
  - on: ship
    from: [packed]
    do: [consume]
    to: gone
    button: {label: Ship, role: picker}
  - after: {field: due}
    from: [open]
    do: [release]
    to: parked
  - on: revive
    from: [parked]
    do: [take]
    to: open
  - after: {duration: PT1H, times: 3}
    from: [parked]
    do: [{notify: {event: reminder}}]
  - on: note
"""

MEMO = """\
name: memo.test
entity: memo
version: 1
statuses:
  open: {category: booking, initial: true}
  closed: {category: done, final: true}
transitions:
  - {on: close, from: [open], to: closed}
"""

BOX = """\
name: box.standard
entity: box
version: 1
statuses:
  packing: {category: fulfilment, initial: true}
  shipped: {category: done, final: true}
transitions:
  - {on: close, from: [packing], to: shipped}
"""

PURSE = """\
name: purse.test
entity: purse
version: 1
statuses:
  open: {category: booking, initial: true, authorisation: none, held_lines: none}
  promised: {category: booking, authorisation: open, held_lines: held}
  paid: {category: fulfilment, rests: true, authorisation: captured, held_lines: none}
  ended: {category: done, final: true, authorisation: none, held_lines: none}
transitions:
  - {on: pay, from: open, do: [authorise, add_lines], to: promised}
  - {on: charge, from: promised, do: [capture, drop_lines], to: paid}
  - {on: drop, from: promised, do: [void, drop_lines], to: ended}
  - {on: refund, from: paid, do: [give_back], to: ended}
"""


Edits: TypeAlias = "tuple[tuple[str, str], ...]"


class Case(NamedTuple):
    """A code, edits (old, new) of `base` that make a flow to be refused, and edits that make a near miss."""

    code: str
    bad: tuple[tuple[str, str], ...]
    near: tuple[tuple[str, str], ...]
    base: str = GOOD


def edited(base: str, edits: tuple[tuple[str, str], ...]) -> str:
    """The text with each edit made; each old text must stand there exactly once."""
    for old, new in edits:
        assert base.count(old) == 1, old
        base = base.replace(old, new)
    return base


def one(code: str, old: str, bad: str, near: str) -> Case:
    """A case in which the same place is written badly and well."""
    return Case(code, ((old, bad),), ((old, near),))


def of_purse(code: str, old: str, bad: str, near: str) -> Case:
    """The same in the flow that owns money and lines."""
    return Case(code, ((old, bad),), ((old, near),), PURSE)


PAID_ENDS = ("category: fulfilment, rests: true", "category: done, final: true")
REFUND = ("  - {on: refund, from: paid, do: [give_back], to: ended}\n", "")
LAST = "  - on: note\n"
GONE = "  gone: {category: done, holds: none, final: true}\n"
SHIP = "  - on: ship\n    from: [packed]\n    do: [consume]\n"
EXPRESS = "    when: express\n"
FORM = "form: {boxes: {type: int, required: true, choices: [1, 2], default: 1}}"
DUE = "  - after: {field: due}\n    from: [open]\n"
HEAD = "version: 1\n"
TAKE = "do: [take]"
HOUR = "duration: PT1H, times: 3"
REMIND = ("  - after: {duration: PT1H", "  - on: remind\n    after: {duration: PT1H")
CHILDREN = (HEAD, HEAD + "children: {boxes: {flow: box.standard}}\n")


def rollup(text: str) -> tuple[str, str]:
    """A row that a roll-up triggers, after the last."""
    return (LAST, LAST + f"  - {{rollup: {text}, from: parked, do: [take], to: open}}\n")


def guarded(more: str) -> str:
    """The last row on `ship` with a guard that the first one's excludes, and more keys."""
    return SHIP + f"    when: items > 9 && !express\n{more}"


ROWS = (
    one("not_yaml", "name: parcel.test", "name: [parcel.test", "name: 'parcel.test'"),
    one("not_yaml", "name: parcel.test", "name: a\n---\nname: parcel.test", "---\nname: parcel.test"),
    one("not_plain", "name: parcel.test", "name: &n parcel.test", 'name: "parcel.test"'),
    one("not_plain", "version: 1", "version: !!int 1", "version: 1  # !!int"),
    one("key_twice", "version: 1", "version: 1\nversion: 2", "version: 2\n# version: 1"),
    one("key_twice", "to: packed\n", "to: packed\n    to: gone\n", "to: packed\n    # to: gone\n"),
    one("key_unknown", EXPRESS, "    if: express\n", "    when: (express)\n"),
    one("key_unknown", "initial: true", "initial: true, colour: red", "initial: true, label: red"),
    one("key_missing", LAST, "  - do: []\n", "  - {on: note}\n"),
    one("key_missing", "version: 1\n", "", "version: 7\n"),
    one("value_wrong", "category: fulfilment", "category: shipping", "category: delivery"),
    one("value_wrong", "PT1H", "1h", "PT60M"),
    one("value_wrong", "rests: true", "rests: yes", "rests: True"),
    one("value_wrong", "rests: true", "rests: true, final: true", "rests: true, final: false"),
    one("entity_differs", "entity: parcel", "entity: article", "entity: 'parcel'"),
    one("initial_count", "initial: true", "label: Open", "initial: true, label: Open"),
    one("initial_count", "rests: true", "rests: true, initial: true", "rests: true, initial: false"),
    one("status_unknown", "from: [packed]\n    when", "from: [paked]\n    when", "from: packed\n    when"),
    one("status_unknown", "to: parked", "to: park", "to: 'parked'"),
    one("trigger_unknown", "on: revive", "on: revived", "on: reopen"),
    one("trigger_unknown", LAST, "  - on: notes\n", '  - "on": note\n'),
    one("action_unknown", "do: [take]", "do: [takes]", "do: [{take: {}}]"),
    one("parameter_unknown", "copies: 2", "copy: 2", "copies: 3"),
    one("parameter_missing", "{notify: {event: reminder}}", "notify", "notify: {event: r, copies: 1}"),
    one("parameter_type", "copies: 2", "copies: two", "copies: 0"),
    one("parameter_type", "copies: 2", "copies: '2'", "copies: -2"),
    one("role_unknown", "role: picker\n", "role: packer\n", "role: [picker, owner]\n"),
    one(
        "button_twice",
        EXPRESS,
        EXPRESS + "    button: {label: Fast, role: owner}\n",
        EXPRESS + "    # button\n",
    ),
    Case(
        "button_without_trigger",
        (("  - on: give_up\n", "  - on: give_up\n    button: {label: Give up, role: picker}\n"),),
        (("  - on: revive\n", "  - on: revive\n    button: {label: Revive, role: picker}\n"),),
    ),
    one(
        "button_without_trigger",
        DUE,
        DUE + "    button: {label: A, role: hub}\n",
        DUE.replace("- after", "- on: extend\n    after") + "    button: {label: A, role: hub}\n",
    ),
    one("form_field_unknown", "{boxes: ", "{crates: {type: int}, boxes: ", "{note: {type: string}, boxes: "),
    one("form_field_missing", FORM, "form: {}", "form: {boxes: {type: int, default: 1}}"),
    one(
        "form_field_missing", FORM, "form: {boxes: {type: int}}", "form: {boxes: {type: int, required: true}}"
    ),
    one(
        "form_type",
        FORM,
        "form: {boxes: {type: string, required: true}}",
        "form: {boxes: {type: int, default: 4}}",
    ),
    one("form_type", "choices: [1, 2]", "choices: [1, two]", "choices: [1, 3]"),
    one("form_type", "default: 1", "default: 3", "default: 2"),
    one("guard_wrong", "when: items > 0", "when: itmes > 0", "when: items >= 1"),
    one("guard_wrong", "when: items > 0", "when: items > 'a'", "when: buyer.tier > 'a'"),
    one("guard_wrong", "when: items > 0", "when: items >", "when: items > items"),
    one("guard_wrong", "when: items > 0", "when: buyer.teir == 'a'", "when: buyer . tier == 'a'"),
    one("guard_wrong", "when: items > 0", "when: paid_until > due", "when: due > due"),
    one("guard_not_boolean", "when: items > 0", "when: items", "when: items == 0"),
    one("guard_not_boolean", "when: items > 0", "when: facts.size", "when: facts.size == 3"),
    one("guard_constant", EXPRESS, '    when: "true"\n', "    when: express == true\n"),
    one("guard_constant", EXPRESS, "    when: 1 > 0\n", "    when: items > 0\n"),
    one("guard_repeated", SHIP, SHIP + "    when: express\n", guarded("")),
    one("rows_overlap", SHIP, SHIP + "    when: items > 9\n", guarded("")),
    one(
        "rows_overlap",
        SHIP,
        SHIP + "    when: buyer.tier in ['a', 'b'] || !express\n",
        SHIP + "    when: buyer.tier in ['a', 'b'] && !express\n",
    ),
    one("row_never_tried", EXPRESS, "", "    when: items > 1\n"),
    one(
        "row_never_tried",
        "on: give_up\n    from: [open]",
        "on: give_up\n    from: [open, packed]",
        "on: give_up\n    from: open",
    ),
    one("otherwise_without_guard", "    when: items > 0\n", "", EXPRESS),
    Case(
        "otherwise_hides_row",
        ((EXPRESS, EXPRESS + "    otherwise: note\n"),),
        ((SHIP, guarded("    otherwise: note\n")),),
    ),
    one("otherwise_unhandled", SHIP, guarded("    otherwise: revive\n"), guarded("    otherwise: note\n")),
    one(
        "otherwise_cycle",
        "  - on: give_up\n",
        "  - on: give_up\n    when: express\n    otherwise: pack\n",
        "  - on: give_up\n    when: express\n    otherwise: note\n",
    ),
    one("unreachable", "to: parked", "to: gone", "to: parked  # not gone"),
    Case(
        "unreachable",
        ((GONE, GONE + "  lost: {category: done, holds: none, final: true}\n"),),
        (
            (GONE, GONE + "  lost: {category: done, holds: none, final: true}\n"),
            (LAST, LAST + "  - {on: reopen, from: [parked], to: lost}\n"),
        ),
    ),
    Case(
        "unreachable",
        (
            (GONE, GONE + "  lost: {category: booking, holds: none, rests: true}\n"),
            (LAST, LAST + "  - {on: reopen, from: [lost], to: lost}\n"),
        ),
        (
            (GONE, GONE + "  lost: {category: booking, holds: none, rests: true}\n"),
            (LAST, LAST + "  - {on: reopen, from: [lost, parked], to: lost}\n"),
        ),
    ),
    Case(
        "dead_end",
        (
            (GONE, GONE + "  limbo: {category: booking, holds: none}\n"),
            (LAST, LAST + "  - {on: reopen, from: [parked], to: limbo}\n"),
        ),
        (
            (GONE, GONE + "  limbo: {category: booking, holds: none, rests: true}\n"),
            (LAST, LAST + "  - {on: reopen, from: [parked], to: limbo}\n"),
        ),
    ),
    Case(
        "dead_end",
        (
            (GONE, GONE + "  limbo: {category: booking, holds: none}\n"),
            (LAST, LAST + "  - {on: reopen, from: [parked, limbo], to: limbo}\n"),
        ),
        (
            (GONE, GONE + "  limbo: {category: booking, holds: none}\n"),
            (
                LAST,
                LAST
                + "  - {on: reopen, from: [parked], to: limbo}\n  - {on: ship, from: [limbo], to: gone}\n",
            ),
        ),
    ),
    one(
        "final_left",
        LAST,
        "  - {on: reopen, from: [gone], to: parked}\n" + LAST,
        "  - {on: reopen, from: [gone]}\n" + LAST,
    ),
    one("timer_field_unknown", "field: due", "field: dew", "field: paid_until"),
    one("timer_field_unknown", "field: due", "field: items", "field: paid_until"),
    one("timer_stays", "duration: PT1H, times: 3", "duration: PT1H", "duration: PT1H, times: 1"),
    one("timer_stays", DUE, DUE + EXPRESS, DUE + EXPRESS + "    otherwise: give_up\n"),
    one(
        "timer_stays",
        DUE,
        DUE + EXPRESS + "    otherwise: note\n",
        DUE + EXPRESS + "    do: [release]\n    to: gone\n" + DUE,
    ),
    one(
        "timer_twice",
        LAST,
        "  - {on: reopen, from: [open], when: express, after: PT1H, do: [release], to: gone}\n"
        "  - {on: reopen, from: [open], after: PT2H, do: [release], to: gone}\n" + LAST,
        "  - {on: reopen, from: [open], when: express, after: PT1H, do: [release], to: gone}\n"
        "  - {on: reopen, from: [open], after: PT1H, do: [release], to: gone}\n" + LAST,
    ),
    one(
        "holds_undeclared",
        "category: fulfilment, holds: committed",
        "category: fulfilment",
        "category: done, holds: committed",
    ),
    Case(
        "holds_unexpected",
        (("{category: booking,", "{category: booking, holds: none,"),),
        (("{category: booking,", "{category: booking, label: 'holds: none',"),),
        MEMO,
    ),
    one(
        "holds_differ", "do: [release]\n    to: gone", "do: []\n    to: gone", "do: [hand_over]\n    to: gone"
    ),
    one("holds_differ", "do: [take]", "do: [keep]", "do: [release, take]"),
    one("holds_differ", LAST, LAST + "    do: [release]\n", LAST + "    do: [keep]\n"),
    one("holds_impossible", "do: [take]", "do: [commit]", "do: [take, keep]"),
    one("holds_impossible", "do: [take]", "do: [consume, take]", "do: [take, take]"),
    Case(
        "final_holds",
        (
            (GONE, GONE + "  sold: {category: done, holds: committed, final: true}\n"),
            (LAST, LAST + "  - {on: reopen, from: [packed], do: [keep], to: sold}\n"),
        ),
        (
            (GONE, GONE + "  sold: {category: done, holds: none, final: true}\n"),
            (LAST, LAST + "  - {on: reopen, from: [packed], do: [consume], to: sold}\n"),
        ),
    ),
)
