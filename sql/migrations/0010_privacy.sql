-- Erasing persons: where their data is found by whom it is about, and what is left to say that it was done.

ALTER TABLE idempotency_keys ADD COLUMN customer_id uuid;
COMMENT ON COLUMN idempotency_keys.customer_id IS 'Whom the answer tells of, so that it goes with the customer; NULL: nobody, or a batch, whose answer has ids and faults alone';
CREATE INDEX idempotency_keys_customer_id ON idempotency_keys (customer_id) WHERE customer_id IS NOT NULL;
COMMENT ON INDEX idempotency_keys_customer_id IS 'customer_erase.sql';

-- Not of orders and touchpoints, of which there are too many, and which have no words of a person in them.
CREATE INDEX external_ids_customer_id ON external_ids (customer_id)
    WHERE resource IN ('customers', 'carts', 'refunds', 'responses', 'reviews');
COMMENT ON INDEX external_ids_customer_id IS 'customer_erase.sql';
COMMENT ON COLUMN external_ids.content_hash IS 'BLAKE2b-256 of the fact as it was first sent, hex; empty: what was sent has been erased since, so nothing equals it';

CREATE TABLE customer_erasures (
    customer_id uuid PRIMARY KEY REFERENCES customers,
    erased_at   timestamptz NOT NULL,
    rows        json NOT NULL
);
COMMENT ON TABLE customer_erasures IS 'Receipts: who was erased when, and of how many rows of which table. customer_id is the person';
