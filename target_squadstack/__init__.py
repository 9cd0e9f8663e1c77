"""`target-squadstack`: a Singer target that sends records to SquadStack as lead actions."""
