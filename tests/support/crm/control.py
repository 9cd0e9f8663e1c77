"""What a test asks of the server and tells it: the same by a call in the process and over HTTP."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from support.crm.campaign import Campaign

if TYPE_CHECKING:
    from support.crm.business import Business
    from support.crm.options import Json

PREFIX = "/__control__/"


@dataclass(frozen=True, slots=True)
class Control:
    """Every public method is a question or an order; arguments and answers are JSON."""

    business: Business

    def dispatch(self, name: str, arguments: bytes) -> bytes:
        """Do what is asked; a fault of the test's comes back as text."""
        try:
            done = getattr(self, name.lstrip("_"))(**json.loads(arguments or b"{}"))
        except (AttributeError, TypeError, ValueError, KeyError) as fault:
            return json.dumps({"fault": f"{type(fault).__name__}: {fault}"}).encode()
        return json.dumps({"done": done}).encode()

    def calls(self) -> list[Json]:
        with self.business.lock:
            return [asdict(entry) for entry in self.business.entries]

    def leads(self, ref_id: str) -> dict[str, Json]:
        with self.business.lock:
            return {
                lead_id: {
                    "state": lead.state,
                    "fields": {name: value for name, value in lead.fields.items() if name != "lead_id"},
                    "detail": lead.detail,
                }
                for lead_id, lead in self._campaign(ref_id).leads.items()
            }

    def histories(self, ref_id: str) -> dict[str, list[tuple[str, Json]]]:
        with self.business.lock:
            return {lead_id: list(done) for lead_id, done in self._campaign(ref_id).history.items()}

    def history(self, ref_id: str, lead_id: str) -> list[tuple[str, Json]]:
        with self.business.lock:
            return list(self._campaign(ref_id).history.get(lead_id, []))

    def stats(self) -> Json:
        with self.business.lock:
            campaigns = self.business.campaigns.values()
            return {
                "calls": len(self.business.entries),
                "applied": sum(entry.applied for entry in self.business.entries),
                "held": self.business.held,
                "conflicts": self.business.counts["conflicts"],
                "overlaps": self.business.counts["overlaps"],
                "repeats": self.business.counts["repeats"],
                "throttled": self.business.counts["throttled"],
                "reactivated": sum(campaign.reactivated for campaign in campaigns),
                "unplayed": len(self.business.script),
            }

    def errors(self) -> list[str]:
        return list(self.business.errors)

    def change(self, changes: Json) -> None:
        self.business.change(changes)

    def hold(self, where: str | None) -> None:
        self.business.hold(where)

    def seed(self, ref_id: str, leads: list[Json]) -> None:
        """Have leads there from the beginning; no history tells of them."""
        with self.business.lock:
            for lead in leads:
                self._campaign(ref_id).write(lead, self.business.options.unique)

    def judge(self, ref_id: str, lead_ids: list[str]) -> None:
        """End the journey of leads: whatever creates or changes them from now on re-activates them."""
        with self.business.lock:
            for lead_id in lead_ids:
                self._campaign(ref_id).leads[lead_id].judged = True

    def _campaign(self, ref_id: str) -> Campaign:
        return self.business.campaigns.setdefault(ref_id, Campaign())
