-- For the rest of a transaction that reads sums: their statements look into an index at a few places, whatever the parameters, so
-- the plan is kept ("-- keep"); making it anew would take longer than running it. To be planned while a table is still small must not matter.
SELECT set_config('plan_cache_mode', 'force_generic_plan', true) AS plan_cache_mode, set_config('enable_seqscan', 'off', true) AS enable_seqscan;
