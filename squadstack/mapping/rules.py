"""The user's rules, compiled once, with every fault told at the start (docs/mapping.md)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from squadstack.api.verdicts import ActionName
from squadstack.exceptions import ConfigurationError
from squadstack.mapping import presets
from squadstack.mapping.expressions import Expression, ExpressionError, both, compile_expression
from squadstack.mapping.functions import FUNCTIONS
from squadstack.mapping.rule import NEEDS, TAKES_ANY_FIELD, Candidates, Router, Rule

__all__ = ["NEEDS", "TAKES_ANY_FIELD", "Candidates", "Router", "Rule", "compile_rules"]

_MISSING = (ActionName.DISABLE, ActionName.DELETE)
_READ_ONLY_IN_CLEAR = frozenset({"phone_number", "contact_name"})


def compile_rules(
    mappings: Sequence[Mapping[str, Any]],
    *,
    ref_id: str | None,
    functions: Mapping[str, Any] = FUNCTIONS,
) -> tuple[Rule, ...]:
    """Compile all rules, or raise `ConfigurationError` with a sentence for each fault and its rule.

    Args:
        mappings: The setting `mappings`, checked against its schema.
        ref_id: The campaign of every rule that names none.
        functions: Those of expressions; some depend on settings.
    """
    if not mappings:
        as_it_is = {"stream": "*", "action": "upsert", "include": ["*"]}
        return (_Compiler(0, ref_id, functions).rule(as_it_is),)
    rules: list[Rule] = []
    faults: list[str] = []
    for number, mapping in enumerate(mappings, start=1):
        try:
            rules += _compile(number, mapping, ref_id, functions)
        except ConfigurationError as error:
            faults += error.faults
    if faults:
        raise ConfigurationError(*faults)
    return tuple(rules)


def _compile(number: int, mapping: Mapping[str, Any], ref_id: str | None, functions: Mapping[str, Any]) -> list[Rule]:
    """One entry of the mappings: a rule, or all those of a preset."""
    if "preset" not in mapping:
        return [_Compiler(number, ref_id, functions).rule(mapping)]
    own = _Compiler(number, ref_id, functions)
    when, fields = own.overrides(mapping)
    raw_rules = own.rules_of_preset(mapping)
    of_leads = {raw["stream"] for raw in raw_rules if raw["action"] in TAKES_ANY_FIELD}
    whose = {"lead_id": fields["lead_id"]} if "lead_id" in fields else {}
    rules = []
    for raw in raw_rules:
        campaign = {"ref_id": mapping["ref_id"]} if mapping.get("ref_id") else {}
        rule = _Compiler(number, ref_id, functions, preset=mapping["preset"]).rule({**raw, **campaign})
        more = fields if rule.action in TAKES_ANY_FIELD else whose if rule.stream in of_leads else {}
        rules.append(dataclasses.replace(rule, when=both(rule.when, when), fields={**rule.fields, **more}))
    return rules


class _Compiler:
    """Compiles one rule, and gathers its faults.

    Args:
        number: That of the rule.
        ref_id: The campaign if it names none.
        functions: Those of expressions.
        preset: Where the rule comes from, if it is not the user's own. What it reads may well be missing.
    """

    def __init__(
        self, number: int, ref_id: str | None, functions: Mapping[str, Any], *, preset: str | None = None
    ) -> None:
        self._number = number
        self._ref_id = ref_id
        self._functions = functions
        self._preset = preset
        self._faults: list[str] = []

    def rule(self, mapping: Mapping[str, Any]) -> Rule:
        """Compile a rule, or raise `ConfigurationError` with all its faults."""
        action = self._action(mapping["action"])
        given = dict(mapping.get("fields") or {})
        detail = given.pop("detail") if isinstance(given.get("detail"), Mapping) else None
        if detail is not None and action is not ActionName.CONVERT:
            self._faults.append("only action 'convert' has a detail that is an object; give it as one expression.")
        campaign, router = self._campaign(mapping.get("ref_id"))
        rule = Rule(
            number=self._number,
            stream=mapping["stream"],
            action=action or ActionName.UPSERT,
            campaign=campaign,
            when=self._filter(mapping.get("when")),
            fields={name: self._candidates(name, value) for name, value in given.items()},
            detail=None if detail is None else self._detail(detail),
            include=tuple(mapping.get("include") or ()),
            on_missing=self._on_missing(mapping, action),
            each=self._single("each", mapping.get("each")),
            router=router,
            preset=self._preset,
        )
        if action is not None:
            self._faults += _unmet(rule, has_detail=bool(detail))
        self._raise_faults(f"stream '{rule.stream}'")
        return rule

    # -- presets -------------------------------------------------------------------------------------

    def overrides(self, mapping: Mapping[str, Any]) -> tuple[Expression | None, dict[str, Candidates]]:
        """What stands beside `preset`: a filter and fields."""
        if more := sorted(set(mapping) - {"preset", "ref_id", "when", "fields"}):
            self._faults.append(
                f"beside 'preset' stand only ref_id, when and fields; drop {', '.join(more)}, or copy the preset."
            )
        given = mapping.get("fields") or {}
        fields = {name: self._candidates(name, value) for name, value in given.items()}
        return self._filter(mapping.get("when")), fields

    def rules_of_preset(self, mapping: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rules of the preset as they are written, or raise `ConfigurationError` with all faults."""
        name = mapping["preset"]
        if name not in presets.NAMES:
            self._faults.append(f"there is no preset '{name}'; the presets are {', '.join(presets.NAMES)}.")
        self._campaign(mapping.get("ref_id"))
        self._raise_faults(f"preset '{name}'")
        phone_number = (mapping.get("fields") or {}).get("phone_number", ())
        return presets.rules(name, [phone_number] if isinstance(phone_number, str) else phone_number)

    # -- parts ---------------------------------------------------------------------------------------

    def _raise_faults(self, what: str) -> None:
        if self._faults:
            within = f"preset '{self._preset}', " if self._preset else ""
            place = f"Rule {self._number} ({within}{what}): " if self._number else "Without mappings: "
            raise ConfigurationError(*(place + fault for fault in self._faults))

    def _action(self, text: str) -> ActionName | None:
        try:
            return ActionName(text)
        except ValueError:
            self._faults.append(f"there is no action '{text}'; the actions are {', '.join(ActionName)}.")
            return None

    def _campaign(self, given: Any) -> tuple[str, Router | None]:
        if isinstance(given, Mapping):
            return "", self._router(given)
        if not (campaign := given or self._ref_id or ""):
            self._faults.append("it names no campaign; give it a ref_id, or set the setting ref_id.")
        return campaign, None

    def _router(self, given: Mapping[str, Any]) -> Router | None:
        by = self._single("ref_id.by", given["by"])
        if by is None:
            return None
        router = Router(by, dict(given["to"]), given.get("default") or None)
        if not router.campaigns or "" in router.campaigns:
            self._faults.append("'ref_id' names no campaign for a value; give each value of 'to' one.")
        return router

    def _on_missing(self, mapping: Mapping[str, Any], action: ActionName | None) -> ActionName | None:
        text = mapping.get("on_missing")
        if text is None:
            return None
        if text not in _MISSING:
            self._faults.append(f"'on_missing' must be {' or '.join(_MISSING)}.")
            return None
        if action not in TAKES_ANY_FIELD:
            self._faults.append("only a rule that creates, updates or upserts leads can have 'on_missing'.")
        if mapping.get("each") or isinstance(mapping.get("ref_id"), Mapping):
            self._faults.append("a rule with 'on_missing' has one campaign and no 'each'.")
        return ActionName(text)

    def _filter(self, text: str | None) -> Expression | None:
        return None if text is None else self._expression("when", text, is_filter=True)

    def _single(self, name: str, text: str | None) -> Expression | None:
        return None if text is None else next(iter(self._candidates(name, text)), None)

    def _detail(self, detail: Mapping[str, Any]) -> dict[str, Candidates]:
        return {name: self._candidates(f"detail.{name}", value) for name, value in detail.items()}

    def _candidates(self, name: str, value: Any) -> Candidates:
        texts = value if isinstance(value, list) else [value]
        if not texts:
            self._faults.append(f"'{name}' is an empty list; name at least one candidate.")
        return tuple(filter(None, (self._expression(name, text) for text in texts)))

    def _expression(self, name: str, text: Any, *, is_filter: bool = False) -> Expression | None:
        if not isinstance(text, str):
            self._faults.append(f"'{name}' must be an expression or a list of them; quote a literal: \"'text'\".")
            return None
        try:
            expression = compile_expression(text, self._functions, is_filter=is_filter)
        except ExpressionError as error:
            self._faults.append(f"'{name}': {error}.")
            return None
        if name in _READ_ONLY_IN_CLEAR and "encrypt" in expression.calls:
            self._faults.append(f"'{name}' cannot be encrypted, since it is checked or cut.")
        return dataclasses.replace(expression, paths=frozenset()) if self._preset else expression


def _unmet(rule: Rule, *, has_detail: bool) -> Iterator[str]:
    for name in NEEDS[rule.action]:
        if name not in rule.fields and not rule.includes(name) and not (name == "detail" and has_detail):
            yield f"action '{rule.action}' needs the field {name}."
    if rule.action not in TAKES_ANY_FIELD:
        extra = sorted(set(rule.fields) - set(NEEDS[rule.action]))
        if extra:
            only = " and ".join(NEEDS[rule.action])
            yield f"action '{rule.action}' sends no field but {only}; drop {', '.join(extra)}."
