-- write 65
-- New referrals.
INSERT INTO referrals (customer_id, referral_id, external_id, referrer_id, channel, referred_at, created_at)
SELECT customer_id, id, external_id, referrer_id, channel, referred_at, created_at
FROM json_to_recordset($1::json) AS r(customer_id uuid, id uuid, external_id text, referrer_id uuid, channel text,
     referred_at timestamptz, created_at timestamptz);
