"""`tap-squadstack`: a Singer tap that reads what became of leads."""
