"""What was sent and has no verdict yet: of its leads nobody knows how they stand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from squadstack.ledger import schema
from squadstack.ledger.parts import in_parts
from squadstack.ledger.statements import may_revive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from squadstack.ledger.database import Database
    from squadstack.ledger.digests import Digester
    from squadstack.ledger.rows import LeadKey, Sent
    from squadstack.ledger.statements import RowsStatement

_TABLE = schema.leads
_NONE = {"doubt_action": None, "doubt_payload": None, "doubt_since": None}


class Doubts:
    """Those of one business at one host. Every call has a mark, by which its doubts are told from earlier ones.

    Args:
        database: Of the ledger.
        scope_id: Of the business and host.
        digest: Of the ledger.
        insert: Keeps rows of `statements.DOUBT`.
    """

    def __init__(self, database: Database, scope_id: int, digest: Digester, insert: RowsStatement) -> None:
        self._database = database
        self._scope = scope_id
        self._digest = digest
        self._insert = insert

    # -- written within a transaction of the ledger ----------------------------------------------------

    def rows(self, sent: Sequence[Sent], mark: float) -> list[tuple[Any, ...]]:
        """Rows for `begin`, made outside of the transaction; a lead that is not known yet is kept as such."""
        lead, payload, scope = self._digest.lead, self._digest.payload, self._scope
        return [
            (lead(one.lead), scope, one.lead.campaign, False, str(one.action), payload(one.payload), mark)
            for one in sent
        ]

    def begin(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Note that leads are in doubt."""
        self._insert.run(connection, rows)

    @staticmethod
    def end(connection: Connection, leads: Sequence[bytes], mark: float) -> None:
        """End the doubts of leads, by their digests, for which nothing was accepted now.

        What an earlier call did that was never answered, nobody knows: what was accepted before it is forgotten.
        """
        is_unheard = _TABLE.c.doubt_since < mark
        standing = sa.case((is_unheard, sa.null()), else_=_TABLE.c.accepted)
        is_deleted = sa.case((is_unheard & may_revive(), sa.false()), else_=_TABLE.c.is_deleted)
        for some in in_parts(leads):
            row = sa.update(_TABLE).where(_TABLE.c.lead.in_(some), _TABLE.c.doubt_since <= mark)
            connection.execute(row.values(accepted=standing, is_deleted=is_deleted, **_NONE))

    # -- on their own ------------------------------------------------------------------------------------

    def pretend(self, sent: Sequence[Sent]) -> float:
        """Note the doubts of a call that is not made, and return its mark."""
        mark = time.time()
        rows = self.rows(sent, mark)
        with self._database.transaction() as connection:
            self.begin(connection, rows)
        return mark

    def withdraw(self, leads: Sequence[LeadKey], mark: float) -> None:
        """Take back the doubts of a call that certainly did nothing; those of earlier calls stay."""
        keys = [self._digest.lead(lead) for lead in leads]
        with self._database.transaction() as connection:
            is_ours = _TABLE.c.lead.in_(keys) & (_TABLE.c.doubt_since == mark)
            connection.execute(sa.update(_TABLE).where(is_ours).values(_NONE))

    def was_there(self, sent: Sent, mark: float) -> bool:
        """Whether the very same was sent for this lead before the call of that mark, and never answered."""
        query = sa.select(_TABLE.c.doubt_since).where(
            _TABLE.c.lead == self._digest.lead(sent.lead),
            _TABLE.c.doubt_action == str(sent.action),
            _TABLE.c.doubt_payload == self._digest.payload(sent.payload),
        )
        with self._database.transaction() as connection:
            since = connection.execute(query).scalar()
        return since is not None and since != mark
