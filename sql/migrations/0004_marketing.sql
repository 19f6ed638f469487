-- What the shop spends to be found, and what the ad and mail platforms report.

CREATE TABLE spend (
    spend_id      uuid PRIMARY KEY,
    external_id   text,
    date          date NOT NULL,
    amount        bigint NOT NULL,
    currency      text NOT NULL,
    exchange_rate numeric,
    base_currency text NOT NULL,
    base_amount   bigint NOT NULL,
    category      text NOT NULL,
    paid_media    boolean NOT NULL,
    campaign      text,
    created_at    timestamptz NOT NULL
);
COMMENT ON TABLE spend IS 'Sales and marketing cost that is not in a campaign''s day';
CREATE INDEX spend_date ON spend (date, spend_id);
COMMENT ON INDEX spend_date IS 'spend_list.sql; kpi_marketing.sql by window';

CREATE TABLE campaigns (
    campaign_id uuid PRIMARY KEY,
    external_id text,
    name        text NOT NULL,
    channel     text,
    created_at  timestamptz NOT NULL
);
COMMENT ON TABLE campaigns IS 'Campaigns; their figures come by the day';

CREATE TABLE campaign_days (
    campaign_id   uuid NOT NULL REFERENCES campaigns,
    date          date NOT NULL,
    spend         bigint,
    currency      text,
    exchange_rate numeric,
    base_currency text,
    base_spend    bigint,
    sent          bigint,
    bounced       bigint,
    unopened      bigint,
    impressions   bigint,
    clicks        bigint,
    interactions  bigint,
    conversions   bigint,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (campaign_id, date)
);
COMMENT ON TABLE campaign_days IS 'What a platform reports for one campaign and day; NULL: not reported';
CREATE INDEX campaign_days_date ON campaign_days (date);
COMMENT ON INDEX campaign_days_date IS 'kpi_marketing.sql by window';

CREATE VIEW spend_documents AS
SELECT s.spend_id, s.date,
       (SELECT row_to_json(d) FROM (SELECT
           s.spend_id AS id, s.external_id, s.date, s.amount, s.currency, s.exchange_rate, s.base_currency, s.base_amount,
           s.category, s.paid_media, s.campaign, rfc3339(s.created_at) AS created_at) AS d) AS document
FROM spend AS s;
COMMENT ON VIEW spend_documents IS 'Spend as the API shows it';

CREATE VIEW campaign_documents AS
SELECT c.campaign_id, c.created_at,
       (SELECT row_to_json(d) FROM (SELECT
           c.campaign_id AS id, c.external_id, c.name, c.channel, rfc3339(c.created_at) AS created_at) AS d) AS document
FROM campaigns AS c;
COMMENT ON VIEW campaign_documents IS 'Campaigns as the API shows them';

CREATE VIEW campaign_day_documents AS
SELECT c.campaign_id, c.date,
       (SELECT row_to_json(d) FROM (SELECT
           c.campaign_id, c.date, c.spend, c.currency, c.exchange_rate, c.base_currency, c.base_spend, c.sent, c.bounced,
           c.unopened, c.impressions, c.clicks, c.interactions, c.conversions,
           rfc3339(c.updated_at) AS updated_at) AS d) AS document
FROM campaign_days AS c;
COMMENT ON VIEW campaign_day_documents IS 'Days of campaigns as the API shows them';
