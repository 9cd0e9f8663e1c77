"""What was sent, refused and is in doubt, and what was used of the budget. The only room that touches disk.

SQLAlchemy is imported only when the ledger opens: `squadstack.ledger.ledger` is imported where it is used.
"""
