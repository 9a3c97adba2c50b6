"""For each fault code of cycles, guards, roll-ups and messages between flows, refusals and near misses; and the flows around."""

from __future__ import annotations

import itertools

from tests.engine.workflow.cases import (
    BOX,
    CHILDREN,
    DUE,
    GONE,
    GOOD,
    HEAD,
    LAST,
    MEMO,
    SHIP,
    TAKE,
    Case,
    one,
    rollup,
)

CRATE = """\
name: crate.standard
entity: crate
version: 1
events: {mark: {by: string}, seal: {by: "string?"}}
statuses:
  packing: {category: booking, initial: true}
  moving: {category: delivery}
  stored: {category: delivery, rests: true}
  shipped: {category: done, final: true}
  lost: {category: done, final: true}
transitions:
  - {on: close, from: [packing], to: moving}
  - {on: arrive, from: [moving, stored], to: shipped}
  - {on: lose, from: [moving], to: lost}
  - {on: store, from: [moving], to: stored}
  - {on: stop, from: [packing], to: lost}
  - {on: halt, from: [packing, moving, stored], to: lost}
  - {on: weigh, from: [packing, moving, stored], when: heavy}
  - {on: count, from: [packing, moving, stored], when: heavy}
  - {on: count, from: [packing, moving, stored], when: "!heavy"}
  - {on: mark}
  - {on: seal}
  - {on: nudge, do: [{tell_parent: {event: crate_moved}}]}
  - {on: turn, from: [packing, stored], to: moving}
  - {on: turn, from: [moving], to: stored}
  - {on: turn, from: [shipped, lost]}
"""

LOAD = """\
name: load.standard
entity: load
version: 1
children: {parcels: {flow: {express: parcel.test, other: parcel.other}}}
statuses:
  open: {category: booking, initial: true}
  going: {category: delivery}
  done: {category: done, final: true}
transitions:
  - {on: depart, from: [open], to: going}
  - {on: arrive, from: [going], to: done}
  - {on: parcel_late, from: [going], to: done}
  - {on: parcel_note, from: [open, going]}
"""

AROUND = (BOX, CRATE, LOAD)
CRATES = (HEAD, HEAD + "children: {crates: {flow: crate.standard}}\n")
TURN = "do: [{tell_children: {children: crates, event: turn}}]"
WAITING = (GONE, GONE + "  waiting: {category: delivery, holds: none}\n")
ALONE = (
    ("    otherwise: give_up\n", ""),
    ("  - on: give_up\n    from: [open]\n    do: [release]\n    to: gone\n", ""),
)


def added(*rows: str) -> tuple[str, str]:
    """Rows before the last one."""
    return (LAST, "".join(f"  - {{{row}}}\n" for row in rows) + LAST)


def told(code: str, bad: str, near: str) -> Case:
    """A parcel that tells its crates, or the load on which it is, something when it is taken up again."""
    calls = [f"do: [take, {{{call}}}]" for call in (bad, near)]
    return Case(code, (CRATES, (TAKE, calls[0])), (CRATES, (TAKE, calls[1])))


def answered(bad: str, near: str) -> Case:
    """A parcel that does something when a crate tells it that it has moved, or has come somewhere."""
    heard = (HEAD, CRATES[1] + "events: {crate_moved: {}}\n")
    return Case("event_circle", (heard, added(bad)), (heard, added(near)))


def waits(*rollups: str) -> tuple[tuple[str, str], ...]:
    """A parcel that waits for its crates until one of the roll-ups is true."""
    rows = [f"rollup: {text}, from: waiting, to: gone" for text in rollups]
    return (CRATES, WAITING, added("on: reopen, from: parked, to: waiting", *rows))


def chosen(code: str, bad: str, near: str) -> Case:
    """The button on `pack` when nothing but its guard answers it."""
    return Case(
        code, (*ALONE, ("when: items > 0", f"when: {bad}")), (*ALONE, ("when: items > 0", f"when: {near}"))
    )


def many(base: str, trigger: str, owed: str, ends: tuple[str, str]) -> Case:
    """So many statuses in a chain between two, with each row for every status, and each for the one that it is about."""
    names = [f"s{number}" for number in range(449)]
    statuses = "".join(f"  {name}: {{category: booking, rests: true{owed}}}\n" for name in names)
    steps = list(itertools.pairwise((ends[0], *names, ends[1])))
    last = base[base.rindex("  - ") :]
    kept = "" if trigger in last else last
    bad = "".join(f"  - {{on: {trigger}, to: {after}}}\n" for _, after in steps)
    near = "".join(f"  - {{on: {trigger}, from: {before}, to: {after}}}\n" for before, after in steps)
    opened = ("transitions:\n", statuses + "transitions:\n")
    return Case("flow_too_large", (opened, (last, bad + kept)), (opened, (last, near + kept)), base)


