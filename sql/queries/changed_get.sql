-- newest: the newest change that has not been derived from yet, 0 when only sums are to be made again; NULL: nothing is to be done.
-- stale: do persons wait for their stages?
SELECT coalesce((SELECT max(change_id) FROM changed_customers), (SELECT 0 FROM data_version WHERE summed < 'infinity')) AS newest,
       EXISTS (SELECT FROM stale_stages) AS stale;
