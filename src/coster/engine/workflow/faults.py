"""What can be wrong with a flow file: one record, one exception, and the codes of docs/reference/flows.md."""

from __future__ import annotations

import msgspec

CODES: dict[str, str] = {
    "not_yaml": "the text is not one YAML document",
    "not_plain": "the text uses anchors, aliases, tags, deep nesting, or is too large",
    "key_twice": "a key stands twice in one mapping",
    "key_unknown": "a key that the language does not have",
    "key_missing": "a key that must be there is not",
    "value_wrong": "a value of the wrong type or form, or not one of the accepted ones",
    "entity_differs": "the flow is for another entity than the vocabulary",
    "initial_count": "not exactly one status is initial",
    "status_unknown": "a transition names a status that the flow does not declare",
    "trigger_unknown": "a trigger that neither the room, nor an event of the flow, nor one of its rows raises",
    "action_unknown": "an action that the room does not declare",
    "parameter_unknown": "an action is given a parameter that it does not have",
    "parameter_missing": "an action is not given a parameter that it needs",
    "parameter_type": "an action is given a value of another type than its parameter",
    "role_unknown": "a button for a role that does not exist",
    "button_twice": "two rows of one status and trigger both carry a button",
    "button_without_trigger": "a button on a row that nobody outside can trigger",
    "form_field_unknown": "a form asks for something that the trigger does not take",
    "form_field_missing": "a form does not ask for something that the trigger needs",
    "form_type": "a form field, its choices or its default are of another type than the trigger takes",
    "guard_wrong": "a guard that does not compile against the context: syntax, unknown name, wrong types",
    "guard_not_boolean": "a guard whose result is not a boolean",
    "guard_constant": "a guard that reads nothing and so is always or never true",
    "guard_repeated": "two rows of one status and trigger have the same guard, so the second never fires",
    "rows_overlap": "two rows of one status and trigger have guards that can both be true, so only their order decides",
    "row_never_tried": "a row that can never be reached by any event",
    "otherwise_without_guard": "an `otherwise` on a row that has no `when`",
    "otherwise_hides_row": "an `otherwise` on a row that is not the last of its status and trigger",
    "otherwise_unhandled": "an `otherwise` names a trigger that has no row in that status",
    "otherwise_cycle": "`otherwise` leads back to itself",
    "unreachable": "a status that no path from the initial status reaches",
    "dead_end": "a status from which no final status and no resting place can be reached",
    "final_left": "a transition leaves a final status",
    "next_unhandled": "a `next` names a trigger that has no row in the status afterwards",
    "restart_unknown": "a `restart` names a trigger that has no timer in the status",
    "error_unhandled": "an `error` names a trigger that has no row before or after the transition",
    "event_twice": "the flow declares an event that the room has already",
    "calendar_wrong": "a calendar whose time zone does not exist, or with hours for one day twice",
    "calendar_unknown": "a timer or service level counts in a calendar that neither flow nor room has",
    "timer_weeks": "weeks in a calendar, where only open days and open time can be counted",
    "clock_not_kept": "`sla`, `restart` or a timer with `times` for an entity that lives in its parent's row",
    "webhook_unknown": "`send` names a webhook that the flow does not have",
    "event_reserved": "a webhook has the name of an event that the program tells itself",
    "template_wrong": "the body of a webhook reads a field that the context does not have",
    "attribute_reserved": "`set` writes an attribute in which the room itself keeps something",
    "children_unknown": "a roll-up or an action names children that the flow does not have",
    "child_flow_unknown": "children whose flow does not exist",
    "child_status_unknown": "a roll-up names a status that the flow of the children does not have",
    "placeholder": "a placeholder for something that nobody has translated yet",
    "flow_too_large": "more pairs of statuses and rows than are checked",
    "next_cycle": "rows that lead to each other at once and for ever, without a timer or an event from outside",
    "nothing_as_control": "a `next` that may find no row that fits, so that what happens is left to chance",
    "never_fires": "a row whose guard cannot be true, or not after those before it; an `otherwise` never reached",
    "choice_unanswered": "a form offers a choice with which no row can fire",
    "rollup_starves": "children may come to rest where no roll-up can become true, and nothing else leads away",
    "event_never_answered": "an event to children or parent for which these have no row that is sure to fire",
    "event_circle": "a parent and its children that tell each other for ever, without a timer or an event from outside",
    "timer_field_unknown": "a timer reads a context field that does not exist or is of the wrong type",
    "timer_stays": "a timer that may fire and leave the entity where it is, without a bound",
    "timer_twice": "one status has two different timers for the same trigger",
    "holds_undeclared": "a status of an entity that owns holds does not say what becomes of them",
    "holds_unexpected": "a status declares holds, but the entity owns none",
    "holds_differ": "a transition arrives with holds in another state than its status declares",
    "holds_impossible": "an action does to holds what cannot be done in that state",
    "final_holds": "a final status with holds that nobody will ever settle",
    "authorisation_undeclared": "a status of an entity that owns authorised money does not say what becomes of them",
    "authorisation_unexpected": "a status declares authorised money, but the entity owns none",
    "authorisation_differ": "a transition arrives with authorised money in another state than its status declares",
    "authorisation_impossible": "an action does to authorised money what cannot be done in that state",
    "final_authorisation": "a final status with authorised money that nobody will ever settle",
    "held_lines_undeclared": "a status of an entity that owns held lines does not say what becomes of them",
    "held_lines_unexpected": "a status declares held lines, but the entity owns none",
    "held_lines_differ": "a transition arrives with held lines in another state than its status declares",
    "final_held_lines": "a final status with held lines that nobody will ever settle",
}

