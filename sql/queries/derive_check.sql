-- What derived tables lack, or have too much, against a rebuild from the facts.
SELECT name, live, missing, surplus FROM derive_check();
