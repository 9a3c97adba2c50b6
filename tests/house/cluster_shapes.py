"""What a cluster demands of statements and of the code that sends them: the rules R12 to R29, one check each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from sqlglot import exp

from tests.house.sql_rules import SCOPES, tables_of, tied
from tests.house.statements import Statement, statements, tenant_tables
from tests.house.tree import sources

CHANGES = (exp.Insert, exp.Update, exp.Delete)

# Functions that PostgreSQL calls STABLE, or that depend on settings of the session: not over a column in a change (R20).
STABLE = {
    "to_json", "to_jsonb", "json_build_object", "jsonb_build_object", "json_build_array", "jsonb_build_array", "row_to_json",
    "concat", "concat_ws", "format", "to_char", "to_date", "to_timestamp", "date_trunc", "timezone", "age", "array_to_json",
    "array_to_string", "quote_literal",
}  # fmt: skip
# What may stand in ON CONFLICT DO UPDATE besides EXCLUDED, columns and parameters: immutable (R23).
IMMUTABLE = (exp.Coalesce, exp.Greatest, exp.Least, exp.Cast, exp.Case, exp.If, exp.Nullif)
BUILT_IN = re.compile(
    r"^(?:BIGINT|INT|SMALLINT|TEXT|VARCHAR|UUID|BOOLEAN|DECIMAL|NUMERIC|JSONB?|BYTEA|VARBINARY|TIMESTAMPTZ|TIMESTAMP"
    r"|DATE|INTERVAL|DOUBLE PRECISION|REAL|REGCLASS|XID8?|OID)\b",
    re.IGNORECASE,
)
ADVISORY = re.compile(r"\bpg_(?:try_)?advisory_\w+\s*\(", re.IGNORECASE)
# Migrations run through the coordinator only (R8), so a lock of that one node is a lock of all migrations.
MAY_LOCK_THE_NODE = {"engine/db/queries.sql lock_migrations", "engine/db/queries.sql unlock_migrations"}
NOTIFIES = re.compile(r"\bpg_notify\s*\(", re.IGNORECASE)
SETS = re.compile(r"\bset_config\s*\(\s*'(?:coster\.|lock_timeout)", re.IGNORECASE)
# What fills a benchmark's own database runs on one server that is thrown away, and nobody has to understand an error there.
FILLS = "simulation/"
# COMMIT, ROLLBACK or nothing, once and without values, inside the transaction: the driver's only way to pass over rows (ADR 0024).
ENDS = ("engine/db/sets.py", "executemany")
SPOKEN = {
    "executemany": "R12: each row would be a transaction of its own",
    "copy_records_to_table": "R13: COPY loses the SQLSTATE",
    "copy_to_table": "R13: COPY loses the SQLSTATE",
    "constraint_name": "R14: on a cluster it is None",
}
SAID = {
    "R16: only READ COMMITTED with ordered locks": re.compile(
        r"\bserializable\b|\brepeatable[_ ]read\b", re.IGNORECASE
    ),
    "R16: the client has no two-phase commit": re.compile(r"\b(?:PREPARE|COMMIT PREPARED)\s+TRANSACTION\b"),
    "R29: SET LOCAL with a literal": SETS,
}


def _changing(root: Path) -> Iterator[tuple[Statement, exp.Expression]]:
    """Yields every INSERT, UPDATE and DELETE with the statement that it stands in."""
    for statement in statements(root):
        for tree in statement.trees:
            for change in tree.find_all(*CHANGES):
                yield statement, change


def bulk_inserts_without_returning(root: Path) -> list[str]:
    """Yields INSERT ... SELECT with neither RETURNING nor ON CONFLICT (R13): errors would lose their SQLSTATE."""
    return [
        f"{statement.where} inserts a set without RETURNING"
        for statement, change in _changing(root)
        if isinstance(change, exp.Insert) and isinstance(change.expression, exp.Query)
        if not isinstance(change.expression, exp.Values) and not statement.file.startswith(FILLS)
        if not change.args.get("returning") and not change.args.get("conflict")
    ]


def bulk_inserts_without_the_tenants_row(root: Path) -> list[str]:
    """Yields INSERT ... SELECT that joins no table of the organisation (R17): it would go by COPY or a temporary result."""
    tenant = tenant_tables(root)
    return [
        f"{statement.where} inserts a set without FROM org"
        for statement, change in _changing(root)
        if isinstance(change, exp.Insert) and isinstance(change.expression, exp.Select)
        if not any(table.name in tenant for table in tables_of(change.expression))
    ]


def insert_targets_without_alias(root: Path) -> list[str]:
    """Yields INSERTs whose target has no alias or whose RETURNING is not qualified by it, and those from a UNION (R18)."""
    found = []
    for statement, change in _changing(root):
        if not isinstance(change, exp.Insert):
            continue
        target = change.find(exp.Table)
        if isinstance(change.expression, exp.SetOperation):
            found.append(f"{statement.where} inserts a UNION")
        returned = change.args.get("returning")
        if returned is None:
            continue
        columns = [column for one in returned.expressions for column in one.find_all(exp.Column)]
        if not target.alias or any(column.table != target.alias for column in columns):
            found.append(f"{statement.where} needs an alias for its target, and RETURNING alias.column")
    return found


def stable_functions_over_columns(root: Path) -> list[str]:
    """Yields UPDATEs and DELETEs that call a STABLE function, or cast to a type of ours, over a column (R20)."""
    return [
        f"{statement.where} computes {node.sql('postgres')} in an UPDATE or DELETE"
        for statement, change in _changing(root)
        if isinstance(change, exp.Update | exp.Delete)
        for node in change.walk()
        if _is_stable(node) and node.find(exp.Column) is not None
    ]


def _is_stable(node: exp.Expression) -> bool:
    """Yields whether what a node computes depends on more than its operands, as PostgreSQL sees it."""
    match node:
        case exp.Cast(to=exp.DataType() as kind):
            return BUILT_IN.match(kind.sql("postgres")) is None
        case exp.Add() | exp.Sub():
            return any(isinstance(side, exp.Interval) for side in (node.this, node.expression))
        case exp.Anonymous():
            return node.name.lower() in STABLE
        case exp.Func():
            names = {name.lower() for name in node.sql_names()}
            return bool(names & STABLE) or node.sql("postgres").split("(")[0].lower() in STABLE
    return False


def returned_expressions(root: Path) -> list[str]:
    """Yields RETURNING with anything but columns (R22)."""
    return [
        f"{statement.where} returns {one.sql('postgres')}"
        for statement, change in _changing(root)
        if (returned := change.args.get("returning")) is not None
        for one in returned.expressions
        if not isinstance(one.unalias(), exp.Column)
    ]


def conflicts_that_compute(root: Path) -> list[str]:
    """Yields ON CONFLICT DO UPDATE with a function that is not known as immutable (R23)."""
    return [
        f"{statement.where} calls {node.sql('postgres')} on conflict"
        for statement, change in _changing(root)
        if isinstance(change, exp.Insert) and (conflict := change.args.get("conflict")) is not None
        for node in conflict.find_all(exp.Func)
        if not isinstance(node, (*IMMUTABLE, exp.Connector, exp.Exists))
    ]


def locks_of_several_organisations(root: Path) -> list[str]:
    """Yields SELECT ... FOR UPDATE without `org_id = :org_id`, even where a look across is allowed (R24)."""
    tenant = tenant_tables(root)
    found = []
    for statement in statements(root):
        for tree in statement.trees:
            derived = {cte.alias for cte in tree.find_all(exp.CTE)}
            for select in tree.find_all(exp.Select):
                if not select.args.get("locks"):
                    continue
                loose = {table.alias_or_name for table in tables_of(select) if table.name in tenant}
                if loose - tied(select, derived):
                    found.append(f"{statement.where} locks rows of several organisations")
    return found


def changes_inside_with(root: Path) -> list[str]:
    """Yields statements whose WITH changes rows and whose end inserts, or whose WITH inserts (R25)."""
    found = []
    for statement in statements(root):
        if statement.file.startswith(FILLS):
            continue
        for tree in statement.trees:
            inner = [cte.this for cte in tree.find_all(exp.CTE) if isinstance(cte.this, CHANGES)]
            ends_in_insert = bool(inner) and isinstance(tree, exp.Insert)
            if ends_in_insert or any(isinstance(one, exp.Insert) for one in inner):
                found.append(f"{statement.where} inserts beside a change in WITH")
    return found


def selects_inside_values(root: Path) -> list[str]:
    """Yields VALUES with a select inside (R26); recursive and correlated ones need org_id as any other (R11)."""
    return [
        f"{statement.where} selects inside VALUES"
        for statement in statements(root)
        for tree in statement.trees
        for values in tree.find_all(exp.Values)
        if values.find(*SCOPES) is not None
    ]


def advisory_locks(root: Path) -> list[str]:
    """Yields advisory locks (R27): each holds on one node only."""
    return [
        f"{statement.where} takes an advisory lock"
        for statement in statements(root)
        if ADVISORY.search(statement.bare) and statement.where.rstrip("^$!#<*") not in MAY_LOCK_THE_NODE
    ]


def notifications_over_tables(root: Path) -> list[str]:
    """Yields pg_notify in a statement that reads a table (R28): it would ring on a worker, where nobody listens."""
    return [
        f"{statement.where} notifies from a table"
        for statement in statements(root)
        if NOTIFIES.search(statement.bare)
        and any(tree.find(exp.Table) is not None for tree in statement.trees)
    ]


def settings_by_function(root: Path) -> list[str]:
    """Yields statements that set the organisation or the lock's patience by set_config (R29)."""
    return [f"{one.where} uses set_config" for one in statements(root) if SETS.search(one.bare)]


def code_that_speaks_otherwise(root: Path) -> list[str]:
    """Yields Python that sends rows one by one, copies, reads constraint names or asks for other isolation (R12 to R16, R29)."""
    found = []
    for source in sources(root):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and node.attr in SPOKEN:
                if node.attr.startswith("copy") and source.name.startswith(FILLS):
                    continue
                if (source.name, node.attr) == ENDS:
                    continue
                found.append(f"{source.name}:{node.lineno} uses {node.attr} ({SPOKEN[node.attr]})")
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found += [
                    f"{source.name}:{node.lineno} says otherwise ({rule})"
                    for rule, pattern in SAID.items()
                    if pattern.search(node.value)
                ]
    return found


ALL = (
    bulk_inserts_without_returning,
    bulk_inserts_without_the_tenants_row,
    insert_targets_without_alias,
    stable_functions_over_columns,
    returned_expressions,
    conflicts_that_compute,
    locks_of_several_organisations,
    changes_inside_with,
    selects_inside_values,
    advisory_locks,
    notifications_over_tables,
    settings_by_function,
    code_that_speaks_otherwise,
)
