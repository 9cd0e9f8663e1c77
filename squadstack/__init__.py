"""Everything about SquadStack: its API, the delivery of leads to it, and the ledger of what was sent."""
