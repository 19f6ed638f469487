-- Polls that cost nothing: when reports change although no fact comes in.

CREATE INDEX cart_states_recovered_at ON cart_states (ordered_at) WHERE abandoned_at IS NOT NULL;
COMMENT ON INDEX cart_states_recovered_at IS 'report_clock.sql';
