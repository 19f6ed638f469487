-- A group ends well.
COMMIT;
