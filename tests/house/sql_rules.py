"""The checks of test_sql: each takes the root of a tree and yields its breaches, a sentence each."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlglot import exp

from tests.house.statements import (
    COMMENT,
    NAME,
    TableChange,
    query_files,
    reference_tables,
    schema_files,
    statements,
    table_changes,
    tenant_tables,
)

Check = Callable[[Path], list[str]]
Scope = exp.Select | exp.Update | exp.Delete
SCOPES = (exp.Select, exp.Update, exp.Delete)

# A statement of the system itself may look across organisations when its comment says so, in these places only.
ACROSS = "across organisations"
MAY_LOOK_ACROSS = ("engine/", "domain/identity/", "domain/federation/", "domain/linking/")

FORBIDDEN = {
    "MERGE": re.compile(r"\bMERGE\s+INTO\b", re.IGNORECASE),
    "a trigger": re.compile(r"\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\b", re.IGNORECASE),
    "a deferred constraint": re.compile(r"\bDEFERRABLE\b|\bINITIALLY\s+DEFERRED\b", re.IGNORECASE),
    "ON DELETE SET NULL or SET DEFAULT": re.compile(
        r"\bON\s+(?:DELETE|UPDATE)\s+SET\s+(?:NULL|DEFAULT)\b", re.IGNORECASE
    ),
}
CLOCK_OR_CHANCE = re.compile(
    r"\b(?:random|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|now|gen_random_uuid|uuidv[47]|nextval)"
    r"\s*\(|\b(?:CURRENT_TIMESTAMP|CURRENT_DATE|CURRENT_TIME|LOCALTIMESTAMP|LOCALTIME)\b",
    re.IGNORECASE,
)
FEWEST_WORDS = 3


def unnamed_or_uncommented(root: Path) -> list[str]:
    """Yields text before the first name, statements without a sentence of comment, names given twice or to two."""
    found = [
        f"{file} has a statement without a name"
        for file, text in query_files(root).items()
        if COMMENT.sub("", NAME.split(text)[0]).strip()
    ]
    seen: set[tuple[str, str]] = set()
    for statement in statements(root):
        key = (statement.file, statement.name.rstrip("^$!#<*"))
        if key in seen:
            found.append(f"{statement.where} has a name that another statement of the file has")
        seen.add(key)
        if len(statement.comment.split()) < FEWEST_WORDS:
            found.append(f"{statement.where} has no sentence of comment")
        if len(statement.trees) != 1:
            found.append(
                f"{statement.where} is {len(statement.trees)} statements; each has a name of its own"
            )
    return found


def forbidden_forms(root: Path) -> list[str]:
    """Yields the forms that a cluster refuses or that hide what happens (R3, R6, R10)."""
    texts = {**query_files(root), **schema_files(root)}
    return [
        f"{file} uses {form}"
        for file, text in texts.items()
        for form, pattern in FORBIDDEN.items()
        if pattern.search(COMMENT.sub("", text))
    ]


def clock_or_chance(root: Path) -> list[str]:
    """Yields the statements that read a clock or throw dice (R21): instants and ids are parameters."""
    return [
        f"{statement.where} calls {match.group().rstrip('( ')}: instants and ids are parameters"
        for statement in statements(root)
        if (match := CLOCK_OR_CHANCE.search(statement.bare))
    ]


def locks_without_order(root: Path) -> list[str]:
    """Yields the statements that lock rows in no stated order: two of them would wait for each other."""
    return [
        f"{statement.where} locks rows without ORDER BY"
        for statement in statements(root)
        for tree in statement.trees
        for select in tree.find_all(exp.Select)
        if select.args.get("locks") and not select.args.get("order")
    ]


# -------------------------------------------------------------------------- every row of one organisation


def statements_without_organisation(root: Path) -> list[str]:
    """Yields the statements that reach a row of a tenant table without `org_id = :org_id` (R11)."""
    tenant = tenant_tables(root)
    found = []
    for statement in statements(root):
        if ACROSS in statement.comment.lower() and statement.file.startswith(MAY_LOOK_ACROSS):
            continue
        found += [
            f"{statement.where} reaches {table} of any organisation: it needs {table}.org_id = :org_id"
            for tree in statement.trees
            for table in _unfiltered(tree, tenant)
        ]
        found += [
            f"{statement.where} inserts into {insert.find(exp.Table).name} without org_id"
            for tree in statement.trees
            for insert in tree.find_all(exp.Insert)
            if insert.find(exp.Table).name in tenant and "org_id" not in _inserted_columns(insert)
        ]
    return found


def _inserted_columns(insert: exp.Insert) -> list[str]:
    """Yields the columns that an INSERT names."""
    return [column.name for column in insert.this.expressions]


def _unfiltered(tree: exp.Expression, tenant: set[str]) -> Iterator[str]:
    """Yields the tenant tables of a statement that no chain of equal org_id ties to the parameter."""
    derived = {cte.alias for cte in tree.find_all(exp.CTE)}
    for scope in tree.find_all(*SCOPES):
        safe = tied(scope, derived)
        for table in tables_of(scope):
            if table.name in tenant and table.name not in derived and table.alias_or_name not in safe:
                yield table.alias_or_name


def _scope_of(node: exp.Expression) -> exp.Expression | None:
    """Yields the SELECT, UPDATE, DELETE or INSERT that a node belongs to."""
    return node.find_ancestor(*SCOPES, exp.Insert)


def tables_of(scope: Scope) -> list[exp.Table]:
    """Yields the tables named in a scope itself, not in the selects inside it."""
    return [table for table in scope.find_all(exp.Table) if _scope_of(table) is scope]


def tied(scope: Scope, derived: set[str]) -> set[str]:
    """Yields the aliases that the scope, or one around it, ties to the organisation of the parameter."""
    tables = tables_of(scope)
    only = tables[0].alias_or_name if len(tables) == 1 else ""
    safe = {table.alias_or_name for table in tables if table.name in derived}
    safe |= {sub.alias for sub in scope.find_all(exp.Subquery) if sub.alias and _scope_of(sub) is scope}
    around = _scope_of(scope)
    if isinstance(around, SCOPES) and not isinstance(scope.parent, exp.CTE):
        safe |= tied(around, derived)
    pairs = []
    for equal in scope.find_all(exp.EQ):
        if _scope_of(equal) is not scope or not _always_holds(equal, scope):
            continue
        left, right = (_owner(side, only) for side in (equal.this, equal.expression))
        if left and _is_parameter(equal.expression):
            safe.add(left)
        elif right and _is_parameter(equal.this):
            safe.add(right)
        elif left and right:
            pairs.append((left, right))
    for join in scope.find_all(exp.Join):
        if _scope_of(join) is scope and "org_id" in [column.name for column in join.args.get("using") or []]:
            names = [table.alias_or_name for table in tables]
            pairs += list(itertools.pairwise(names))
    return _closed(safe, pairs)


def _closed(tied: set[str], pairs: list[tuple[str, str]]) -> set[str]:
    """Yields everything that the pairs connect with what is tied."""
    grown = tied | {b for a, b in pairs if a in tied} | {a for a, b in pairs if b in tied}
    return grown if grown == tied else _closed(grown, pairs)


def _always_holds(equal: exp.EQ, scope: Scope) -> bool:
    """Yields whether a comparison is a condition of the scope: not an assignment, and not under OR, NOT or CASE."""
    node: exp.Expression = equal
    while node.parent is not None and node is not scope:
        if isinstance(node, exp.Where | exp.Join):
            return True
        if isinstance(node, exp.Or | exp.Not | exp.Case):
            return False
        node = node.parent
    return False


def _owner(side: exp.Expression, only: str) -> str:
    """Yields the alias whose org_id a side of a comparison is; empty if it is none."""
    return side.table or only if isinstance(side, exp.Column) and side.name == "org_id" else ""


def _is_parameter(side: exp.Expression) -> bool:
    """Yields whether a side of a comparison is the parameter :org_id."""
    return isinstance(side, exp.Placeholder) and side.name == "p_org_id"


# -------------------------------------------------------------------------------------------------------------- schema


def keys_without_organisation(root: Path) -> list[str]:
    """Yields the keys of tenant tables that leave org_id out (R1 to R3)."""
    shared = reference_tables(root)
    return [
        f"{change.where} has {kind} without org_id: {', '.join(columns) or 'none'}"
        for change in table_changes(root)
        if change.table not in shared
        for kind, columns in _keys(change, shared)
        if "org_id" not in columns
    ]


def _keys(change: TableChange, shared: set[str]) -> Iterator[tuple[str, list[str]]]:
    """Yields kind and columns of each key in a statement; foreign keys to reference tables are left out."""
    for node in change.tree.walk():
        match node:
            case exp.PrimaryKey():
                yield "a primary key", names_of(node.expressions)
            case exp.PrimaryKeyColumnConstraint():
                yield "a primary key", [node.find_ancestor(exp.ColumnDef).name]
            case exp.UniqueColumnConstraint(this=exp.Schema() as schema):
                yield "a unique key", names_of(schema.expressions)
            case exp.UniqueColumnConstraint():
                yield "a unique key", [node.find_ancestor(exp.ColumnDef).name]
            case exp.Reference() if node.find(exp.Table).name not in shared:
                foreign = node.find_ancestor(exp.ForeignKey, exp.ColumnDef)
                columns = (
                    names_of(foreign.expressions) if isinstance(foreign, exp.ForeignKey) else [foreign.name]
                )
                yield "a foreign key", columns
            case exp.Index() if change.tree.args.get("unique"):
                yield "a unique index", names_of(node.args["params"].args["columns"])


def names_of(columns: list[exp.Expression]) -> list[str]:
    """Yields the names of columns in a key; an expression counts by its text."""
    return [
        column.this.name or column.this.sql() if isinstance(column, exp.Ordered) else column.name
        for column in columns
    ]


def tables_not_led_by_organisation(root: Path) -> list[str]:
    """Yields the tenant tables whose first column is not `org_id bigint NOT NULL` (R1)."""
    shared = reference_tables(root)
    found = []
    for change in table_changes(root):
        if not change.makes_table or change.table in shared:
            continue
        first = change.tree.find(exp.ColumnDef)
        is_filled = first is not None and first.find(
            exp.NotNullColumnConstraint, exp.PrimaryKeyColumnConstraint
        )
        if first is None or first.name != "org_id" or first.kind.sql() != "BIGINT" or not is_filled:
            found.append(f"{change.where} does not begin with org_id bigint NOT NULL")
    return found


def tables_not_placed_and_secured(root: Path) -> list[str]:
    """Yields the tables that no cluster would know how to place (R4), or that row-level security does not guard."""
    shared = reference_tables(root)
    texts = {file: COMMENT.sub("", text) for file, text in schema_files(root).items()}
    found = []
    for change in table_changes(root):
        if not change.makes_table:
            continue
        needed = ["place_table"] if change.table in shared else ["place_table", "secure_table"]
        found += [
            f"{change.where} is made without {call}('coster.{change.table}' …)"
            for call in needed
            if not re.search(rf"{call}\('(?:coster\.)?{change.table}'", texts[change.file])
        ]
    return found


ALL: tuple[Check, ...] = (
    unnamed_or_uncommented,
    forbidden_forms,
    clock_or_chance,
    locks_without_order,
    statements_without_organisation,
    keys_without_organisation,
    tables_not_led_by_organisation,
    tables_not_placed_and_secured,
)
