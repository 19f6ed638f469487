-- The newest change that has not been derived from yet; NULL: none.
SELECT max(change_id) AS newest FROM changed_customers;
