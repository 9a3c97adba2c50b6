"""The thirty rules of a cluster (docs/operate/scale.md): each has a check with a planted breach, or says why none can see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house import cluster_schema, cluster_shapes, sql_rules
from tests.house.named_tests import missing
from tests.house.test_sql import QUERY, SCHEMA, TABLE
from tests.house.tree import PACKAGE, PROJECT, plant

QUERIES = "domain/catalog/queries.sql"
MORE_TABLES = "domain/orders/schema.sql"
CODE = "domain/catalog/store.py"
ACROSS = "-- name: a_query\n-- Looks across organisations for what is due.\n"
CHECKS = (*sql_rules.ALL, *cluster_schema.ALL, *cluster_shapes.ALL)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A rule that a check sees: the check, and what breaches the rule, one text each, in the file named."""

    check: sql_rules.Check
    planted: Sequence[str]
    file: str = QUERIES


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """A rule that no linter sees: why, and the tests that show it (none where nothing can be done wrong)."""

    because: str
    tests: Sequence[str] = ()


def query(*texts: str) -> list[str]:
    """Yields named statements out of bare ones."""
    return [QUERY + text for text in texts]


RULES: dict[str, list[Seen | Unseen]] = {
    "R1": [
        Seen(check=sql_rules.tables_not_led_by_organisation, file=MORE_TABLES,
             planted=[TABLE.format("id uuid, org_id bigint NOT NULL"), TABLE.format("org_id bigint, id uuid")]),
        Seen(check=cluster_schema.tables_outside_our_schema, file=MORE_TABLES, planted=[
            "CREATE TABLE public.a (org_id bigint NOT NULL);",
            "CREATE TABLE a (org_id bigint NOT NULL);"]),
        Seen(check=cluster_schema.tables_outside_our_schema,
             planted=query("SELECT 1 FROM public.item AS i WHERE i.org_id = :org_id")),
        Seen(check=cluster_schema.unread_files, file="domain/catalog/more.sql", planted=["SELECT 1;"]),
    ],
    "R2": [Seen(check=sql_rules.keys_without_organisation, file=MORE_TABLES, planted=[
        TABLE.format("org_id bigint NOT NULL, id uuid UNIQUE"), "CREATE UNIQUE INDEX u ON coster.item (code);"])],
    "R3": [
        Seen(check=sql_rules.keys_without_organisation, file=MORE_TABLES, planted=[
            TABLE.format("org_id bigint NOT NULL, id uuid REFERENCES coster.item (id)")]),
        Seen(check=sql_rules.forbidden_forms, file=MORE_TABLES, planted=[
            f"ALTER TABLE coster.line ADD CONSTRAINT c FOREIGN KEY (org_id, id) REFERENCES coster.item (org_id, id) {end};"
            for end in ("ON DELETE SET NULL", "ON DELETE SET NULL (id)", "ON UPDATE SET DEFAULT", "DEFERRABLE")]),
        Seen(check=cluster_schema.shared_tables_that_refer_to_tenants, file=MORE_TABLES, planted=[
            ("CREATE TABLE coster.tax (org_id bigint, code text REFERENCES coster.item (code));\n"
             "SELECT coster.place_table('coster.tax', 'reference');")]),
    ],
    "R4": [
        Seen(check=sql_rules.tables_not_placed_and_secured, file=MORE_TABLES, planted=[
            "CREATE TABLE coster.a (org_id bigint NOT NULL);\nSELECT coster.secure_table('coster.a');"]),
        Seen(check=cluster_schema.tables_referred_to_before_they_are_placed, file=MORE_TABLES, planted=[
            ("CREATE TABLE coster.a (org_id bigint NOT NULL, PRIMARY KEY (org_id));\n"
             "CREATE TABLE coster.b (org_id bigint NOT NULL REFERENCES coster.a (org_id));\n"
             "SELECT coster.place_table('coster.a', 'tenant');\nSELECT coster.place_table('coster.b', 'tenant');")]),
    ],
    "R5": [Seen(check=cluster_schema.values_that_the_database_makes, file=MORE_TABLES, planted=[
        TABLE.format(f"org_id bigint NOT NULL, x {kind}") for kind in (
            "bigserial", "bigint GENERATED ALWAYS AS IDENTITY", "uuid DEFAULT gen_random_uuid()",
            "bigint DEFAULT nextval('s')", "timestamptz DEFAULT now()", "timestamptz DEFAULT CURRENT_TIMESTAMP")])],
    "R6": [
        Seen(check=sql_rules.forbidden_forms, file=MORE_TABLES,
             planted=["CREATE TRIGGER t BEFORE INSERT ON coster.item EXECUTE FUNCTION f();"]),
        Seen(check=cluster_schema.rules_and_virtual_columns, file=MORE_TABLES, planted=[
            "CREATE RULE r AS ON INSERT TO coster.item DO NOTHING;",
            "ALTER TABLE coster.item ADD COLUMN x int GENERATED ALWAYS AS (lower(code)) VIRTUAL;"]),
    ],
    "R7": [Seen(check=cluster_schema.partitions_of_other_kinds, file=MORE_TABLES, planted=[
        "CREATE TABLE coster.a (org_id bigint NOT NULL) PARTITION BY LIST (org_id);",
        "CREATE TABLE coster.a (org_id bigint NOT NULL) PARTITION BY RANGE (org_id);",
        "CREATE TABLE coster.b PARTITION OF coster.a FOR VALUES FROM (1) TO (2) PARTITION BY RANGE (at);",
        "ALTER TABLE coster.a DETACH PARTITION coster.b CONCURRENTLY;"])],
    "R8": [
        Seen(check=cluster_schema.changes_of_two_things, file=MORE_TABLES, planted=[
            "ALTER TABLE coster.item ADD COLUMN x int CHECK (x > 0);",
            "ALTER TABLE coster.item ADD COLUMN x bigint REFERENCES coster.org (org_id);",
            "ALTER TABLE coster.item ADD COLUMN x int, ADD CONSTRAINT c CHECK (x > 0);",
            "ALTER TABLE coster.item RENAME CONSTRAINT a TO b;",
            "ALTER TABLE coster.item ALTER COLUMN org_id TYPE int;"]),
        Seen(check=cluster_schema.organisations_rewritten,
             planted=query("UPDATE item AS i SET org_id = :other WHERE i.org_id = :org_id")),
    ],
    "R9": [Seen(check=cluster_schema.writes_of_reference_tables, planted=query(
        "INSERT INTO currency AS c (code) VALUES (:code) RETURNING c.code", "DELETE FROM currency AS c WHERE c.code = :code"))],
    "R10": [
        Seen(check=sql_rules.forbidden_forms,
             planted=query("MERGE INTO item AS i USING line AS l ON false WHEN MATCHED THEN DELETE")),
        Seen(check=cluster_schema.inherited_tables, file=MORE_TABLES,
             planted=["CREATE TABLE coster.a (org_id bigint NOT NULL) INHERITS (coster.item);"]),
    ],
    "R11": [Seen(check=sql_rules.statements_without_organisation, planted=query(
        "SELECT i.id FROM item AS i WHERE i.org_id = current_setting('coster.org_id')::bigint",
        "SELECT i.id FROM item AS i WHERE i.org_id BETWEEN :org_id AND :org_id",
        "SELECT i.id FROM item AS i WHERE i.org_id = (SELECT :org_id)",
        "SELECT 1 FROM item AS i JOIN line AS l ON l.item_id = i.id WHERE i.org_id = :org_id"))],
    "R12": [
        Seen(check=cluster_shapes.code_that_speaks_otherwise, file=CODE,
             planted=["async def f(conn, rows):\n    await conn.executemany('SELECT 1', rows)\n"]),
        Unseen(because="where a transaction begins and ends is a matter of the code",
               tests=["tests/engine/db/test_connect.py::test_an_exception_rolls_back"]),
    ],
    "R13": [
        Seen(check=cluster_shapes.bulk_inserts_without_returning, planted=query(
            "INSERT INTO item AS i (org_id, id) SELECT o.org_id, u.id FROM org AS o"
            " CROSS JOIN unnest(:ids::uuid[]) AS u (id) WHERE o.org_id = :org_id")),
        Seen(check=cluster_shapes.code_that_speaks_otherwise, file=CODE,
             planted=["async def f(conn, rows):\n    await conn.copy_records_to_table('item', records=rows)\n"]),
    ],
    "R14": [Seen(check=cluster_shapes.code_that_speaks_otherwise, file=CODE,
                 planted=["def f(error):\n    return error.constraint_name == 'item_pkey'\n"])],
    "R15": [Unseen(because="what an error at COMMIT means is decided while it runs", tests=[
        "tests/engine/batch/test_run.py::test_a_lost_connection_is_run_again",
        "tests/engine/batch/test_run.py::test_a_real_deadlock_is_run_again",
        "tests/engine/batch/test_run.py::test_a_real_serialisation_failure_is_run_again"])],
    "R16": [
        Seen(check=sql_rules.locks_without_order, planted=query("SELECT i.id FROM item AS i WHERE i.org_id = :org_id FOR UPDATE")),
        Seen(check=cluster_shapes.code_that_speaks_otherwise, file=CODE, planted=[
            "BEGIN = 'BEGIN ISOLATION LEVEL SERIALIZABLE'\n", "END = 'PREPARE TRANSACTION 1'\n"]),
    ],
    "R17": [Seen(check=cluster_shapes.bulk_inserts_without_the_tenants_row, planted=query(
        "INSERT INTO item AS i (org_id, id) SELECT :org_id, u.id FROM unnest(:ids::uuid[]) AS u (id) RETURNING i.id"))],
    "R18": [Seen(check=cluster_shapes.insert_targets_without_alias, planted=query(
        "INSERT INTO item (org_id, id) VALUES (:org_id, :id) RETURNING id",
        "INSERT INTO item AS i (org_id, id) VALUES (:org_id, :id) RETURNING id",
        "INSERT INTO item AS i (org_id, id) SELECT o.org_id, :a FROM org AS o WHERE o.org_id = :org_id"
        " UNION ALL SELECT o.org_id, :b FROM org AS o WHERE o.org_id = :org_id"))],
    "R19": [Unseen(because="it names the best form of a bulk UPDATE and refuses no other; one statement for a set of any"
                           " size is the law of batches", tests=[
        "tests/domain/orders/test_batch_law.py::test_orders_in_a_batch_are_answered_as_one_by_one"])],
    "R20": [Seen(check=cluster_shapes.stable_functions_over_columns, planted=query(
        "UPDATE item AS i SET data = to_jsonb(i.code) WHERE i.org_id = :org_id",
        "UPDATE item AS i SET data = jsonb_build_object('a', i.code) WHERE i.org_id = :org_id",
        "UPDATE item AS i SET status = i.code::item_status WHERE i.org_id = :org_id",
        "UPDATE item AS i SET at = i.at + interval '1 hour' WHERE i.org_id = :org_id",
        "DELETE FROM item AS i WHERE i.org_id = :org_id AND date_trunc('day', i.at) = :day",
        "UPDATE item AS i SET code = concat(i.code, 'x') WHERE i.org_id = :org_id",
        "UPDATE item AS i SET code = format('%s', i.code) WHERE i.org_id = :org_id"))],
    "R21": [Seen(check=sql_rules.clock_or_chance, planted=query(
        "UPDATE item AS i SET at = clock_timestamp() WHERE i.org_id = :org_id",
        "UPDATE item AS i SET at = CASE WHEN i.at IS NULL THEN now() END WHERE i.org_id = :org_id"))],
    "R22": [Seen(check=cluster_shapes.returned_expressions, planted=query(
        "UPDATE item AS i SET code = :code WHERE i.org_id = :org_id RETURNING jsonb_build_object('id', i.id) AS x",
        "DELETE FROM item AS i WHERE i.org_id = :org_id RETURNING i.n + 1 AS n"))],
    "R23": [Seen(check=cluster_shapes.conflicts_that_compute, planted=query(
        "INSERT INTO item AS i (org_id, id) VALUES (:org_id, :id) ON CONFLICT (org_id, id) DO UPDATE SET at = now() RETURNING i.id",
        "INSERT INTO item AS i (org_id, id) VALUES (:org_id, :id)"
        " ON CONFLICT (org_id, id) DO UPDATE SET data = to_jsonb(EXCLUDED.code) RETURNING i.id"))],
    "R24": [Seen(check=cluster_shapes.locks_of_several_organisations, file="engine/outbox/queries.sql", planted=[
        ACROSS + "SELECT i.id FROM item AS i ORDER BY i.id FOR UPDATE SKIP LOCKED",
        ACROSS + "SELECT i.id FROM item AS i WHERE i.org_id = ANY(:org_ids::bigint[]) ORDER BY i.id FOR UPDATE"])],
    "R25": [Seen(check=cluster_shapes.changes_inside_with, planted=query(
        "WITH x AS (UPDATE item AS i SET code = :code WHERE i.org_id = :org_id RETURNING i.org_id, i.id)"
        " INSERT INTO line AS l (org_id, id) SELECT x.org_id, x.id FROM x RETURNING l.id",
        "WITH x AS (INSERT INTO item AS i (org_id, id) VALUES (:org_id, :id) RETURNING i.id) SELECT x.id FROM x"))],
    "R26": [
        Seen(check=cluster_shapes.selects_inside_values, planted=query(
            "INSERT INTO item AS i (org_id, id) VALUES (:org_id, (SELECT 1)) RETURNING i.id")),
        Seen(check=sql_rules.statements_without_organisation, planted=query(
            "WITH RECURSIVE x AS (SELECT i.id FROM item AS i) SELECT x.id FROM x",
            "SELECT 1 FROM item AS i WHERE i.org_id = :org_id AND EXISTS (SELECT 1 FROM line AS l WHERE l.item_id = i.id)")),
    ],
    "R27": [Seen(check=cluster_shapes.advisory_locks, planted=query(
        "SELECT pg_advisory_xact_lock(:key)", "SELECT pg_try_advisory_lock(1)"))],
    "R28": [Seen(check=cluster_shapes.notifications_over_tables, planted=query(
        "SELECT pg_notify('bell', i.code) FROM item AS i WHERE i.org_id = :org_id"))],
    "R29": [
        Seen(check=cluster_shapes.settings_by_function,
             planted=query("SELECT set_config('coster.org_id', '1', true)")),
        Seen(check=cluster_shapes.code_that_speaks_otherwise, file=CODE,
             planted=["BEGIN = \"SELECT set_config('coster.org_id', '1', true)\"\n"]),
    ],
    "R30": [Unseen(because="it says what works (prepared statements, pipelines, cursors), so nothing can be done wrong")],
}  # fmt: skip

