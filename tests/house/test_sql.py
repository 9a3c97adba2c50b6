"""One SQL text for one server and for a cluster, and no statement that could see another organisation's rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import sql_rules
from tests.house.tree import PACKAGE, plant

SCHEMA = """
CREATE TABLE coster.org (org_id bigint PRIMARY KEY, name text NOT NULL);
SELECT coster.place_table('coster.org', 'tenant');
SELECT coster.secure_table('coster.org');
CREATE TABLE coster.currency (code text PRIMARY KEY);
SELECT coster.place_table('coster.currency', 'reference');
CREATE TABLE coster.item (
    org_id bigint NOT NULL REFERENCES coster.org (org_id),
    id     uuid   NOT NULL,
    code   text   NOT NULL,
    price  text   NOT NULL REFERENCES coster.currency (code),
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, code)
);
SELECT coster.place_table('coster.item', 'tenant');
SELECT coster.secure_table('coster.item');
CREATE TABLE coster.line (org_id bigint NOT NULL, id uuid, item_id uuid, PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, item_id) REFERENCES coster.item (org_id, id) ON DELETE CASCADE);
CREATE UNIQUE INDEX line_item ON coster.line (org_id, item_id) WHERE item_id IS NOT NULL;
SELECT coster.place_table('coster.line', 'tenant');
SELECT coster.secure_table('coster.line');
"""
QUERY = "-- name: a_query\n-- What it is good for.\n"
TABLE = "CREATE TABLE coster.extra ({});\nSELECT coster.place_table('coster.extra', 'tenant');\nSELECT coster.secure_table('coster.extra');\n"

# The check, and the statement that breaches it and nothing else.
BAD_QUERIES: list[tuple[sql_rules.Check, str]] = [
    (sql_rules.unnamed_or_uncommented, "SELECT 1"),
    (sql_rules.unnamed_or_uncommented, "-- name: a_query\nSELECT 1"),
    (sql_rules.unnamed_or_uncommented, QUERY + "SELECT 1;\nSELECT 2"),
    (sql_rules.unnamed_or_uncommented, QUERY + "SELECT 1;\n" + QUERY + "SELECT 1"),
    (sql_rules.forbidden_forms, QUERY + "MERGE INTO item AS i USING line AS l ON false WHEN MATCHED THEN DELETE"),
    (sql_rules.clock_or_chance, QUERY + "UPDATE item AS i SET code = now() WHERE i.org_id = :org_id"),
    (sql_rules.clock_or_chance, QUERY + "UPDATE item AS i SET code = random() WHERE i.org_id = :org_id"),
    (sql_rules.clock_or_chance, QUERY + "UPDATE item AS i SET id = gen_random_uuid() WHERE i.org_id = :org_id"),
    (sql_rules.clock_or_chance, QUERY + "DELETE FROM item AS i WHERE i.org_id = :org_id AND i.at < clock_timestamp()"),
    (sql_rules.clock_or_chance, QUERY + "UPDATE item AS i SET code = CURRENT_TIMESTAMP WHERE i.org_id = :org_id"),
    (sql_rules.locks_without_order, QUERY + "SELECT i.id FROM item AS i WHERE i.org_id = :org_id FOR UPDATE"),
    (sql_rules.locks_without_order, QUERY + "SELECT i.id FROM item AS i WHERE i.org_id = :org_id FOR NO KEY UPDATE"),
    (
        sql_rules.locks_without_order,
        QUERY + "WITH x AS (SELECT i.id FROM item AS i WHERE i.org_id = :org_id FOR SHARE SKIP LOCKED) SELECT 1 FROM x",
    ),
    (sql_rules.statements_without_organisation, QUERY + "SELECT i.id FROM item AS i"),
    (sql_rules.statements_without_organisation, QUERY + "SELECT i.id FROM item AS i WHERE i.id = :id"),
    (sql_rules.statements_without_organisation, QUERY + "SELECT i.id FROM item AS i WHERE i.org_id <> :org_id"),
    (sql_rules.statements_without_organisation, QUERY + "SELECT i.id FROM item AS i WHERE i.org_id = :org_id OR i.id = :id"),
    (sql_rules.statements_without_organisation, QUERY + "SELECT i.id FROM item AS i WHERE NOT i.org_id = :org_id"),
    (sql_rules.statements_without_organisation, QUERY + "SELECT i.id FROM item AS i WHERE i.org_id = :id"),
    (
        sql_rules.statements_without_organisation,
        QUERY + "SELECT 1 FROM item AS i JOIN line AS l ON l.item_id = i.id WHERE i.org_id = :org_id",
    ),
    (
        sql_rules.statements_without_organisation,
        QUERY + "SELECT 1 FROM item AS i WHERE i.org_id = :org_id AND EXISTS (SELECT 1 FROM line AS l WHERE l.item_id = i.id)",
    ),
    (
        sql_rules.statements_without_organisation,
        QUERY + "SELECT 1 FROM item AS i JOIN unnest(:orgs::bigint[]) AS u (org_id) ON u.org_id = i.org_id",
    ),
    (sql_rules.statements_without_organisation, QUERY + "UPDATE item AS i SET org_id = :org_id"),
    (sql_rules.statements_without_organisation, QUERY + "DELETE FROM item AS i WHERE i.id = ANY(:ids::uuid[])"),
    (sql_rules.statements_without_organisation, QUERY + "INSERT INTO item AS i (id) SELECT u.id FROM unnest(:ids::uuid[]) AS u (id)"),
    (
        sql_rules.statements_without_organisation,
        QUERY + "WITH x AS (SELECT i.org_id, i.id FROM item AS i) SELECT x.id FROM x WHERE x.org_id = :org_id",
    ),
    (
        sql_rules.statements_without_organisation,
        "-- name: a_query\n-- Looks across organisations, from a room that may not.\nSELECT i.id FROM item AS i",
    ),
]  # fmt: skip

GOOD_QUERIES = [
    "SELECT id FROM item WHERE org_id = :org_id",
    "SELECT i.id FROM item AS i WHERE i.org_id = :org_id ORDER BY i.id FOR NO KEY UPDATE",
    "SELECT 1 FROM item AS i JOIN line AS l ON l.org_id = i.org_id AND l.item_id = i.id WHERE i.org_id = :org_id",
    "SELECT 1 FROM item AS i JOIN line AS l USING (org_id) WHERE i.org_id = :org_id",
    "SELECT 1 FROM item AS i WHERE i.org_id = :org_id AND EXISTS (SELECT 1 FROM line AS l WHERE l.org_id = i.org_id)",
    "SELECT c.code FROM currency AS c",
    "SELECT i.id FROM item AS i WHERE i.org_id = :org_id AND (:only::uuid IS NULL OR i.id = :only)",
    (
        "UPDATE item AS i SET code = u.code FROM unnest(:ids::uuid[], :codes::text[]) AS u (id, code)"
        " WHERE i.org_id = :org_id AND i.id = u.id RETURNING i.id"
    ),
    "DELETE FROM line AS l USING item AS i WHERE l.org_id = :org_id AND i.org_id = l.org_id AND i.id = l.item_id",
    (
        "INSERT INTO item AS i (org_id, id) SELECT o.org_id, u.id FROM org AS o CROSS JOIN unnest(:ids::uuid[]) AS u (id)"
        " WHERE o.org_id = :org_id ON CONFLICT (org_id, id) DO UPDATE SET code = EXCLUDED.code RETURNING i.id"
    ),
    (
        "WITH x AS (SELECT i.org_id, i.id FROM item AS i WHERE i.org_id = :org_id)"
        " SELECT 1 FROM x JOIN line AS l ON l.org_id = x.org_id"
    ),
]

BAD_SCHEMAS: list[tuple[sql_rules.Check, str]] = [
    (sql_rules.forbidden_forms, "CREATE TRIGGER t BEFORE INSERT ON coster.item EXECUTE FUNCTION f();"),
    (sql_rules.forbidden_forms, "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON coster.item EXECUTE FUNCTION f();"),
    (
        sql_rules.forbidden_forms,
        "ALTER TABLE coster.line ADD CONSTRAINT c FOREIGN KEY (org_id, id) REFERENCES coster.item (org_id, id) DEFERRABLE;",
    ),
    (
        sql_rules.forbidden_forms,
        "ALTER TABLE coster.line ADD CONSTRAINT c FOREIGN KEY (org_id, id) REFERENCES coster.item (org_id, id) ON DELETE SET NULL;",
    ),
    (sql_rules.keys_without_organisation, TABLE.format("org_id bigint NOT NULL, id uuid PRIMARY KEY")),
    (sql_rules.keys_without_organisation, TABLE.format("org_id bigint NOT NULL, id uuid, PRIMARY KEY (id)")),
    (sql_rules.keys_without_organisation, TABLE.format("org_id bigint NOT NULL, id uuid UNIQUE")),
    (sql_rules.keys_without_organisation, TABLE.format("org_id bigint NOT NULL, id uuid, UNIQUE (id)")),
    (sql_rules.keys_without_organisation, TABLE.format("org_id bigint NOT NULL, id uuid REFERENCES coster.item (id)")),
    (
        sql_rules.keys_without_organisation,
        TABLE.format("org_id bigint NOT NULL, id uuid, FOREIGN KEY (id) REFERENCES coster.item (id)"),
    ),
    (sql_rules.keys_without_organisation, "CREATE UNIQUE INDEX u ON coster.item (lower(code));"),
    (sql_rules.keys_without_organisation, "ALTER TABLE coster.item ADD CONSTRAINT u UNIQUE (code);"),
    (sql_rules.tables_not_led_by_organisation, TABLE.format("id uuid NOT NULL, org_id bigint NOT NULL")),
    (sql_rules.tables_not_led_by_organisation, TABLE.format("org_id integer NOT NULL")),
    (sql_rules.tables_not_led_by_organisation, TABLE.format("org_id bigint")),
    (
        sql_rules.tables_not_placed_and_secured,
        "CREATE TABLE coster.a (org_id bigint NOT NULL);\nSELECT coster.place_table('coster.a', 'tenant');",
    ),
    (
        sql_rules.tables_not_placed_and_secured,
        "CREATE TABLE coster.a (org_id bigint NOT NULL);\nSELECT coster.secure_table('coster.a');",
    ),
]  # fmt: skip


def name_of(value: object) -> str | None:
    """Yields a check's name for the report, and nothing for other parameters."""
    return getattr(value, "__name__", None)


