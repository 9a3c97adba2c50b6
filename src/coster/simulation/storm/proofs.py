"""What must be true after a storm, counted from what is stored and from what the clients were told."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from coster.domain.inventory import reads as inventory
from coster.domain.orders import reads as orders
from coster.domain.wholesale import reads as wholesale
from coster.engine.batch import proofs as causes
from coster.engine.db import sql
from coster.engine.db.connect import Connection
from coster.engine.outbox import proofs as outbox
from coster.simulation.storm.caller import Asked
from coster.simulation.storm.receivers import Receiver
from coster.simulation.storm.report import Report
from coster.simulation.storm.town import Town

_q = sql.load(__file__)
FLAT: Final = 1.25
"""Resident memory may still grow by this share while caches fill; what leaks grows on."""
_LOGGED: Final = re.compile(r"(ERROR|FATAL|PANIC):\s+(.*)")


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database holds in the end, in JSON-like rows: events in order, commands by id."""

    events: Sequence[Mapping[str, Any]]
    commands: Mapping[uuid.UUID, Mapping[str, Any]]
    ledger: Sequence[Mapping[str, Any]]


async def count(conn: Connection, org_id: int, town: Town) -> Stored:
    """Counts everything that only needs the database and the clients' notes; gives what it read."""
    report = town.desk.report
    stored = Stored(
        await _q.events(conn, org_id=org_id),
        {row["id"]: row for row in await _q.commands(conn, org_id=org_id)},
        await _q.ledger(conn, org_id=org_id),
    )
    commands(report, town.desk.asked, stored)
    for row in await _q.traces(conn, org_id=org_id):
        report.break_(
            f"{row['n']} rows of {row['place']} have no accepted command, for example {row['example']}"
        )
    unsure = {asked.reference for asked in town.desk.asked if asked.what == "place" and asked.status == 0}
    compare(report, town.placed, unsure, await _q.orders(conn, org_id=org_id))
    replay(report, stored.ledger, await _q.positions(conn, org_id=org_id))
    counts(report, town.desk.asked, stored)
    numbered(report, stored.events)
    await deadlocks(conn, report)
    report.checked["orders acknowledged"] = len(town.placed)
    return stored


async def deadlocks(conn: Connection, report: Report) -> None:
    """No deadlock, as far as this node has counted since it was started last; the log tells those of before."""
    if seen := await _q.deadlocks(conn):
        report.break_(f"{seen} deadlocks")


def commands(report: Report, asked: Iterable[Asked], stored: Stored) -> None:
    """Every acknowledged command is remembered as it was answered, and its one effect is there once; what was refused has none."""
    told = Counter((row["command_id"], row["name"]) for row in stored.events)
    moved: dict[uuid.UUID, list[int]] = defaultdict(list)
    for row in stored.ledger:
        moved[row["command_id"]].append(row["on_hand"])
    for one in asked:
        kept = stored.commands.get(one.command_id)
        accepted = kept is not None and bool(kept["accepted"])
        if one.status == 0:
            report.checked["commands of unknown fate (key revoked meanwhile)"] = (
                report.checked.get("commands of unknown fate (key revoked meanwhile)", 0) + 1
            )
        elif one.status < 300 and not accepted:
            report.break_(
                f"{one.what} {one.command_id} was acknowledged and is stored as {kept and dict(kept)}"
            )
        elif one.status >= 300 and (accepted or (kept is not None and kept["code"] != one.code)):
            report.break_(
                f"{one.what} {one.command_id} was refused {one.code} and is stored as {kept and dict(kept)}"
            )
        effects = told[one.command_id, one.told]
        if one.told and effects != accepted:
            report.break_(
                f"{one.what} {one.command_id} has {effects} events {one.told} (accepted: {accepted})"
            )
        if one.quantity and moved[one.command_id] != ([one.quantity] if accepted else []):
            report.break_(f"{one.what} {one.command_id} of {one.quantity} moved {moved[one.command_id]}")
        report.checked["commands compared"] = report.checked.get("commands compared", 0) + 1


