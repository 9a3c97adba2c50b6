"""Scheduled and standing orders: a template of which a copy is placed at its time, once or again and again. Pure.

Kept in the order's attributes, as `schedule`: `next_at` (null: no more), `every` (null: once), `left` (null: without end), `runs`;
`attempts` with `delay`, where a copy that is refused is tried again, and `whole`, where one is refused whose goods are not all there.
A standing order keeps its distance: what was missed while nothing ran is placed once, and the next comes at its own time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from coster.engine.workflow import kinds
from coster.engine.workflow.plugins import Asked, Done, Message, Refused
from coster.kernel import clock

SHORTEST: Final = dt.timedelta(hours=1)
LONGEST: Final = dt.timedelta(days=3660)
"""Nobody plans further ahead than ten years, neither the first copy nor the distance between two."""
SHORTEST_DELAY: Final = dt.timedelta(minutes=1)
LONGEST_DELAY: Final = dt.timedelta(days=30)
MOST_ATTEMPTS: Final = 100
EVENT: Final = "order.copy_due"
PLACED: Final = "order.copy_placed"


def next_at(attributes: Mapping[str, Any]) -> dt.datetime | None:
    """When the next copy is placed."""
    found = (attributes.get("schedule") or {}).get("next_at")
    return dt.datetime.fromisoformat(found) if found else None


def schedule(asked: Asked) -> Done | Refused:
    """The order is a template from now on: a copy at `at`, and after that one `every` so often, `times` in all."""
    at, every, times = asked.event["at"], asked.event.get("every"), asked.event.get("times")
    first = at if isinstance(at, dt.datetime) else dt.datetime.fromisoformat(str(at))
    if first <= asked.at:
        return Refused(code="schedule_past", detail="The first copy must be in the future.")
    if first - asked.at > LONGEST:
        return Refused(code="schedule_too_far", detail="The first copy must come within ten years.")
    length = kinds.duration(str(every)) if every else None
    if every and (length is None or length < SHORTEST):
        return Refused(
            code="schedule_too_often",
            detail="`every` is an ISO 8601 duration of an hour at least, such as P1W.",
        )
    if length is not None and length > LONGEST:
        return Refused(code="schedule_too_far", detail="`every` is ten years at most, such as P1W.")
    if isinstance(times, int) and times < 1:
        return Refused(
            code="schedule_times", detail="`times` is 1 at least; left out, it goes on without end."
        )
    left = times if every else 1
    planned: dict[str, Any] = {
        "next_at": clock.text(first),
        "every": str(every) if every else None,
        "left": left,
        "runs": _runs(asked),
    }
    retry = _retry(asked.event)
    return retry if isinstance(retry, Refused) else Done(attributes={"schedule": {**planned, **retry}})


def _retry(event: Mapping[str, Any]) -> dict[str, Any] | Refused:
    """What becomes of a copy that is refused: further `attempts`, `delay` apart (both or none); `whole`: a copy that would have to wait
    for goods is refused too.
    """
    attempts, delay = event.get("attempts"), event.get("delay")
    kept: dict[str, Any] = {"whole": True} if event.get("whole") else {}
    if attempts is None and delay is None:
        return kept
    length = kinds.duration(str(delay)) if delay else None
    fits = isinstance(attempts, int) and 1 <= attempts <= MOST_ATTEMPTS
    if not fits or length is None or not SHORTEST_DELAY <= length <= LONGEST_DELAY:
        return Refused(
            code="schedule_attempts",
            detail=f"`attempts` is 1 to {MOST_ATTEMPTS}, and `delay` an ISO 8601 duration of a minute to 30 days, such as PT30M; "
            "both or none.",
        )
    return {**kept, "attempts": attempts, "delay": str(delay)}


def again_at(plan: Mapping[str, Any], attempt: int, now: dt.datetime) -> dt.datetime | None:
    """When a copy that was refused is tried again; None: no more, or the plan knows nothing of that."""
    length = kinds.duration(plan["delay"]) if plan.get("delay") else None
    if length is None or attempt > plan.get("attempts", 0):
        return None
    return now + length


def place_copy(asked: Asked) -> Done:
    """A copy is due: whoever places orders is told, and the next time is reckoned."""
    attributes: Any = asked.context["attributes"]
    plan: dict[str, Any] = dict(attributes["schedule"])
    run, left = plan["runs"] + 1, plan["left"]
    plan |= {"runs": run, "left": None if left is None else left - 1}
    plan["next_at"] = _following(attributes, plan, asked.at)
    told = Message(event=EVENT, body={"order_id": asked.id, "run": run, "at": clock.text(asked.at)})
    return Done(attributes={"schedule": plan}, messages=(told,))


def _following(attributes: Mapping[str, Any], plan: Mapping[str, Any], now: dt.datetime) -> str | None:
    due, length = next_at(attributes), kinds.duration(plan["every"]) if plan["every"] else None
    if due is None or length is None or plan["left"] == 0:
        return None
    return clock.text(due + length * max(1, (now - due) // length + 1))


def _runs(asked: Asked) -> int:
    attributes: Any = asked.context["attributes"]
    return int((attributes.get("schedule") or {}).get("runs", 0))
