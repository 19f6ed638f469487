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
COMMENT ON INDEX touchpoints_customer_id IS 'derive_changed.sql; the first touch of new customers in kpi_discovery.sql';

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
COMMENT ON INDEX cart_updates_cart_id IS 'cart_get.sql; derive_changed.sql';
CREATE INDEX cart_updates_updated_at ON cart_updates (updated_at, cart_id);
COMMENT ON INDEX cart_updates_updated_at IS 'cart_list.sql';
CREATE INDEX orders_cart ON orders (cart, ordered_at) WHERE cart IS NOT NULL;
COMMENT ON INDEX orders_cart IS 'cart_get.sql; derive_changed.sql: the order that a cart became';

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
COMMENT ON INDEX cart_reminders_cart_id IS 'cart_reminder_list.sql; cart_get.sql counts them';
CREATE INDEX cart_reminders_reminder_id ON cart_reminders (reminder_id);
COMMENT ON INDEX cart_reminders_reminder_id IS 'cart_reminder_get.sql by id alone';

CREATE TABLE social_days (
    platform   text NOT NULL,
    date       date NOT NULL,
    day_id     uuid NOT NULL,
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
COMMENT ON INDEX social_days_date IS 'kpi_social.sql by window';
CREATE INDEX social_days_day_id ON social_days (day_id);
COMMENT ON INDEX social_days_day_id IS 'social_day_get.sql by id alone';

ALTER TABLE surveys ADD COLUMN purpose text;
COMMENT ON COLUMN surveys.purpose IS 'discovery: asks how customers heard of the shop (kpi discovery_channels); abandonment: why a cart was left';

CREATE OR REPLACE VIEW survey_documents AS
SELECT s.survey_id, s.kind, s.created_at,
       (SELECT row_to_json(d) FROM (SELECT
           s.survey_id AS id, s.external_id, s.kind, s.name, s.question, s.choices, s.purpose,
           rfc3339(s.created_at) AS created_at) AS d) AS document
FROM surveys AS s;

CREATE VIEW touchpoint_documents AS
SELECT t.customer_id, t.touchpoint_id, t.kind, t.at,
       (SELECT row_to_json(d) FROM (SELECT
           t.touchpoint_id AS id, t.external_id, t.customer_id, t.kind, rfc3339(t.at) AS at, t.channel, t.campaign, t.pages,
           t.duration_seconds, rfc3339(t.created_at) AS created_at) AS d) AS document
FROM touchpoints AS t;
COMMENT ON VIEW touchpoint_documents IS 'Touchpoints as the API shows them';

CREATE VIEW social_day_documents AS
SELECT s.platform, s.date, s.day_id,
       (SELECT row_to_json(d) FROM (SELECT
           s.day_id AS id, s.platform, s.date, s.followers, s.reactions, s.comments, s.shares, s.likes,
           rfc3339(s.updated_at) AS updated_at) AS d) AS document
FROM social_days AS s;
COMMENT ON VIEW social_day_documents IS 'Days of social platforms as the API shows them';

-- The newest update by what no other update of the cart is newer than, not by a window or DISTINCT ON: so every way in is
-- open to the planner, one cart by its id or by a join, the newest carts first, or all of them.
CREATE VIEW carts AS
SELECT u.* FROM cart_updates AS u
WHERE NOT EXISTS (SELECT FROM cart_updates AS later WHERE later.cart_id = u.cart_id AND later.updated_at > u.updated_at);
COMMENT ON VIEW carts IS 'Each cart as its newest update says';

-- A pause ends with the next update or with the order; one that nothing has ended so far lasts for ever.
CREATE VIEW cart_state_facts AS
SELECT c.customer_id, c.cart_id, f.started_at, a.abandoned_at, o.ordered_at, o.order_id,
       local_day(coalesce(a.abandoned_at, o.ordered_at), s.time_zone) AS day,
       CASE WHEN c.base_currency = s.base_currency THEN c.base_value END AS base_value
FROM (SELECT make_interval(mins => abandoned_after_minutes) AS pause, time_zone, base_currency FROM settings) AS s
CROSS JOIN carts AS c
CROSS JOIN LATERAL (
    SELECT u.updated_at AS started_at FROM cart_updates AS u WHERE u.cart_id = c.cart_id ORDER BY u.updated_at LIMIT 1) AS f
LEFT JOIN LATERAL (
    SELECT o.order_id, o.ordered_at FROM orders AS o
    WHERE o.cart = c.external_id AND o.ordered_at >= f.started_at AND o.status IN ('paid', 'fulfilled') AND NOT o.test
    ORDER BY o.ordered_at, o.external_id COLLATE "C", o.total, o.currency, o.order_id LIMIT 1) AS o ON true
LEFT JOIN LATERAL (
    SELECT p.begins + s.pause AS abandoned_at
    FROM (SELECT u.updated_at AS begins,
                 coalesce(lead(u.updated_at) OVER (ORDER BY u.updated_at), o.ordered_at, 'infinity') AS ends
          FROM cart_updates AS u
          WHERE u.cart_id = c.cart_id AND (o.ordered_at IS NULL OR u.updated_at < o.ordered_at)) AS p
    WHERE p.ends > p.begins + s.pause
    ORDER BY p.begins LIMIT 1) AS a ON true;
COMMENT ON VIEW cart_state_facts IS 'What became of each cart: cart_states as it is derived, a function of updates, orders and settings alone';

CREATE VIEW cart_documents AS
SELECT c.customer_id, c.cart_id, c.updated_at, s.state,
       (SELECT row_to_json(d) FROM (SELECT
           c.cart_id AS id, c.external_id, c.customer_id, c.items, c.value, c.currency, c.exchange_rate, c.base_currency,
           c.base_value, c.channel, c.campaign, c.storefront, s.state, rfc3339(f.started_at) AS started_at,
           rfc3339(c.updated_at) AS updated_at, rfc3339(CASE WHEN s.state <> 'open' THEN f.abandoned_at END) AS abandoned_at,
           rfc3339(CASE WHEN s.state = 'recovered' THEN f.ordered_at END) AS recovered_at,
           rfc3339(CASE WHEN s.state = 'converted' THEN f.ordered_at END) AS converted_at, f.order_id,
           (SELECT count(*) FROM cart_reminders AS r WHERE r.cart_id = c.cart_id) AS reminders,
           (SELECT rfc3339(min(u.created_at)) FROM cart_updates AS u WHERE u.cart_id = c.cart_id) AS created_at) AS d) AS document
FROM carts AS c
JOIN cart_state_facts AS f USING (cart_id)
CROSS JOIN LATERAL (SELECT CASE WHEN f.ordered_at IS NOT NULL AND f.abandoned_at IS NOT NULL THEN 'recovered'
                                WHEN f.ordered_at IS NOT NULL THEN 'converted'
                                WHEN f.abandoned_at <= now() THEN 'abandoned' ELSE 'open' END AS state) AS s;
COMMENT ON VIEW cart_documents IS 'Carts as the API shows them, in the state that they are in now';

CREATE VIEW cart_reminder_documents AS
SELECT r.reminder_id, r.cart_id, r.sent_at,
       (SELECT row_to_json(d) FROM (SELECT
           r.reminder_id AS id, r.external_id, r.cart_id, r.channel, rfc3339(r.sent_at) AS sent_at,
           rfc3339(r.created_at) AS created_at) AS d) AS document
FROM cart_reminders AS r;
COMMENT ON VIEW cart_reminder_documents IS 'Reminders as the API shows them';
