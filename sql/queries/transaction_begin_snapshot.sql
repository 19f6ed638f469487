-- A group of reads that must all see the same state begins.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
