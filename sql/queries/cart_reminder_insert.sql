-- write 63
-- New reminders of carts.
INSERT INTO cart_reminders (customer_id, reminder_id, cart_id, external_id, channel, sent_at, created_at)
SELECT customer_id, id, cart_id, external_id, channel, sent_at, created_at
FROM json_to_recordset($1::json) AS r(customer_id uuid, id uuid, cart_id uuid, external_id text, channel text,
     sent_at timestamptz, created_at timestamptz);