@pytest.mark.parametrize("check", sql_rules.ALL, ids=name_of)
def test_package_keeps_the_rules(check: sql_rules.Check) -> None:
    """Every rule holds for every statement and table of the package."""
    assert check(PACKAGE) == []


@pytest.mark.parametrize(("check", "text"), BAD_QUERIES, ids=name_of)
def test_planted_statement_is_found(check: sql_rules.Check, text: str, tmp_path: Path) -> None:
    """One bad statement is one sentence that names its file."""
    plant(tmp_path, "domain/catalog/schema.sql", SCHEMA)
    plant(tmp_path, "domain/catalog/queries.sql", text + ";\n")
    [breach] = check(tmp_path)
    assert breach.startswith("domain/catalog/queries.sql")


@pytest.mark.parametrize("text", GOOD_QUERIES)
def test_sound_statement_is_left_alone(text: str, tmp_path: Path) -> None:
    """The shapes that we use are no breach of any rule."""
    plant(tmp_path, "domain/catalog/schema.sql", SCHEMA)
    plant(tmp_path, "domain/catalog/queries.sql", QUERY + text + ";\n")
    assert [breach for check in sql_rules.ALL for breach in check(tmp_path)] == []


def test_system_may_look_across_organisations(tmp_path: Path) -> None:
    """The engine's own statements may, when their comment says so."""
    plant(tmp_path, "domain/catalog/schema.sql", SCHEMA)
    comment = "-- name: a_query\n-- Looks across organisations for what is due.\n"
    plant(tmp_path, "engine/outbox/queries.sql", comment + "SELECT i.id FROM item AS i;\n")
    assert sql_rules.statements_without_organisation(tmp_path) == []


@pytest.mark.parametrize(("check", "text"), BAD_SCHEMAS, ids=name_of)
def test_planted_table_is_found(check: sql_rules.Check, text: str, tmp_path: Path) -> None:
    """One bad table or key is one sentence that names its file."""
    plant(tmp_path, "domain/catalog/schema.sql", SCHEMA)
    plant(tmp_path, "domain/orders/schema.sql", text + "\n")
    [breach] = check(tmp_path)
    assert breach.startswith("domain/orders/schema.sql")


def test_every_rule_has_a_planted_breach() -> None:
    """A rule that was never seen red proves nothing."""
    assert {check for check, _ in BAD_QUERIES + BAD_SCHEMAS} == set(sql_rules.ALL)
