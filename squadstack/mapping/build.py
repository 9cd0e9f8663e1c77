"""A run's mapper, built of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from squadstack.mapping.encryption import encryption
from squadstack.mapping.functions import functions_of
from squadstack.mapping.mapper import Mapper
from squadstack.mapping.phones import PhoneRules
from squadstack.mapping.rules import compile_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from squadstack.settings.target import TargetSettings


def mapper_of(settings: TargetSettings, config: Mapping[str, Any] | None = None) -> Mapper:
    """Compile the settings' rules; config is what expressions see as `config`.

    Raises:
        ConfigurationError: With a sentence for each fault and the number of its rule.
    """
    phones = PhoneRules(
        region=settings.phone_region,
        e164=settings.phone_format == "e164",
        mobile_only=settings.phone_type == "mobile",
    )
    functions = functions_of(phones, encryption(settings.field_key))
    return Mapper(
        rules=compile_rules(settings.mappings, ref_id=settings.ref_id, functions=functions),
        phones=phones,
        send_nulls=settings.null_values == "send",
        config=config or {},
    )