def compare(
    report: Report, placed: Mapping[str, str], unsure: set[str], stored: Iterable[Mapping[str, Any]]
) -> None:
    """Every acknowledged order is stored as it was acknowledged, once, and nothing else is."""
    found = {str(row["id"]): row for row in stored}
    for order, status in placed.items():
        now = found[order]["status"] if order in found else None
        if now is None or (status and now != status):
            report.break_(f"order {order} was acknowledged {status} and is {now}")
    for order, row in found.items():
        if order not in placed and row["reference"] not in unsure:
            report.break_(f"order {order} ({row['reference']}) is stored and was never acknowledged")


def replay(
    report: Report, ledger: Iterable[Mapping[str, Any]], positions: Iterable[Mapping[str, Any]]
) -> None:
    """From the first entry to the last, no position is below zero or promises more than there is, and it ends as it is stored."""
    end = {row["id"]: row for row in positions}
    now: dict[uuid.UUID, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for entries, row in enumerate(ledger, 1):
        at = now[row["position_id"]]
        at[0] += 1
        at[1] += row["on_hand"]
        at[2] += row["held"]
        at[3] += row["committed"]
        where = f"position {row['position_id']} at entry {row['seq']} ({row['type']})"
        if row["seq"] != at[0]:
            report.break_(f"{where}: the entry before it is missing")
            at[0] = row["seq"]
        if min(at[1:]) < 0 or (not end[row["position_id"]]["unlimited"] and at[2] + at[3] > at[1]):
            report.break_(f"{where}: on hand {at[1]}, held {at[2]}, committed {at[3]}")
        report.checked["ledger entries replayed"] = entries
    for id_, row in end.items():
        if now[id_] != [row["seq"], row["on_hand"], row["held"], row["committed"]]:
            report.break_(f"position {id_} is {dict(row)} and its ledger says {now[id_]}")


def counts(report: Report, asked: Iterable[Asked], stored: Stored) -> None:
    """After an accepted count there is on hand what was counted, as the ledger tells it, whatever else came and went."""
    on_hand: Counter[uuid.UUID] = Counter()
    after: dict[uuid.UUID, int] = {}
    for row in stored.ledger:
        on_hand[row["position_id"]] += row["on_hand"]
        after[row["command_id"]] = on_hand[row["position_id"]]
    for one in asked:
        kept = stored.commands.get(one.command_id)
        if one.counted is None or kept is None or not kept["accepted"]:
            continue
        # A count that found what was known moves nothing, and the ledger has no entry of it.
        if after.get(one.command_id, one.counted) != one.counted:
            report.break_(f"count {one.command_id} of {one.counted} left {after[one.command_id]} on hand")
        report.checked["counts compared"] = report.checked.get("counts compared", 0) + 1


def numbered(report: Report, events: Sequence[Mapping[str, Any]]) -> None:
    """Events are numbered without a gap, within the organisation and within each entity."""
    versions: Counter[tuple[str, uuid.UUID]] = Counter()
    for number, row in enumerate(events, 1):
        versions[row["entity"], row["entity_id"]] += 1
        if row["seq"] != number or row["version"] != versions[row["entity"], row["entity_id"]]:
            report.break_(
                f"event {row['seq']} {row['name']} version {row['version']} is out of its row ({number})"
            )
            return
    report.checked["events numbered"] = len(events)


def fed(report: Report, heard: Sequence[int], events: Sequence[Mapping[str, Any]]) -> None:
    """Who followed the feed through all of it has heard every event, once, in order."""
    if list(heard) != [row["seq"] for row in events]:
        missing = {row["seq"] for row in events} - set(heard)
        report.break_(
            f"the feed told {len(heard)} of {len(events)} events; missing for example {sorted(missing)[:5]}"
        )
    report.checked["events heard in the feed"] = len(heard)


def delivered(report: Report, receiver: Receiver, events: Sequence[Mapping[str, Any]], after: int) -> None:
    """Every event after a number was taken by a receiver at least once, none of an entity before its predecessor was taken."""
    before: dict[int, int] = {}
    last: dict[tuple[str, uuid.UUID], int] = {}
    for row in events:
        if row["seq"] > after and _wants(receiver, row["name"]):
            entity = (row["entity"], row["entity_id"])
            before[row["seq"]] = last.get(entity, 0)
            last[entity] = row["seq"]
    taken: Counter[int] = Counter({0: 1})
    for receipt in receiver.receipts:
        if not taken[before.get(receipt.seq, 0)]:
            report.break_(f"{receiver.name} was told {receipt.seq} before it had taken {before[receipt.seq]}")
        taken[receipt.seq] += receipt.taken
    missing = [seq for seq in before if not taken[seq]]
    if missing:
        report.break_(f"{receiver.name} never got {len(missing)} events, for example {missing[:5]}")
    if receiver.wrong_signatures:
        report.break_(f"{receiver.name} got {receiver.wrong_signatures} wrong signatures")
    report.webhooks[receiver.name] = {
        "events": len(before),
        "messages": len(receiver.receipts),
        "refused on purpose": sum(not receipt.taken for receipt in receiver.receipts),
        "taken twice or more": sum(1 for seq in before if taken[seq] > 1),
    }


def _wants(receiver: Receiver, name: str) -> bool:
    return not receiver.names or any(
        name == wanted or (wanted.endswith("*") and name.startswith(wanted[:-1])) for wanted in receiver.names
    )


async def verify(conn: Connection, org_id: int) -> list[str]:
    """The promises of `coster verify` that are broken, in sentences."""
    now = dt.datetime.now(dt.UTC)
    checks = [
        *await inventory.verify(conn, org_id),
        *await orders.verify(conn, org_id),
        *await wholesale.verify(conn, org_id, now),
        *await causes.verify(conn, org_id),
        *await outbox.verify(conn, org_id, now),
    ]
    return [
        f"verify: {check.promise}: {check.broken} broken, for example {check.example}"
        for check in checks
        if check.broken
    ]


def database_log(report: Report, log: Path) -> None:
    """What the database complained of, by sentence; a deadlock, or a check that had to refuse, is broken."""
    if not log.exists():
        return
    for line in log.read_text("utf-8", "replace").splitlines():
        if found := _LOGGED.search(line):
            sentence = re.sub(r"\b[0-9a-f-]{8,}\b|\d+", "…", found[2])[:100]
            report.database_log[f"{found[1]}: {sentence}"] += 1
    for sentence, times in report.database_log.items():
        if "deadlock" in sentence or "check constraint" in sentence:
            report.break_(f"the database said {times} times: {sentence}")


def flat(report: Report) -> None:
    """The server that nobody kills needs no more memory in the end than when it was warm, or at most a quarter more."""
    if report.memory_ratio >= FLAT:
        report.break_(f"memory of the server that is spared grew to {report.memory_ratio:.2f} of what it was")


def server_log(report: Report, log: Path) -> None:
    """Faults that servers logged: there must be none, whatever happens around them."""
    faults: Counter[str] = Counter()
    lines = iter(log.read_text("utf-8", "replace").splitlines() if log.exists() else ())
    for line in lines:
        if '"level": "error"' in line or '"level": "critical"' in line:
            said = json.loads(line)
            if said.get("event") == "library":
                continue
            places = said.get("places") or [""]
            faults[f"{said.get('event')} {said.get('fault', '')} {said.get('message', '')} {places[-1]}"] += 1
        elif line.startswith("Traceback"):
            # What it is about is its first line that is not indented.
            faults[f"a traceback: {next((one for one in lines if not one.startswith(' ')), '')}"] += 1
    for fault, times in faults.items():
        report.break_(f"servers logged {times} times: {fault}")
