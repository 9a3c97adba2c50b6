"""Named statements and schema files, read and parsed for the checks of test_sql."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import sqlglot
from sqlglot import exp

from tests.house.tree import files

# What sqlglot does not know (functions, DO blocks) it keeps as text and says so each time; the checks do not need it.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

NAME = re.compile(r"^--\s*name:\s*(\S+)", re.MULTILINE)
# Parameters are renamed before parsing, since one called like a word of SQL (:only) would be taken for that word.
PARAMETER = re.compile(r"(?<![:\w]):([a-z]\w*)")
COMMENT = re.compile(r"--[^\n]*")
REFERENCE_TABLE = re.compile(r"place_table\('(?:coster\.)?(\w+)',\s*'reference'\)")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One named statement; `where` is the file's name and the statement's, `text` everything up to the next name."""

    file: str
    name: str
    text: str

    @property
    def where(self) -> str:
        """Yields how a breach calls it."""
        return f"{self.file} {self.name}"

    @property
    def comment(self) -> str:
        """Yields the comment's lines between the name and the statement, as one."""
        lines = []
        for line in self.text.strip().splitlines():
            if not line.startswith("--"):
                break
            lines.append(line.lstrip("- "))
        return " ".join(lines).strip()

    @property
    def bare(self) -> str:
        """Yields the statement without its comments."""
        return COMMENT.sub("", self.text).strip()

    @cached_property
    def trees(self) -> list[exp.Expression]:
        """Yields what PostgreSQL would be sent, parsed; one, when all is well. Parameters are called p_<name>.

        Raises: AssertionError when the statement cannot be parsed.
        """
        try:
            return parsed(PARAMETER.sub(r":p_\1", self.bare))
        except sqlglot.errors.ParseError as error:
            raise AssertionError(f"{self.where} cannot be parsed: {error}") from error


def parsed(text: str) -> list[exp.Expression]:
    """Yields the statements of a text, parsed as PostgreSQL; empty ones are left out."""
    return [tree for tree in sqlglot.parse(text, dialect="postgres") if tree is not None]


def query_files(root: Path) -> dict[str, str]:
    """Yields name and text of every file of named statements below the root."""
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in files(root, ".sql")
        if path.name == "queries.sql"
    }


def schema_files(root: Path) -> dict[str, str]:
    """Yields name and text of every file that makes or changes tables: the rooms' schemas and the migrations."""
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in files(root, ".sql")
        if path.name == "schema.sql" or path.parent.name == "migrations"
    }


def statements(root: Path) -> list[Statement]:
    """Yields all named statements below the root, in order of file and place."""
    found = []
    for file, text in query_files(root).items():
        _, *rest = NAME.split(text)
        found += [
            Statement(file=file, name=name, text=body)
            for name, body in zip(rest[::2], rest[1::2], strict=True)
        ]
    return found


@dataclass(frozen=True, kw_only=True)
class TableChange:
    """A CREATE TABLE, ALTER TABLE or CREATE INDEX; `table` is the table's name without its schema."""

    file: str
    table: str
    tree: exp.Expression

    @property
    def where(self) -> str:
        """Yields how a breach calls it."""
        return f"{self.file} {self.table}"

    @property
    def makes_table(self) -> bool:
        """Yields whether the table is made here."""
        return isinstance(self.tree, exp.Create) and self.tree.args["kind"] == "TABLE"


def table_changes(root: Path) -> list[TableChange]:
    """Yields every statement below the root that makes a table or an index, or alters a table."""
    return [
        TableChange(file=file, table=table.name, tree=tree)
        for file, text in schema_files(root).items()
        for tree in parsed(text)
        if isinstance(tree, exp.Alter)
        or (isinstance(tree, exp.Create) and tree.args["kind"] in {"TABLE", "INDEX"})
        if (table := tree.find(exp.Table)) is not None
    ]


def reference_tables(root: Path) -> set[str]:
    """Yields the tables that all organisations share, as their placement declares them."""
    return {
        name
        for text in schema_files(root).values()
        for name in REFERENCE_TABLE.findall(COMMENT.sub("", text))
    }


def tenant_tables(root: Path) -> set[str]:
    """Yields the tables of which every row belongs to an organisation: all but the reference tables."""
    made = {change.table for change in table_changes(root) if change.makes_table}
    return made - reference_tables(root)
