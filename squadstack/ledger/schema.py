"""The ledger's tables. Times are seconds since the epoch, UTC; digests are keyed (see `digests`)."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
)

VERSION = 4
"""Of the schema; a ledger of a newer one is refused."""

metadata = MetaData()

_serial = BigInteger().with_variant(Integer, "sqlite")

info = Table(
    "squadstack_ledger",
    metadata,
    Column("version", Integer, nullable=False),
    Column("digest_key", LargeBinary, nullable=False),
)
"""One row: the schema's version, and the random key of all digests."""

scopes = Table(
    "squadstack_scopes",
    metadata,
    Column("scope_id", Integer, primary_key=True),
    Column("business", Text, nullable=False),
    Column("host", Text, nullable=False),
    Index("squadstack_scopes_key", "business", "host", unique=True),
)
"""Whose leads and rejects these are: a run against the sandbox says nothing of the real API."""

_SCOPE = "squadstack_scopes.scope_id"

leads = Table(
    "squadstack_leads",
    metadata,
    Column("lead", LargeBinary, primary_key=True),
    Column("scope_id", Integer, ForeignKey(_SCOPE), nullable=False),
    Column("campaign", Text, nullable=False),
    Column("is_known", Boolean, nullable=False),
    Column("is_deleted", Boolean, nullable=False, server_default=false()),
    Column("accepted", LargeBinary),
    Column("accepted_at", Float),
    Column("doubt_action", Text),
    Column("doubt_payload", LargeBinary),
    Column("doubt_since", Float),
    sqlite_with_rowid=False,
)
"""Leads by digest. `is_known`: the API accepted something for it, and no deletion since; `is_deleted`: a deletion,
and nothing since. `accepted`: what was last accepted, as digests (see `memories`), and when its record was read.
`doubt_…`: what was sent and has no verdict yet: the action, its payload's digest, and since when the very same is in
doubt."""

mirrored = Table(
    "squadstack_mirrored",
    metadata,
    Column("lead", LargeBinary, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("scope_id", Integer, ForeignKey(_SCOPE), nullable=False),
    Column("campaign", Text, nullable=False),
    Column("lead_id", Text, nullable=False),
    Column("seen_run", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Leads that a mirrored stream held (rules with `on_missing`), in clear, and in which run it was last so."""

rejects = Table(
    "squadstack_rejects",
    metadata,
    Column("reject_id", _serial, primary_key=True, autoincrement=True),
    Column("scope_id", Integer, ForeignKey(_SCOPE), nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("rejected_at", Float, nullable=False),
    Column("stream", Text, nullable=False),
    Column("rule", Integer, nullable=False),
    Column("campaign", Text),
    Column("lead_id", Text),
    Column("action", Text),
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("changed_at", Float),
    Column("read_at", Float),
    Index("squadstack_rejects_when", "scope_id", "rejected_at"),
    Index("squadstack_rejects_lead", "scope_id", "campaign", "lead_id"),
    sqlite_autoincrement=True,
)
"""Rejected actions, with the reason and the source record as JSON, perhaps encrypted. `state`: open, accepted or
unchanged (sent again, and taken), replaced (sent again, and rejected anew) or stale (overtaken by a later accepted
action), and since when. `read_at`: when the record was read, by which later ones are told from earlier; of ledgers of
version 2 it is null, and `rejected_at` stands in. A number is never given twice: a warehouse knows them by it."""

budgets = Table(
    "squadstack_budgets",
    metadata,
    Column("budget_id", Integer, primary_key=True),
    Column("business", Text, nullable=False),
    Column("realm", Text, nullable=False),
    Column("not_before", Float, nullable=False),
    Index("squadstack_budgets_key", "business", "realm", unique=True),
)
"""One row a budget; after a 429 nobody starts a call before `not_before`."""

permits = Table(
    "squadstack_permits",
    metadata,
    Column("permit_id", _serial, primary_key=True, autoincrement=True),
    Column("budget_id", Integer, ForeignKey("squadstack_budgets.budget_id"), nullable=False),
    Column("start", Float, nullable=False),
    Column("leads", Integer, nullable=False),
    Index("squadstack_permits_when", "budget_id", "start"),
    sqlite_autoincrement=True,
)
"""Calls that still count against a budget: when each starts or started, and with how many leads."""

runs = Table(
    "squadstack_runs",
    metadata,
    Column("run_id", _serial, primary_key=True, autoincrement=True),
    Column("scope_id", Integer, ForeignKey(_SCOPE), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("summary", Text),
    sqlite_autoincrement=True,
)
"""Every run, and its summary once it has ended. A number is never given twice: a mirror goes by it."""
