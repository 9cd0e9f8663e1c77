"""Records in, outcomes out: mapping, batching, sending, judging and what STATE may be written."""
