"""Lead actions in, outcomes out: batching, sending, judging, and what STATE may be written."""
