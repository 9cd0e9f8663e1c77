"""Records through rules: what the tests of the mapping share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from squadstack.exceptions import ConfigurationError
from squadstack.mapping.actions import LeadAction
from squadstack.mapping.mapper import Mapper
from squadstack.mapping.phones import PhoneRules
from squadstack.mapping.rules import compile_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from squadstack.mapping.actions import Filtered, Rejection


def made(
    mappings: list[dict[str, Any]],
    stream: str,
    record: Mapping[str, Any],
    *,
    ref_id: str | None = "main",
    phones: PhoneRules | None = None,
    **options: Any,
) -> list[LeadAction | Rejection | Filtered]:
    """What rules make of a record."""
    rules = compile_rules(mappings, ref_id=ref_id, **options)
    return list(Mapper(rules, phones=phones or PhoneRules()).map(stream, dict(record), None))


def told(outcomes: Iterable[LeadAction | Rejection | Filtered]) -> list[tuple[Any, ...]]:
    """Actions by name, lead and what is sent beside it; rejections by reason."""
    return [
        (str(one.name), one.lead.lead_id, {name: value for name, value in one.payload.items() if name != "lead_id"})
        if isinstance(one, LeadAction)
        else ("rejected", str(one.reason))
        for one in outcomes
    ]


def faults(*mappings: dict[str, Any], ref_id: str | None = "main") -> tuple[str, ...]:
    """What is wrong with rules."""
    with pytest.raises(ConfigurationError) as caught:
        compile_rules(mappings, ref_id=ref_id)
    return caught.value.faults
