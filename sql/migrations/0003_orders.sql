-- Orders, their lines, their refunds. Money is bigint minor units; amounts in the shop's base currency stand
-- beside the original ones and were converted when the order came in.

CREATE TABLE orders (
    customer_id        uuid NOT NULL REFERENCES customers,
    order_id           uuid NOT NULL,
    external_id        text,
    ordered_at         timestamptz NOT NULL,
    status             text NOT NULL,
    currency           text NOT NULL,
    exchange_rate      numeric,
    discount           bigint NOT NULL,
    shipping           bigint NOT NULL,
    tax                bigint NOT NULL,
    tax_included       boolean NOT NULL,
    total              bigint NOT NULL,
    net                bigint NOT NULL,
    base_currency      text NOT NULL,
    base_total         bigint NOT NULL,
    base_net           bigint NOT NULL,
    base_cost          bigint NOT NULL,
    base_net_with_cost bigint NOT NULL,
    storefront         text,
    channel            text,
    campaign           text,
    cart               text,
    test               boolean NOT NULL,
    refunded           bigint NOT NULL DEFAULT 0,
    cancelled_at       timestamptz,
    version            bigint NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    PRIMARY KEY (customer_id, order_id),
    CONSTRAINT orders_status CHECK (status IN ('pending', 'paid', 'fulfilled', 'cancelled')),
    CONSTRAINT orders_refunded CHECK (refunded BETWEEN 0 AND total)
);
COMMENT ON TABLE orders IS 'One row per order; a completed order is paid or fulfilled and not a test';
COMMENT ON COLUMN orders.net IS 'Items - discounts, without tax and shipping; minor units of currency';
COMMENT ON COLUMN orders.total IS 'What the customer pays: the most that can be refunded';
COMMENT ON COLUMN orders.base_cost IS 'Cost of goods of the lines whose cost is known; minor units of base_currency';
COMMENT ON COLUMN orders.base_net_with_cost IS 'The part of base_net that belongs to lines whose cost is known';
COMMENT ON COLUMN orders.refunded IS 'Sum of the refunds, guarded by orders_refunded against going past total';
CREATE INDEX orders_order_id ON orders (order_id);
COMMENT ON INDEX orders_order_id IS 'order_get.sql by id alone';
CREATE INDEX orders_ordered_at ON orders (ordered_at, order_id);
COMMENT ON INDEX orders_ordered_at IS 'order_list.sql; kpi_orders.sql and kpi_customers.sql by window';

CREATE TABLE order_items (
    customer_id uuid NOT NULL,
    order_id    uuid NOT NULL,
    line_no     integer NOT NULL,
    sku         text,
    name        text,
    quantity    bigint NOT NULL,
    unit_price  bigint NOT NULL,
    unit_cost   bigint,
    discount    bigint NOT NULL,
    PRIMARY KEY (customer_id, order_id, line_no),
    CONSTRAINT order_items_order FOREIGN KEY (customer_id, order_id) REFERENCES orders
);
COMMENT ON TABLE order_items IS 'Lines of orders in the order they were sent; minor units of the order''s currency';

CREATE TABLE refunds (
    customer_id uuid NOT NULL,
    refund_id   uuid NOT NULL,
    order_id    uuid NOT NULL,
    external_id text,
    amount      bigint NOT NULL CONSTRAINT refunds_amount CHECK (amount > 0),
    refunded_at timestamptz NOT NULL,
    reason      text,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (customer_id, refund_id),
    CONSTRAINT refunds_order FOREIGN KEY (customer_id, order_id) REFERENCES orders
);
COMMENT ON TABLE refunds IS 'Money given back, on its own date; minor units of the order''s currency, tax and shipping in it';
CREATE INDEX refunds_order_id ON refunds (customer_id, order_id);
COMMENT ON INDEX refunds_order_id IS 'order_get.sql; refund_nets';
CREATE INDEX refunds_refunded_at ON refunds (refunded_at);
COMMENT ON INDEX refunds_refunded_at IS 'kpi_orders.sql by window';

-- What each refund takes away from net sales: its share of the order without tax and shipping.
-- Cumulative rounding makes a full refund take exactly what the order brought, in however many parts.
CREATE VIEW refund_nets AS
SELECT customer_id, order_id, refund_id, refunded_at, ordered_at, base_currency, test, status,
       round(base_net::numeric * so_far / total)::bigint
         - round(base_net::numeric * (so_far - amount) / total)::bigint AS base_net,
       round(base_cost::numeric * so_far / total)::bigint
         - round(base_cost::numeric * (so_far - amount) / total)::bigint AS base_cost,
       round(base_net_with_cost::numeric * so_far / total)::bigint
         - round(base_net_with_cost::numeric * (so_far - amount) / total)::bigint AS base_net_with_cost
FROM (SELECT r.customer_id, r.order_id, r.refund_id, r.refunded_at, r.amount,
             o.ordered_at, o.base_currency, o.test, o.status, o.base_net, o.base_cost, o.base_net_with_cost, o.total,
             sum(r.amount) OVER (PARTITION BY r.customer_id, r.order_id ORDER BY r.refunded_at, r.refund_id) AS so_far
      FROM refunds r JOIN orders o USING (customer_id, order_id)) AS running;
COMMENT ON VIEW refund_nets IS 'Refunds as they lower net sales and cost of goods, in the base currency, on the day of the refund';

CREATE VIEW order_documents AS
SELECT o.customer_id, o.order_id, o.ordered_at, o.status, o.version,
       (SELECT row_to_json(d) FROM (SELECT
           o.order_id AS id, o.external_id, o.customer_id, rfc3339(o.ordered_at) AS ordered_at, o.status, o.currency,
           o.exchange_rate,
           (SELECT coalesce(array_to_json(array_agg(i)), '[]') FROM (
                SELECT sku, name, quantity, unit_price, unit_cost, discount FROM order_items
                WHERE customer_id = o.customer_id AND order_id = o.order_id ORDER BY line_no) AS i) AS items,
           o.discount, o.shipping, o.tax, o.tax_included, o.total, o.net, o.base_currency, o.base_total, o.base_net,
           o.storefront, o.channel, o.campaign, o.cart, o.test, o.refunded, rfc3339(o.cancelled_at) AS cancelled_at,
           o.version, rfc3339(o.created_at) AS created_at, rfc3339(o.updated_at) AS updated_at) AS d) AS document
FROM orders AS o;
COMMENT ON VIEW order_documents IS 'Orders as the API shows them';

CREATE VIEW refund_documents AS
SELECT r.customer_id, r.refund_id, r.order_id, r.refunded_at,
       (SELECT row_to_json(d) FROM (SELECT
           r.refund_id AS id, r.external_id, r.order_id, r.customer_id, r.amount, o.currency,
           rfc3339(r.refunded_at) AS refunded_at, r.reason, rfc3339(r.created_at) AS created_at) AS d) AS document
FROM refunds AS r JOIN orders AS o USING (customer_id, order_id);
COMMENT ON VIEW refund_documents IS 'Refunds as the API shows them';
