"""What a cluster demands of tables and their changes: the rules R3 to R10, one check each."""

from __future__ import annotations

import re
from pathlib import Path

from sqlglot import exp

from tests.house.statements import (
    COMMENT,
    parsed,
    query_files,
    reference_tables,
    schema_files,
    statements,
    table_changes,
)
from tests.house.tree import files

# What benchmarks run on servers that are thrown away: the other side of a comparison, and made up rows.
NOT_OURS = re.compile(r"^simulation/sql/\w+\.sql$")
# Citus puts its own view there.
OF_CITUS = "public.citus_tables"
PLACED = re.compile(r"place_table\('(?:coster\.)?(\w+)'", re.IGNORECASE)

RULE = re.compile(r"\bCREATE\s+(?:OR\s+REPLACE\s+)?RULE\b", re.IGNORECASE)
VIRTUAL = re.compile(r"\bAS\s*\((?:[^()]|\([^()]*\))*\)\s*VIRTUAL\b", re.IGNORECASE)
PARTITIONS = {
    "partitions other than by range": r"\bPARTITION\s+BY\s+(?!RANGE\b)\w+",
    "partitions by org_id": r"\bPARTITION\s+BY\s+RANGE\s*\(\s*org_id\b",
    "partitions of partitions": r"\bPARTITION\s+OF\b[^;]*\bPARTITION\s+BY\b",
    "DETACH CONCURRENTLY": r"\bDETACH\s+PARTITION\s+[\w.]+\s+CONCURRENTLY\b",
}
RENAMED = re.compile(r"\bRENAME\s+CONSTRAINT\b|\bALTER\s+SEQUENCE\b", re.IGNORECASE)
INHERITED = re.compile(r"\bINHERITS?\s*[\w(]", re.IGNORECASE)
PINNED = (
    exp.CheckColumnConstraint,
    exp.PrimaryKeyColumnConstraint,
    exp.UniqueColumnConstraint,
    exp.Reference,
)


def unread_files(root: Path) -> list[str]:
    """Yields the .sql files that no check reads, since they are neither queries nor schema."""
    read = {*query_files(root), *schema_files(root)}
    names = [path.relative_to(root).as_posix() for path in files(root, ".sql")]
    return [
        f"{name} is read by no check"
        for name in names
        if name not in read and not NOT_OURS.match(name) and not name.endswith("/roles.sql")
    ]


def tables_outside_our_schema(root: Path) -> list[str]:
    """Yields the tables that are not made in the schema coster, and statements that name another place (R1)."""
    found = [
        f"{change.where} is not in the schema coster"
        for change in table_changes(root)
        if (table := change.tree.find(exp.Table)) is not None and table.db != "coster"
    ]
    found += [
        f"{statement.where} reaches into the schema {table.db}"
        for statement in statements(root)
        for tree in statement.trees
        for table in tree.find_all(exp.Table)
        if table.db not in {"", "coster", "pg_catalog"} and f"{table.db}.{table.name}" != OF_CITUS
    ]
    return found


def shared_tables_that_refer_to_tenants(root: Path) -> list[str]:
    """Yields the reference tables with a foreign key to a table of organisations (R3)."""
    shared = reference_tables(root)
    return [
        f"{change.where} is a reference table and refers to {target}"
        for change in table_changes(root)
        if change.table in shared
        for reference in change.tree.find_all(exp.Reference)
        if (target := reference.find(exp.Table).name) not in shared
    ]


def tables_referred_to_before_they_are_placed(root: Path) -> list[str]:
    """Yields the tables that another refers to before place_table was called for them (R4)."""
    found = []
    for file, text in schema_files(root).items():
        waiting: set[str] = set()
        for tree in parsed(text):
            waiting -= set(PLACED.findall(tree.sql()))
            table = tree.find(exp.Table)
            if table is None or not isinstance(tree, exp.Create | exp.Alter):
                continue
            targets = {reference.find(exp.Table).name for reference in tree.find_all(exp.Reference)}
            found += [
                f"{file} {table.name} refers to {name}, which is placed later"
                for name in targets & waiting - {table.name}
            ]
            if isinstance(tree, exp.Create) and tree.args["kind"] == "TABLE":
                waiting.add(table.name)
    return found


