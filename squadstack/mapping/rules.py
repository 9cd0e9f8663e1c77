"""The user's rules, compiled once, with every fault told at the start (docs/mapping.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import cache
from typing import Any, TypeAlias

from squadstack.api.verdicts import ActionName
from squadstack.exceptions import ConfigurationError
from squadstack.mapping.expressions import Expression, ExpressionError, Path, compile_expression

Candidates: TypeAlias = tuple[Expression, ...]
"""The expressions of one field; the first usable value is taken."""

NEEDS = {
    ActionName.CREATE: ("lead_id", "phone_number", "contact_name"),
    ActionName.UPDATE: ("lead_id",),
    ActionName.UPSERT: ("lead_id",),
    ActionName.CONVERT: ("lead_id", "detail"),
    ActionName.DISABLE: ("lead_id",),
    ActionName.DELETE: ("lead_id",),
}
"""What a rule must say for an action (CRM v2, "Request Body" of each endpoint)."""

TAKES_ANY_FIELD = frozenset({ActionName.CREATE, ActionName.UPDATE, ActionName.UPSERT})


_MISSING = (ActionName.DISABLE, ActionName.DELETE)


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule.

    Attributes:
        number: Counted from 1; 0 is the rule that stands in where there are no mappings.
        stream: Name or glob.
        action: What is done.
        campaign: The ref_id it is done in.
        when: The filter, if there is one.
        fields: Field of the lead to its candidates.
        detail: Name to candidates, when a conversion's detail is given as an object.
        include: Names and globs of top-level fields that come along under their own names.
        on_missing: What is done with leads that the stream no longer holds, if it is mirrored.
    """

    number: int
    stream: str
    action: ActionName
    campaign: str
    when: Expression | None
    fields: Mapping[str, Candidates]
    detail: Mapping[str, Candidates] | None
    include: tuple[str, ...]
    on_missing: ActionName | None = None

    def takes(self, stream: str) -> bool:
        """Whether the rule acts on this stream."""
        return fnmatchcase(stream, self.stream)

    def includes(self, name: str) -> bool:
        """Whether a top-level field comes along; the SDK's own `_sdc_` fields only if they are named."""
        if name.startswith("_sdc_"):
            return _matcher(tuple(pattern for pattern in self.include if pattern.startswith("_sdc_")))(name) is not None
        return _matcher(self.include)(name) is not None

    def paths(self) -> Iterator[Path]:
        """Every path of a record that the rule reads by name."""
        groups = [*self.fields.values(), *(self.detail or {}).values()]
        expressions = [expression for group in groups for expression in group]
        for expression in [*expressions, *filter(None, [self.when])]:
            yield from expression.paths
        yield from ((name,) for name in self.include if not set(name) & set("*?["))


@cache
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], re.Match[str] | None]:
    """Match a name against any of the globs, compiled once: this is asked for every field of every record."""
    return re.compile("|".join(map(translate, patterns)) or r"(?!)").match


def compile_rules(mappings: Sequence[Mapping[str, Any]], *, ref_id: str | None) -> tuple[Rule, ...]:
    """Compile all rules, or raise `ConfigurationError` with a sentence for each fault and its rule.

    Args:
        mappings: The setting `mappings`, checked against its schema.
        ref_id: The campaign of every rule that names none.
    """
    if not mappings:
        as_it_is = {"stream": "*", "action": "upsert", "include": ["*"]}
        return (_compile(0, as_it_is, ref_id),)
    rules: list[Rule] = []
    faults: list[str] = []
    for number, mapping in enumerate(mappings, start=1):
        try:
            rules.append(_compile(number, mapping, ref_id))
        except ConfigurationError as error:
            faults += error.faults
    if faults:
        raise ConfigurationError(*faults)
    return tuple(rules)


def _compile(number: int, mapping: Mapping[str, Any], ref_id: str | None) -> Rule:
    faults: list[str] = []
    action = _action(mapping["action"], faults)
    campaign = mapping.get("ref_id") or ref_id or ""
    if not campaign:
        faults.append("it names no campaign; give it a ref_id, or set the setting ref_id.")
    given = dict(mapping.get("fields") or {})
    detail = given.pop("detail") if isinstance(given.get("detail"), Mapping) else None
    if detail is not None and action is not ActionName.CONVERT:
        faults.append("only action 'convert' has a detail that is an object; give it as one expression.")
    rule = Rule(
        number=number,
        stream=mapping["stream"],
        action=action or ActionName.UPSERT,
        campaign=campaign,
        when=_when(mapping.get("when"), faults),
        fields={name: _candidates(name, value, faults) for name, value in given.items()},
        detail=None if detail is None else _detail(detail, faults),
        include=tuple(mapping.get("include") or ()),
        on_missing=_on_missing(mapping.get("on_missing"), action, faults),
    )
    if action is not None:
        faults += _unmet(rule, has_detail=bool(detail))
    if faults:
        place = f"Rule {number} (stream '{rule.stream}'): " if number else "Without mappings: "
        raise ConfigurationError(*(place + fault for fault in faults))
    return rule


def _action(text: str, faults: list[str]) -> ActionName | None:
    try:
        return ActionName(text)
    except ValueError:
        faults.append(f"there is no action '{text}'; the actions are {', '.join(ActionName)}.")
        return None


def _on_missing(text: str | None, action: ActionName | None, faults: list[str]) -> ActionName | None:
    if text is None:
        return None
    if text not in _MISSING:
        faults.append(f"'on_missing' must be {' or '.join(_MISSING)}.")
        return None
    if action not in TAKES_ANY_FIELD:
        faults.append("only a rule that creates, updates or upserts leads can have 'on_missing'.")
    return ActionName(text)


def _when(text: str | None, faults: list[str]) -> Expression | None:
    return None if text is None else next(iter(_candidates("when", text, faults)), None)


def _candidates(name: str, value: Any, faults: list[str]) -> Candidates:
    texts = value if isinstance(value, list) else [value]
    if not texts:
        faults.append(f"'{name}' is an empty list; name at least one candidate.")
    compiled = []
    for text in texts:
        if not isinstance(text, str):
            faults.append(f"'{name}' must be an expression or a list of them; quote a literal: \"'text'\".")
            continue
        try:
            compiled.append(compile_expression(text))
        except ExpressionError as error:
            faults.append(f"'{name}': {error}.")
    return tuple(compiled)


def _detail(detail: Mapping[str, Any], faults: list[str]) -> dict[str, Candidates]:
    return {name: _candidates(f"detail.{name}", value, faults) for name, value in detail.items()}


def _unmet(rule: Rule, *, has_detail: bool) -> Iterator[str]:
    for name in NEEDS[rule.action]:
        if name not in rule.fields and not rule.includes(name) and not (name == "detail" and has_detail):
            yield f"action '{rule.action}' needs the field {name}."
    if rule.action not in TAKES_ANY_FIELD:
        extra = sorted(set(rule.fields) - set(NEEDS[rule.action]))
        if extra:
            only = " and ".join(NEEDS[rule.action])
            yield f"action '{rule.action}' sends no field but {only}; drop {', '.join(extra)}."
