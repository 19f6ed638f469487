-- Derives one customer ($1) ahead of all others. 0: there is nothing more to do.
SELECT derive_person($1::uuid) AS customers;
