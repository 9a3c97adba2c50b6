-- The simple way, for pgbench: one hot position and the rows of an order, in a schema of its own.
DROP SCHEMA IF EXISTS baseline CASCADE;
CREATE SCHEMA baseline;
CREATE TABLE baseline.position (
    org_id bigint, id bigint, on_hand bigint NOT NULL, held bigint NOT NULL, CHECK (held <= on_hand), PRIMARY KEY (org_id, id)
) WITH (fillfactor = 50);
INSERT INTO baseline.position VALUES (1, 1, 1000000000000, 0);
CREATE TABLE baseline.orders (org_id bigint, id bigint, reference text, PRIMARY KEY (org_id, id));
CREATE TABLE baseline.order_line (
    org_id bigint, order_id bigint, line_no int, item_id bigint, quantity bigint, PRIMARY KEY (org_id, order_id, line_no)
);
CREATE TABLE baseline.hold (
    org_id bigint, order_id bigint, line_no int, position_id bigint, quantity bigint, PRIMARY KEY (org_id, order_id, line_no)
);
CREATE TABLE baseline.event (
    org_id bigint, seq bigint GENERATED ALWAYS AS IDENTITY, order_id bigint, name text, data jsonb, PRIMARY KEY (org_id, seq)
);
