-- A group with writes begins.
BEGIN;
