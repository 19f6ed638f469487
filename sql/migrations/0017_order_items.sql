-- The lines of an order live in its row: nothing but the order's own document ever reads them, they never change, and as rows of
-- a table of their own they were the dearest part of an order, to write and to read.

ALTER TABLE orders ADD COLUMN items json NOT NULL DEFAULT '[]';
UPDATE orders AS o SET items = i.items
FROM (SELECT l.customer_id, l.order_id, array_to_json(array_agg(json_build_object(
          'sku', l.sku, 'name', l.name, 'quantity', l.quantity, 'unit_price', l.unit_price, 'unit_cost', l.unit_cost,
          'discount', l.discount) ORDER BY l.line_no)) AS items
      FROM order_items AS l GROUP BY l.customer_id, l.order_id) AS i
WHERE i.customer_id = o.customer_id AND i.order_id = o.order_id;
COMMENT ON COLUMN orders.items IS 'Lines as they were sent: sku, name, quantity, unit_price, unit_cost, discount';

-- The members of an order, once for all who show it: as a document, or as columns of which C makes one, which is quicker.
CREATE FUNCTION order_members(o orders)
RETURNS TABLE (id uuid, external_id text, customer_id uuid, ordered_at text, status text, currency text, exchange_rate numeric,
               items json, discount bigint, shipping bigint, tax bigint, tax_included boolean, total bigint, net bigint,
               base_currency text, base_total bigint, base_net bigint, storefront text, channel text, campaign text, cart text,
               test boolean, refunded bigint, paid_at text, cancelled_at text, version bigint, created_at text,
               updated_at text) LANGUAGE sql STABLE AS $$
SELECT o.order_id, o.external_id, o.customer_id, rfc3339(o.ordered_at), o.status, o.currency, o.exchange_rate,
       o.items, o.discount, o.shipping, o.tax, o.tax_included, o.total, o.net,
       o.base_currency, o.base_total, o.base_net, o.storefront, o.channel, o.campaign, o.cart,
       o.test, o.refunded, rfc3339(o.paid_at), rfc3339(o.cancelled_at), o.version, rfc3339(o.created_at),
       rfc3339(o.updated_at)
$$;
COMMENT ON FUNCTION order_members IS 'What the API shows of an order';

CREATE OR REPLACE VIEW order_documents AS
SELECT o.customer_id, o.order_id, o.ordered_at, o.status, o.version, (SELECT row_to_json(m) FROM order_members(o) AS m) AS document
FROM orders AS o;

DROP TABLE order_items;
