"""What a test may say about the pretend server: its limits, its delays, its faults, its rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Delay = float | Sequence[float]

ACTIONS = {
    "lead-created": "create",
    "lead-updated": "update",
    "lead-upserted": "upsert",
    "lead-converted": "convert",
    "lead-disabled": "disable",
    "lead-deleted": "delete",
}

STATUS_FAULTS = {
    "400": "Invalid headers.",
    "403": "You do not have permission to perform this action.",
    "404": "No active integration found.",
    "500": "We're facing some technical issues. Please try again in a while.",
    "502": "Bad Gateway",
    "503": "We are under maintenance. Please try again in a while.",
    "504": "Gateway Timeout",
}
BEFORE_APPLYING = frozenset({"reset", "blackhole", "html200"})
DELIVERIES = frozenset({"reset", "lost", "truncated", "drip", "blackhole"})
ROW_FAULTS = {"row500": 500, "row429": 429}
SHAPES = frozenset({"short", "long", "no_result", "html200", "reordered", "wrong_id"})
FAULTS = DELIVERIES | SHAPES | frozenset(ROW_FAULTS) | frozenset(STATUS_FAULTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one call meets. In a script: None, the name of a fault, or a dict of these fields."""

    fault: str | None = None
    """One of FAULTS."""
    status: int | None = None
    """Answer this status whatever was asked; nothing is applied unless `apply` says so."""
    body: object = None
    """With `status`: a dict or list is sent as JSON, text as it is."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers added to the answer."""
    delay: float | None = None
    """Seconds before the answer, instead of the server's `answer`."""
    apply: bool | None = None
    """Whether the rows take effect; None: as the fault has it."""
    patch: Mapping[str, Any] | None = None
    """Top-level keys laid over the true answer, e.g. {"status": "SUCCESS"} or {"result": None}."""
    rows: Sequence[int] | Mapping[str, Any] | None = None
    """Positions that row500 and row429 hit; or {position: {"status_code", "data"}} answered instead."""
    at: float | str | None = None
    """Where `truncated` cuts; as the option `truncate_at`."""
    framing: str | None = None
    """As the option `framing`."""
    seconds: float | None = None
    """Seconds between two bytes of `drip`; as the option `drip_seconds`."""

    @classmethod
    def read(cls, item: object) -> Plan:
        """Read an item of a script, refusing what is misspelled."""
        match item:
            case None:
                return cls()
            case str():
                plan = cls(fault=item)
            case Mapping():
                plan = cls(**item)
            case _:
                msg = f"neither a fault nor an answer: {item!r}"
                raise ValueError(msg)
        if plan.fault is not None and plan.fault not in FAULTS:
            msg = f"no such fault: {plan.fault!r}; there are {', '.join(sorted(FAULTS))}"
            raise ValueError(msg)
        return plan

    @property
    def applies(self) -> bool:
        """Whether the rows of the call take effect."""
        if self.apply is not None:
            return self.apply
        return self.status is None and self.fault not in BEFORE_APPLYING and self.fault not in STATUS_FAULTS

    @property
    def label(self) -> str | None:
        """What the call's record says it met."""
        if self.fault is not None:
            return self.fault
        if self.status is not None:
            return f"scripted {self.status}"
        return "patched" if self.patch or self.rows else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the server behaves; everything may be changed while it runs."""

    token: str = "test-token"
    """The only bearer token taken."""
    expired: bool = False
    """Every token is answered 401 "Token expired"."""
    disabled: bool | Sequence[str] = False
    """True: no integration is active; or the actions that are not enabled, e.g. ["delete"]."""
    campaigns: Sequence[str] | None = None
    """The ref_ids that exist; None: any."""

    limit: int | None = None
    """Calls in a `period`, all campaigns and actions together; None: no limit."""
    records: int | None = None
    """Leads in a `period`."""
    period: float = 60.0
    window: str = "rolling"
    """`rolling` (strict, any `period` seconds) or `fixed` (multiples of `period` on the server's clock)."""
    retry_after: float | str = "text"
    """Retry-After of a 429: `text` (no header, the text tells), `absent` (neither tells), `seconds`, `date`,
    or a number or any other text, sent as it is."""
    throttle_seconds: int | None = None
    """The N of "try after N seconds"; None: until a call would be taken, rounded up."""
    throttle_body: str = "json"
    """`json` ({"error_msg": text}) or `braces` ({text}, as the page of status codes prints it)."""

    arrive: Delay = 0.0
    """Seconds, or (least, most), until a call is stamped: its way here."""
    answer: Delay = 0.0
    """Seconds, or (least, most), from the stamp to the answer: the work."""

    faults: Mapping[str, float] = field(default_factory=dict)
    """Share of the calls that meet each fault."""
    script: Sequence[object] = ()
    """What the next calls meet, in the order of arrival; see Plan. A status that is given here is answered
    without asking for the token; the limiter counts it, unless it is 429, but never refuses it."""
    always: object = None
    """What every call meets that the script does not speak of."""
    seed: int = 1
    """Of faults and delays."""
    row_share: float = 0.2
    """Share of the rows that row500 and row429 hit, at least one."""
    truncate_at: float | str = 0.5
    """Where an answer is cut: whole numbers are bytes from its start, its head included (negative: from its
    end), a float is a share of the body, `head` is the end of the head."""
    framing: str = "length"
    """How a truncated answer's length is told: `length`, `chunked`, or `close` (not at all)."""
    drip_seconds: float = 0.05

    reject: Sequence[Json] = ()
    """Rows refused: {"field", "value", "error_msg", "status_code": 400}; one or several."""
    poison: Sequence[Json] = ()
    """Rows for which the whole call is refused: {"field", "value", "status": 400, "error_msg"}."""
    unique: str | None = None
    """A field whose values must differ between leads."""
    unjudged: Sequence[str] = ()
    """Actions that are refused on an active lead: "Unjudged leads cannot be re-activated"."""
    accept_null: bool = False
    """Whether custom fields may be null."""
    max_bytes: int | None = None
    """Longer bodies are answered 413."""

    def __post_init__(self) -> None:
        for name in ("reject", "poison"):
            rule = getattr(self, name)
            if isinstance(rule, Mapping):
                object.__setattr__(self, name, (rule,))
        for name in self.faults:
            Plan.read(name)
        for item in (*self.script, self.always):
            Plan.read(item)
