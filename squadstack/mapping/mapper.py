"""Record → lead actions, by the rules. Pure: no call, no disk, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from squadstack.api.verdicts import ActionName, Reason
from squadstack.ledger.rows import LeadKey
from squadstack.mapping.actions import Filtered, JsonValue, LeadAction, Rejection, Source
from squadstack.mapping.expressions import Expression, scope
from squadstack.mapping.filters import is_yes
from squadstack.mapping.functions import from_json
from squadstack.mapping.phones import InvalidPhoneError, PhoneRules
from squadstack.mapping.rule import ITEM, NEEDS, TAKES_ANY_FIELD, Candidates, Rule
from squadstack.mapping.values import InvalidValueError, sendable, to_contact_name, to_detail, to_lead_id, to_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_CONVERSIONS: Mapping[str, Callable[[Any], JsonValue]] = {"contact_name": to_contact_name}
_NEEDED_AT_FIRST = NEEDS[ActionName.CREATE]


class _RefusedError(Exception):
    """This action cannot be sent, for a reason that holds no value."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Mapper:
    """The rules, and how their values are written.

    Attributes:
        rules: In the user's order.
        phones: Which numbers are sent, and how.
        send_nulls: Whether fields that are null are sent rather than left out.
        config: What expressions see as `config`.
    """

    rules: tuple[Rule, ...]
    phones: PhoneRules = field(default_factory=PhoneRules)
    send_nulls: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    _by_stream: dict[str, tuple[Rule, ...]] = field(default_factory=dict, repr=False)

    def rules_for(self, stream: str) -> tuple[Rule, ...]:
        """The rules that act on a stream, in the user's order."""
        if stream not in self._by_stream:
            self._by_stream[stream] = tuple(rule for rule in self.rules if rule.takes(stream))
        return self._by_stream[stream]

    def map(self, stream: str, record: dict[str, Any], ticket: Any) -> Iterator[LeadAction | Rejection | Filtered]:
        """What the rules make of one record: an action or a rejection for each rule whose filter it passes."""
        names = scope(record, stream=stream, config=self.config)
        for rule in self.rules_for(stream):
            source = Source(stream, rule.number, record, ticket)
            if rule.each is not None:
                yield from self._act_on_each(rule, names, source)
            elif (outcome := self._outcome(rule, names, source)) is not None:
                yield outcome

    def _act_on_each(self, rule: Rule, names: dict[str, Any], source: Source) -> Iterator[LeadAction | Rejection]:
        """One outcome for each item of a list that the filter lets pass."""
        try:
            items = _items(rule, names)
        except _RefusedError as refused:
            yield _rejection(refused, rule, names, source)
            return
        for item in items:
            outcome = self._outcome(rule, {**names, ITEM: item}, source)
            if outcome is not None and not isinstance(outcome, Filtered):
                yield outcome

    def _outcome(self, rule: Rule, names: dict[str, Any], source: Source) -> LeadAction | Rejection | Filtered | None:
        """What a rule makes of one scope; None: nothing, and nobody asks."""
        try:
            if rule.leaves_out(names["record"]) or not (
                rule.when is None or is_yes(_evaluate("when", rule.when, names))
            ):
                return self._filtered(rule, names) if rule.on_missing else None
        except _RefusedError as refused:
            return _rejection(refused, rule, names, source)
        return self._act(rule, names, source)

    @staticmethod
    def _filtered(rule: Rule, names: dict[str, Any]) -> Filtered:
        lead_id = _readable_lead_id(rule, names)
        return Filtered(rule.number, LeadKey(rule.campaign, lead_id) if lead_id else None)

    def _act(self, rule: Rule, names: dict[str, Any], source: Source) -> LeadAction | Rejection:
        lead_id: str | None = None
        campaign = rule.campaign or None
        try:
            lead_id = _lead_id(rule, names)
            campaign = campaign or _routed(rule, names)
            payload = {"lead_id": lead_id, **self._fields(rule, names)}
            return LeadAction(
                rule.action,
                LeadKey(campaign, lead_id),
                payload,
                source,
                incomplete=_incomplete(rule.action, payload),
            )
        except _RefusedError as refused:
            return Rejection(refused.reason, str(refused), source, rule.action, campaign, lead_id)

    def _fields(self, rule: Rule, names: dict[str, Any]) -> dict[str, JsonValue]:
        if rule.action not in TAKES_ANY_FIELD:
            return self._detail(rule, names) if rule.action is ActionName.CONVERT else {}
        payload: dict[str, JsonValue] = {}
        for name, candidates in self._candidates(rule, names["record"]):
            if name == "phone_number":
                payload[name] = self._phone_number(candidates, names)
            elif name != "lead_id":
                payload[name] = _first(name, candidates, names, _CONVERSIONS.get(name, to_payload))
        return self._without_nulls(payload)

    def _without_nulls(self, fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """Fields without those that are null, unless the user wants them sent."""
        if self.send_nulls or None not in fields.values():
            return fields
        return {name: value for name, value in fields.items() if value is not None}

    def _phone_number(self, candidates: Candidates, names: dict[str, Any]) -> str | None:
        values = [_evaluate("phone_number", candidate, names) for candidate in candidates]
        try:
            return self.phones.choose(values)
        except InvalidPhoneError as error:
            raise _RefusedError(Reason.INVALID_PHONE, str(error)) from None
        except InvalidValueError as error:
            raise _RefusedError(Reason.INVALID_VALUE, f"phone_number: {error}") from None

    @staticmethod
    def _candidates(rule: Rule, record: Mapping[str, Any]) -> Iterable[tuple[str, Candidates]]:
        """The fields to send: those of the record that come along, then those of the rule."""
        if not rule.include:
            return rule.fields.items()
        included = [name for name in record if name not in rule.fields and rule.includes(name)]
        for name in included:
            _checked("a field's name", sendable, name)
        return [*((name, (_of_record(name),)) for name in included), *rule.fields.items()]

    def _detail(self, rule: Rule, names: dict[str, Any]) -> dict[str, JsonValue]:
        if rule.detail is None:
            detail = _first("detail", _of(rule, "detail"), names, to_detail)
        else:
            detail = {
                name: _first(f"detail.{name}", candidates, names, to_payload)
                for name, candidates in rule.detail.items()
            }
        parts = detail.values() if isinstance(detail, dict) else (None if detail == "" else detail,)
        if all(part is None for part in parts):
            raise _RefusedError(Reason.MISSING_FIELD, "detail is empty")
        return {"detail": self._without_nulls(detail) if isinstance(detail, dict) else detail}


def _lead_id(rule: Rule, names: dict[str, Any]) -> str:
    lead_id = _first("lead_id", _of(rule, "lead_id"), names, to_lead_id)
    if lead_id is None:
        raise _RefusedError(Reason.MISSING_FIELD, "lead_id is missing")
    return str(lead_id)


def _readable_lead_id(rule: Rule, names: dict[str, Any]) -> str | None:
    """Whose a record is that makes no action, if it can be told."""
    try:
        return _lead_id(rule, names)
    except _RefusedError:
        return None


def _rejection(refused: _RefusedError, rule: Rule, names: dict[str, Any], source: Source) -> Rejection:
    """For a record of which nobody knows whether it makes an action."""
    lead_id = _readable_lead_id(rule, names)
    return Rejection(refused.reason, str(refused), source, rule.action, rule.campaign or None, lead_id)


def _items(rule: Rule, names: dict[str, Any]) -> list[Any]:
    """The items of a rule's list, which may also come as JSON text; null is an empty one."""
    assert rule.each is not None  # noqa: S101 - for the type checker
    value = _evaluate("each", rule.each, names)
    try:
        found = from_json(value or None)
    except (ValueError, RecursionError):
        found = value
    if found is not None and not isinstance(found, (list, tuple)):
        raise _RefusedError(Reason.INVALID_VALUE, "each: it is no list")
    return list(found or ())


def _routed(rule: Rule, names: dict[str, Any]) -> str:
    """The campaign that a value chooses."""
    assert rule.router is not None  # noqa: S101 - for the type checker
    value = _checked("ref_id", to_payload, _evaluate("ref_id", rule.router.by, names))
    campaign = rule.router.to.get(str(value)) if value is not None else None
    if campaign := campaign or rule.router.default:
        return campaign
    raise _RefusedError(Reason.NO_CAMPAIGN, "no campaign is named for the value of ref_id.by, and no default")


def _of(rule: Rule, name: str) -> Candidates:
    """The candidates of a field: those of the rule, or the record's own field, which comes along."""
    return rule.fields[name] if name in rule.fields else (_of_record(name),)


@lru_cache(10_000)
def _of_record(name: str) -> Expression:
    return Expression(name, frozenset(), lambda names: names["record"].get(name))


def _first(name: str, candidates: Candidates, names: dict[str, Any], convert: Callable[[Any], JsonValue]) -> JsonValue:
    """The first candidate that is not null once it is as it is sent."""
    for candidate in candidates:
        try:
            value = convert(candidate.evaluate(names))
        except Exception:  # noqa: BLE001 - done again, one step after the other, it tells which of them fails
            value = _checked(name, convert, _evaluate(name, candidate, names))
        if value is not None:
            return value
    return None


def _evaluate(name: str, expression: Expression, names: dict[str, Any]) -> Any:
    try:
        return expression.evaluate(names)
    except Exception as error:  # noqa: BLE001 - whatever an expression meets in a value rejects its action
        raise _RefusedError(Reason.INVALID_VALUE, f"{name}: {type(error).__name__}") from None


def _checked(name: str, convert: Callable[[Any], JsonValue], value: Any) -> JsonValue:
    try:
        return convert(value)
    except InvalidValueError as error:
        raise _RefusedError(Reason.INVALID_VALUE, f"{name}: {error}") from None


def _incomplete(action: ActionName, payload: Mapping[str, Any]) -> tuple[str, ...]:
    """What the payload lacks that the API wants of a new lead; a create may lack nothing."""
    if None not in map(payload.get, _NEEDED_AT_FIRST):
        return ()
    missing = tuple(name for name in _NEEDED_AT_FIRST if payload.get(name) is None)
    if action is ActionName.CREATE:
        raise _RefusedError(Reason.MISSING_FIELD, f"{' and '.join(missing)} missing")
    return missing if action is ActionName.UPSERT else ()
