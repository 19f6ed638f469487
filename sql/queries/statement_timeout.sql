-- Once a connection is set up. $1 milliseconds. All that is prepared in one go counts as one statement, so a limit that requests
-- keep with ease would keep a connection from ever coming up.
SELECT set_config('statement_timeout', $1::text, false);
