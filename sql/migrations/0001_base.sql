-- What every other table stands on: functions, settings, natural keys, idempotency, API keys.

-- The one text form of an instant on the wire (src/base/time.c, instant_format, is its twin).
-- STABLE, as to_char is, and not STRICT: else PostgreSQL does not inline it, and calling it costs more than all the rest
-- of a document.
CREATE FUNCTION rfc3339(t timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(t AT TIME ZONE 'UTC', CASE WHEN date_trunc('second', t AT TIME ZONE 'UTC') = t AT TIME ZONE 'UTC'
    THEN 'YYYY-MM-DD"T"HH24:MI:SS"Z"' ELSE 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' END);
COMMENT ON FUNCTION rfc3339 IS 'RFC 3339 text of an instant in UTC; a fraction only when there is one, then six digits';

-- The one definition of a day: everything that buckets facts by day uses these two.
CREATE FUNCTION local_day(t timestamptz, zone text) RETURNS date LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN (t AT TIME ZONE zone)::date;
COMMENT ON FUNCTION local_day IS 'Calendar day of an instant in a time zone';
CREATE FUNCTION day_start(d date, zone text) RETURNS timestamptz LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN d::timestamp AT TIME ZONE zone;
COMMENT ON FUNCTION day_start IS 'First instant of a calendar day in a time zone; days have 23, 24 or 25 hours';

-- Turns "this row must be so" into an error of our own, so that a statement that would
-- silently touch nothing fails its transaction instead. Codes: CI404 gone, CI409 lost against a concurrent write.
CREATE FUNCTION must(ok boolean, code text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF ok THEN
        RETURN true;
    END IF;
    RAISE EXCEPTION USING ERRCODE = code, MESSAGE = 'a required condition does not hold';
END $$;
COMMENT ON FUNCTION must IS 'true, or an error with the SQLSTATE given';

CREATE TABLE settings (
    id                      integer PRIMARY KEY DEFAULT 1 CONSTRAINT settings_one_row CHECK (id = 1),
    base_currency           text    NOT NULL DEFAULT 'EUR',
    time_zone               text    NOT NULL DEFAULT 'UTC',
    week_start              text    NOT NULL DEFAULT 'monday',
    default_gross_margin    numeric NOT NULL DEFAULT 1,
    abandoned_after_minutes integer NOT NULL DEFAULT 60,
    lost_after_days         integer NOT NULL DEFAULT 365,
    loyal_after_orders      integer NOT NULL DEFAULT 5,
    updated_at              timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT settings_margin CHECK (default_gross_margin BETWEEN 0 AND 1)
);
COMMENT ON TABLE settings IS 'The shop: one row';
COMMENT ON COLUMN settings.base_currency IS 'ISO 4217; money in other currencies needs a rate when it comes in';
COMMENT ON COLUMN settings.time_zone IS 'IANA name; days, weeks and months of every KPI are this zone''s';
COMMENT ON COLUMN settings.week_start IS 'monday or sunday';
COMMENT ON COLUMN settings.default_gross_margin IS 'Share of net sales, 0 to 1, for lines whose cost is not known';
INSERT INTO settings DEFAULT VALUES;

CREATE TABLE external_ids (
    resource     text NOT NULL,
    external_id  text NOT NULL,
    id           uuid NOT NULL,
    customer_id  uuid,
    content_hash text NOT NULL,
    PRIMARY KEY (resource, external_id)
);
COMMENT ON TABLE external_ids IS 'Natural keys of all facts: is this fact here already, and with the same content?';
COMMENT ON COLUMN external_ids.customer_id IS 'Whose fact it is, so that reading by external id touches one customer; NULL for facts of the shop';
COMMENT ON COLUMN external_ids.content_hash IS 'BLAKE2b-256 of the fact as it was first sent, hex';

CREATE TABLE idempotency_keys (
    key_hash    text PRIMARY KEY,
    fingerprint text NOT NULL,
    status      integer NOT NULL,
    answer      text NOT NULL,
    created_at  timestamptz NOT NULL
);
COMMENT ON TABLE idempotency_keys IS 'First answers of requests that carried an Idempotency-Key, written with the data they answer; kept 24 hours';
COMMENT ON COLUMN idempotency_keys.key_hash IS 'BLAKE2b-256 of API key id, method, path and key, hex';
COMMENT ON COLUMN idempotency_keys.fingerprint IS 'BLAKE2b-256 of content type and raw body, hex: another body under the same key is refused';
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
COMMENT ON INDEX idempotency_keys_created_at IS 'idempotency_purge.sql';

CREATE TABLE api_keys (
    key_id      text PRIMARY KEY,
    name        text NOT NULL,
    secret_hash text NOT NULL,
    scopes      text[] NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz
);
COMMENT ON TABLE api_keys IS 'Who may call; only a hash of each secret';
COMMENT ON COLUMN api_keys.secret_hash IS 'BLAKE2b-256 of the secret, hex';
