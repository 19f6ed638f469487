-- A statement that asked it planned it anew each time it ran, as a condition on a table cannot be put in the place of a call;
-- identity_lookup.sql, which alone asked, says it itself.
DROP FUNCTION is_placeholder(text);