def values_that_the_database_makes(root: Path) -> list[str]:
    """Yields serial and identity columns, and defaults that call a function (R5): ids and instants are given."""
    found = []
    for change in table_changes(root):
        for column in change.tree.find_all(exp.ColumnDef):
            kind = column.args.get("kind")
            default = column.find(exp.DefaultColumnConstraint)
            if (
                (kind is not None and "SERIAL" in kind.sql("postgres").upper())
                or column.find(exp.GeneratedAsIdentityColumnConstraint) is not None
                or (default is not None and default.find(exp.Func) is not None)
            ):
                found.append(f"{change.where}.{column.name} is made by the database: values come in")
    return found


def rules_and_virtual_columns(root: Path) -> list[str]:
    """Yields CREATE RULE and virtual columns (R6); triggers are `forbidden_forms`."""
    return _matching(root, {"CREATE RULE": RULE, "a virtual column": VIRTUAL})


def partitions_of_other_kinds(root: Path) -> list[str]:
    """Yields partitions that a cluster cannot have (R7): other than by range of time, in two levels, or detached live."""
    return [
        f"{file} uses {what}"
        for file, text in schema_files(root).items()
        for what, form in PARTITIONS.items()
        if re.search(form, COMMENT.sub("", text), re.IGNORECASE)
    ]


def changes_of_two_things(root: Path) -> list[str]:
    """Yields the ALTERs that a cluster refuses (R8): a constraint in ADD COLUMN or beside another change, org_id anew."""
    found = _matching(root, {"RENAME CONSTRAINT or ALTER SEQUENCE": RENAMED})
    for change in table_changes(root):
        if not isinstance(change.tree, exp.Alter):
            continue
        actions = change.tree.args.get("actions") or []
        added = [one for one in actions if isinstance(one, exp.AddConstraint)]
        if added and len(actions) > 1:
            found.append(f"{change.where} adds a constraint and changes more in one statement")
        for one in actions:
            if isinstance(one, exp.ColumnDef) and one.find(*PINNED) is not None:
                found.append(f"{change.where} adds {one.name} together with a constraint")
            if isinstance(one, exp.AlterColumn) and one.name == "org_id":
                found.append(f"{change.where} changes org_id")
    return found


def writes_of_reference_tables(root: Path) -> list[str]:
    """Yields the statements that write a table of which every node has a copy (R9): only migrations do."""
    shared = reference_tables(root)
    return [
        f"{statement.where} writes the reference table {target.name}"
        for statement in statements(root)
        for tree in statement.trees
        for write in tree.find_all(exp.Insert, exp.Update, exp.Delete)
        if (target := write.find(exp.Table)) is not None and target.name in shared
    ]


def inherited_tables(root: Path) -> list[str]:
    """Yields tables that inherit from another (R10); MERGE is `forbidden_forms`."""
    return _matching(root, {"INHERIT": INHERITED})


def organisations_rewritten(root: Path) -> list[str]:
    """Yields the statements that give a row another organisation (R8): it would have to move to another node."""
    return [
        f"{statement.where} sets org_id"
        for statement in statements(root)
        for tree in statement.trees
        for update in tree.find_all(exp.Update, exp.OnConflict)
        for change in update.expressions
        if isinstance(change, exp.EQ) and change.this.name == "org_id"
    ]


def _matching(root: Path, forms: dict[str, re.Pattern[str]]) -> list[str]:
    """Yields file and form for each form that a file uses outside comments."""
    texts = {**query_files(root), **schema_files(root)}
    return [
        f"{file} uses {form}"
        for file, text in texts.items()
        for form, pattern in forms.items()
        if pattern.search(COMMENT.sub("", text))
    ]


ALL = (
    unread_files,
    tables_outside_our_schema,
    shared_tables_that_refer_to_tenants,
    tables_referred_to_before_they_are_placed,
    values_that_the_database_makes,
    rules_and_virtual_columns,
    partitions_of_other_kinds,
    changes_of_two_things,
    writes_of_reference_tables,
    inherited_tables,
    organisations_rewritten,
)
