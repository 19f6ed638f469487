-- Whom changes touch is said here alone, for days, referred persons and stages. A function of SQL that is given a sub-select is
-- planned anew each time: hence variables.
CREATE OR REPLACE FUNCTION touched_persons(changed uuid[]) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    roots uuid[] := ARRAY(SELECT c.id FROM unnest(changed) AS c(id)
                          UNION
                          SELECT l.person_id FROM customer_persons AS l WHERE l.customer_id = ANY (changed));
BEGIN
    RETURN nullif(ARRAY(
        SELECT r.id FROM unnest(roots) AS r(id)
        UNION
        -- Who referred them.
        SELECT coalesce((SELECT l.person_id FROM customer_persons AS l WHERE l.customer_id = f.id), f.id)
        FROM person_rows(roots) AS n CROSS JOIN LATERAL (
            SELECT r.referrer_id AS id FROM referrals AS r WHERE r.customer_id = n.customer_id
            UNION ALL
            SELECT c.referred_by FROM customers AS c WHERE c.customer_id = n.customer_id AND c.referred_by IS NOT NULL) AS f), '{}');
END $$;
COMMENT ON FUNCTION touched_persons IS 'The persons whose derived rows depend on facts of some customers; NULL: none';
