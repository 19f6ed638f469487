-- The newest change that has not been derived from yet, 0 when only sums are to be made again; NULL: nothing is to be done.
SELECT coalesce((SELECT max(change_id) FROM changed_customers), (SELECT 0 FROM data_version WHERE summed < 'infinity')) AS newest;
