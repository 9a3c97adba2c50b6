"""Pictures of flows as Mermaid state diagrams, for documents and pages."""

from __future__ import annotations

from coster.engine.workflow.records import Flow, Timer, Transition

COLOURS = {"booking": "#dbeafe", "fulfilment": "#fef3c7", "delivery": "#e9d5ff", "done": "#d1fae5"}


def mermaid(flow: Flow) -> str:
    """The text of a `stateDiagram-v2`: statuses coloured by category, rows with guards, actions, timers.

    Rows that stay in whatever status they find are one note beside the initial status, to keep the picture calm.
    """
    first = next((status for status in flow.statuses if status.initial), flow.statuses[0])
    lines = ["stateDiagram-v2"]
    lines += [f"    {status.name}: {_text(status.label or status.name)}" for status in flow.statuses]
    lines.append(f"    [*] --> {first.name}")
    for row in flow.transitions:
        if row.sources or row.to:
            for source in row.sources or tuple(status.name for status in flow.statuses):
                lines.append(f"    {source} --> {row.to or source}: {_text(_label(row))}")
    lines += [f"    {status.name} --> [*]" for status in flow.statuses if status.final]
    anywhere = [_text(_label(row)) for row in flow.transitions if not row.sources and not row.to]
    if anywhere:
        lines.append(f"    note right of {first.name}: in every status {', '.join(anywhere)}")
    for category in dict.fromkeys(status.category for status in flow.statuses):
        names = ",".join(status.name for status in flow.statuses if status.category == category)
        lines.append(f"    classDef {category} fill:{COLOURS[category]},color:#111827")
        lines.append(f"    class {names} {category}")
    return "\n".join(lines) + "\n"


def _label(row: Transition) -> str:
    """A row in words: trigger [guard] / actions, timer."""
    parts = [] if ":" in row.on else [row.on]
    if ":" in row.on and row.after:
        parts.append(_timer(row.after))
    asked = " and ".join(part for part in (*(str(condition) for condition in row.rollup), row.when) if part)
    if asked:
        parts.append(f"[{asked}{f', otherwise {row.otherwise}' if row.otherwise else ''}]")
    if row.do:
        parts.append(f"/ {', '.join(call.name for call in row.do)}")
    if row.after and ":" not in row.on:
        parts.append(f"({_timer(row.after)})")
    if row.next:
        parts.append(f"then {row.next}")
    return " ".join(parts)


def _timer(timer: Timer) -> str:
    """A timer in words."""
    times = f", {timer.times} times" if timer.times else ""
    calendar = f" of {timer.calendar}" if timer.calendar else ""
    if timer.field:
        return f"{f'{timer.before} before' if timer.before else 'at'} {timer.field}{calendar}"
    wait = timer.duration if timer.length is None or timer.calendar else str(timer.length)
    clock = f"{'then ' if wait else ''}at {timer.at}" if timer.at else ""
    return " ".join(part for part in (f"after {wait}" if wait else "", clock) if part) + calendar + times


def _text(text: str) -> str:
    """Text that Mermaid does not take for its own signs."""
    return "".join(f"#{ord(sign)};" if sign in ':;#{}<>"\n' else sign for sign in text)
