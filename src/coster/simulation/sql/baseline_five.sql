\set id random(1, 9000000000000000000)
BEGIN;
UPDATE baseline.position SET held = held + 1000 WHERE org_id = 1 AND id = 1 AND held + 1000 <= on_hand;
INSERT INTO baseline.orders (org_id, id, reference) VALUES (1, :id, 'web-1');
INSERT INTO baseline.order_line (org_id, order_id, line_no, item_id, quantity) VALUES (1, :id, 1, 1, 1000);
INSERT INTO baseline.hold (org_id, order_id, line_no, position_id, quantity) VALUES (1, :id, 1, 1, 1000);
INSERT INTO baseline.event (org_id, order_id, name, data) VALUES (1, :id, 'order.placed', '{"lines": [{"item": 1, "quantity": "1"}]}');
COMMIT;
