-- A group has failed; its connection becomes usable again.
ROLLBACK;
