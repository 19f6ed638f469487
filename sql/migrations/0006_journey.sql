-- The way of a customer to an order: visits and other touchpoints, carts, what social platforms report.

CREATE TABLE touchpoints (
    customer_id      uuid NOT NULL REFERENCES customers,
    touchpoint_id    uuid NOT NULL,
    external_id      text,
    kind             text NOT NULL,
    at               timestamptz NOT NULL,
    channel          text,
    campaign         text,
    pages            integer,
    duration_seconds integer,
    created_at       timestamptz NOT NULL,
    PRIMARY KEY (customer_id, touchpoint_id),
    CONSTRAINT touchpoints_kind CHECK (kind IN ('visit', 'ad_impression', 'ad_click', 'email_sent', 'email_bounced',
        'email_opened', 'email_clicked', 'signup', 'newsletter', 'support'))
);
COMMENT ON TABLE touchpoints IS 'Each time that the shop and a visitor or customer met';
COMMENT ON COLUMN touchpoints.pages IS 'Of a visit: 1 or more; a visit of one page is a bounce';
CREATE INDEX touchpoints_at ON touchpoints (at, touchpoint_id);
COMMENT ON INDEX touchpoints_at IS 'touchpoint_list.sql; kpi_journey.sql by window';
CREATE INDEX touchpoints_touchpoint_id ON touchpoints (touchpoint_id);
COMMENT ON INDEX touchpoints_touchpoint_id IS 'touchpoint_get.sql by id alone';
CREATE INDEX touchpoints_customer_id ON touchpoints (customer_id, at);
COMMENT ON INDEX touchpoints_customer_id IS 'derive_customers.sql; the first touch of new customers in kpi_discovery.sql';

-- A cart is what its updates say: each PUT is a fact of its own, so that the states of a cart do not depend on the order
-- in which the updates arrive. The newest update is the cart as it is.
CREATE TABLE cart_updates (
    customer_id   uuid NOT NULL REFERENCES customers,
    cart_id       uuid NOT NULL,
    updated_at    timestamptz NOT NULL,
    external_id   text NOT NULL,
    items         jsonb NOT NULL DEFAULT '[]',
    value         bigint NOT NULL,
    currency      text NOT NULL,
    exchange_rate numeric,
    base_currency text NOT NULL,
    base_value    bigint NOT NULL,
    channel       text,
    campaign      text,
    storefront    text,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (customer_id, cart_id, updated_at)
);
COMMENT ON TABLE cart_updates IS 'States of carts as the shop reported them; one row per cart and instant';
CREATE INDEX cart_updates_cart_id ON cart_updates (cart_id, updated_at);
COMMENT ON INDEX cart_updates_cart_id IS 'cart_get.sql; derive_customers.sql';
CREATE INDEX orders_cart ON orders (cart, ordered_at) WHERE cart IS NOT NULL;
COMMENT ON INDEX orders_cart IS 'cart_get.sql; derive_customers.sql: the order that a cart became';

CREATE TABLE cart_reminders (
    customer_id uuid NOT NULL REFERENCES customers,
    reminder_id uuid NOT NULL,
    cart_id     uuid NOT NULL,
    external_id text,
    channel     text,
    sent_at     timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (customer_id, reminder_id)
);
COMMENT ON TABLE cart_reminders IS 'Messages that asked a customer to come back to a cart';
CREATE INDEX cart_reminders_cart_id ON cart_reminders (cart_id, sent_at, reminder_id);
COMMENT ON INDEX cart_reminders_cart_id IS 'cart_reminder_list.sql';

CREATE TABLE social_days (
    platform   text NOT NULL,
    date       date NOT NULL,
    followers  bigint,
    reactions  bigint,
    comments   bigint,
    shares     bigint,
    likes      bigint,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (platform, date)
);
COMMENT ON TABLE social_days IS 'What a social platform reports for one day; NULL: not reported';
CREATE INDEX social_days_date ON social_days (date);
COMMENT ON INDEX social_days_date IS 'kpi_journey.sql by window';

ALTER TABLE surveys ADD COLUMN purpose text;
COMMENT ON COLUMN surveys.purpose IS 'discovery: asks how customers heard of the shop (kpi discovery_channels); abandonment: why a cart was left';
