-- Derives from at most so many ($1) of the oldest changes up to one ($2; NULL for all). Answers how many
-- (0: nothing is left), and up to which change there is more to do.
SELECT changes, until FROM derive_changed($1::integer, $2::bigint);