MIGRATION: dict[str, str] = {
    "migration_entity": "the versions are for different entities",
    "migration_unknown": "the mapping names a status that a version does not have",
    "migration_status_gone": "a status of the old version that the new one lacks and the mapping does not name",
    "migration_axis": "the new status declares another state of what the entity owns",
    "migration_children": "a kind of children has other flows than before, or is there in one version only",
    "migration_final": "entities that have ended would come into a status that is not final",
}
"""Codes of `check_migration.migration`."""

WARNINGS: dict[str, str] = {
    "cyclic_rulesets": "timers that lead in a circle without an event from outside",
    "too_many_statuses": "a row that starts from more than eight statuses",
    "timer_at_once": "a timer that waits a second at most",
    "status_changed_by_action": "an action that is given a status of the flow",
    "webhook_in_bulk": "a webhook for each of many entities at once",
    "polling": "a webhook that a timer sends again and again",
    "failure_swallowed": "a failure that ends in a row which does nothing",
    "children_left": "an end that neither asks for nor tells children that may still be at work",
}
"""Codes of `antipatterns.warnings`, which refuse nothing."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong in a flow: where, what was found, what is accepted, and the shortest way
    there."""

    code: str
    line: int
    """Line in the file, from 1; 0 when the fault is not at a place of the file."""
    path: str
    """Place in the document, such as `transitions[3].to`; empty for the whole file."""
    message: str
    status: str = ""
    trail: str = ""
    """Shortest path of events from the initial status, such as `created -cancel-> cancelled`; empty when
    there is none."""

    def __str__(self) -> str:
        """The fault as one sentence with its place and code."""
        trail = f" Shortest path: {self.trail}." if self.trail else ""
        return f"line {self.line} {self.path or 'file'}: {self.message}{trail} [{self.code}]"


class FlowRefusedError(Exception):
    """A flow file that must not be used; `faults` holds every fault that was found, in file order."""

    def __init__(self, source: str, faults: tuple[Fault, ...]) -> None:
        """Takes the name of the file (or of the flow) and at least one fault."""
        self.source = source
        self.faults = faults
        super().__init__(f"flow {source} is refused:\n" + "\n".join(f"  - {fault}" for fault in faults))


def in_file_order(faults: list[Fault]) -> tuple[Fault, ...]:
    """The faults sorted by line, then path, without repeats."""
    return tuple(dict.fromkeys(sorted(faults, key=lambda fault: (fault.line, fault.path, fault.code))))
