-- write 62
-- What updates have replaced under another customer, whose history has changed by that. Rows are those of
-- cart_update_put.sql, of known carts only.
WITH gone AS (
    DELETE FROM cart_updates AS u
    USING (SELECT DISTINCT ON (id, updated_at) customer_id, id, updated_at
           FROM json_to_recordset($1::json) AS f(customer_id uuid, id uuid, updated_at timestamptz, put_id uuid)
           ORDER BY id, updated_at, put_id DESC) AS r
    WHERE u.cart_id = r.id AND u.updated_at = r.updated_at AND u.customer_id <> r.customer_id
    RETURNING u.customer_id
)
INSERT INTO changed_customers (customer_id) SELECT DISTINCT customer_id FROM gone;