PROOFS = (
    many(MEMO, "close", "", ("open", "closed")),
    many(GOOD, "reopen", ", holds: none", ("parked", "gone")),
    Case(
        "next_cycle",
        (
            (TAKE, f"{TAKE}\n    next: rest"),
            added("on: rest, from: open, do: [release], to: parked, next: revive"),
        ),
        ((TAKE, f"{TAKE}\n    next: rest"), added("on: rest, from: open, do: [release], to: parked")),
    ),
    Case(
        "next_cycle",
        (
            ("  - on: give_up\n", "  - on: give_up\n    when: express\n    otherwise: again\n"),
            added("on: again, from: open, next: pack"),
        ),
        (
            ("  - on: give_up\n", "  - on: give_up\n    when: express\n    otherwise: again\n"),
            added("on: again, from: open, next: note"),
        ),
    ),
    Case(
        "next_cycle",
        (
            (HEAD, HEAD + "webhooks: {hello: {event: parcel.hello}}\nerror: {then: note}\n"),
            (LAST, LAST + "    do: [{send: {webhook: hello}}]\n"),
        ),
        (
            (HEAD, HEAD + "webhooks: {hello: {event: parcel.hello}}\nerror: {then: give_up}\n"),
            (LAST, LAST + "    do: [{send: {webhook: hello}}]\n"),
        ),
    ),
    Case(
        "nothing_as_control",
        ((TAKE, f"{TAKE}\n    next: thank"), added("on: thank, from: open, when: express")),
        ((TAKE, f"{TAKE}\n    next: thank"), added("on: thank, from: open, when: express, otherwise: note")),
    ),
    Case(
        "nothing_as_control",
        (
            (TAKE, f"{TAKE}\n    next: thank"),
            added("on: thank, from: open, when: items > 3", "on: thank, from: open, when: items < 3"),
        ),
        (
            (TAKE, f"{TAKE}\n    next: thank"),
            added("on: thank, from: open, when: items > 3", "on: thank, from: open, when: items <= 3"),
        ),
    ),
    one(
        "never_fires",
        SHIP,
        SHIP + "    when: express && items > 3\n",
        SHIP + "    when: (!express) && items > 3\n",
    ),
    one("never_fires", "when: items > 0", "when: items > 3 && items < 4", "when: items > 3 && items < 5"),
    one(
        "never_fires",
        "when: items > 0",
        "when: items > 0 || !(items >= 1)",
        "when: items > 0 || !(items >= 0)",
    ),
    Case(
        "never_fires",
        (CHILDREN, rollup("[{any: boxes, in: packing}, {all: boxes, in: shipped}]")),
        (CHILDREN, rollup("[{any: boxes, in: packing}, {all: boxes, in: [shipped, packing]}]")),
    ),
    Case(
        "never_fires",
        (added("on: extend, when: \"buyer.tier in ['a', 'b']\"", "on: extend, when: \"buyer.tier == 'b'\""),),
        (added("on: extend, when: \"buyer.tier in ['a', 'b']\"", "on: extend, when: \"buyer.tier == 'c'\""),),
    ),
    Case(
        "rows_overlap",
        (
            CHILDREN,
            added(
                "rollup: {any: boxes, in: packing}, from: open",
                "rollup: {any: boxes, in: shipped}, from: open",
            ),
        ),
        (
            CHILDREN,
            added(
                "rollup: {any: boxes, in: packing}, from: open",
                "rollup: {all: boxes, in: shipped}, from: open",
            ),
        ),
    ),
    one(
        "timer_stays",
        DUE,
        DUE
        + "    when: express\n    do: [release]\n    to: gone\n"
        + DUE
        + "    when: items > 1 && !express\n",
        DUE + "    when: express\n    do: [release]\n    to: gone\n" + DUE + "    when: '!express'\n",
    ),
    chosen("choice_unanswered", "event.boxes < 2", "event.boxes < 3"),
    chosen("choice_unanswered", "items > 0 && event.boxes in [2, 3]", "items > 0 && event.boxes in [1, 2]"),
    Case(
        "rollup_starves",
        waits("{all: crates, in: [shipped, stored]}"),
        waits("{all: crates, in: [shipped, lost]}"),
    ),
    Case(
        "rollup_starves",
        waits("{all: crates, in: shipped}", "{all: crates, in: lost}"),
        waits("{any: crates, in: lost}", "{all: crates, in: shipped}"),
    ),
    Case(
        "rollup_starves",
        waits("{none: crates, in: [packing, moving, stored, shipped]}"),
        waits("{none: crates, in: [packing, moving, stored]}"),
    ),
    told(
        "event_never_answered",
        "tell_children: {children: crates, event: vanish}",
        "tell_children: {children: crates, event: halt}",
    ),
    told(
        "event_never_answered",
        "tell_children: {children: crates, event: stop}",
        "tell_children: {children: crates, event: halt}",
    ),
    told(
        "event_never_answered",
        "tell_children: {children: crates, event: weigh}",
        "tell_children: {children: crates, event: count}",
    ),
    told(
        "event_never_answered",
        "tell_children: {children: crates, event: mark}",
        "tell_children: {children: crates, event: seal}",
    ),
    told("event_never_answered", "tell_parent: {event: parcel_late}", "tell_parent: {event: parcel_note}"),
    told("event_never_answered", "tell_parent: {event: parcel_lost}", "tell_parent: {event: parcel_note}"),
    answered("on: crate_moved, do: [{tell_children: {children: crates, event: nudge}}]", "on: crate_moved"),
    answered(
        f"rollup: {{any: crates, in: [moving, stored]}}, from: packed, {TURN}",
        f"rollup: {{any: crates, in: moving}}, from: packed, {TURN}",
    ),
)
