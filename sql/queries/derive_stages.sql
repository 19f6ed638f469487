-- Makes stages again, of at most so many ($1) persons that have waited longest, up to one ($2; NULL: who waits now). Answers for how
-- many (0: nobody is left), and up to whom there is more to do.
SELECT customers, until FROM derive_stages($1::integer, $2::bigint);