SEEN = [
    pytest.param(seen, text, id=f"{rule}-{seen.check.__name__}-{number}")
    for rule, ways in RULES.items()
    for seen in ways
    if isinstance(seen, Seen)
    for number, text in enumerate(seen.planted, start=1)
]


def test_none_of_the_thirty_rules_is_forgotten() -> None:
    """R1 to R30, each with a check and its planted breaches, or with a reason."""
    assert list(RULES) == [f"R{number}" for number in range(1, 31)]
    assert all(ways for ways in RULES.values())
    used = {way.check for ways in RULES.values() for way in ways if isinstance(way, Seen)}
    assert {*cluster_schema.ALL, *cluster_shapes.ALL} <= used


def test_tests_that_show_a_rule_exist() -> None:
    """A rule that no linter sees names tests, and they are there."""
    named = [name for ways in RULES.values() for way in ways if isinstance(way, Unseen) for name in way.tests]
    assert missing(PROJECT, named) == []


@pytest.mark.parametrize(
    "check", [*cluster_schema.ALL, *cluster_shapes.ALL], ids=lambda check: check.__name__
)
def test_package_fits_a_cluster(check: sql_rules.Check) -> None:
    """Every rule holds for every statement, table and module of the package."""
    assert check(PACKAGE) == []


@pytest.mark.parametrize(("seen", "text"), SEEN)
def test_planted_breach_is_found(seen: Seen, text: str, tmp_path: Path) -> None:
    """One breach is one sentence that names its file; without it the check is silent."""
    plant(tmp_path, "domain/catalog/schema.sql", SCHEMA)
    assert seen.check(tmp_path) == []
    plant(
        tmp_path,
        seen.file,
        text if text.rstrip().endswith((";", "\n")) or seen.file == CODE else text + ";\n",
    )
    [breach] = seen.check(tmp_path)
    assert breach.startswith(seen.file)
