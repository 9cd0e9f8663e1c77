"""Phone numbers: which candidate is sent, and how it is written (docs/mapping.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import phonenumbers
from phonenumbers import PhoneNumberType

from squadstack.mapping.values import NO_SCALAR, to_payload

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})

_DIGITS = {"IN": 10}
"""Of a lead's national number, where it is always the same: India's longer and shorter ones are of services."""


_INDIA = 91
_NO_NUMBER = ""


class InvalidPhoneError(ValueError):
    """Candidates were given and none of them is a number that may be sent. Holds no number."""


_FLOAT = re.compile(r"(\+?\d+)\.0+")
_EXTENSION = re.compile(r"\s*(?:x|ext\.?|extn\.?|#)\s*\d{1,6}$", re.IGNORECASE)
_LETTER_WITHIN = re.compile(r"\d.*[^\W\d_]", re.DOTALL)
"""The library reads letters as a keypad does: 98765XXXXX, a number that somebody masked, would be a stranger's."""


@dataclass(frozen=True, slots=True)
class PhoneRules:
    """Which numbers are sent, and how.

    Attributes:
        region: The country whose numbers are sent, and read without a country code (settings: phone_region).
        e164: Whether the country code is written before the number; never a plus.
        mobile_only: Whether a landline is refused.
    """

    region: str = "IN"
    e164: bool = False
    mobile_only: bool = False

    def choose(self, candidates: Iterable[Any]) -> str | None:
        """The first valid mobile number of the candidates, else the first valid one.

        Returns:
            The number as it is sent, or None when every candidate is null or empty.

        Raises:
            InvalidPhoneError: There were candidates, but none that may be sent.
        """
        landline, is_given = None, False
        for text in filter(None, map(_text, candidates)):
            is_given = True
            number, kind = self._read(text)
            if kind in _MOBILE:
                return number
            if kind != PhoneNumberType.UNKNOWN:
                landline = landline or number
        if landline is not None and not self.mobile_only:
            return landline
        if is_given:
            wanted = "mobile number" if self.mobile_only else "valid number"
            msg = f"phone_number is no {wanted} of {self.region}"
            raise InvalidPhoneError(msg)
        return None

    def _read(self, text: str) -> tuple[str, int]:
        """A number as it is sent and its type, which is UNKNOWN for one that may not be sent."""
        if self.region == "IN" and (found := _plain_mobile().fullmatch(text.replace(" ", "").replace("-", ""))):
            return self._written(_INDIA, found[1]), PhoneNumberType.MOBILE
        if _LETTER_WITHIN.search(_EXTENSION.sub("", text)):
            return _NO_NUMBER, PhoneNumberType.UNKNOWN
        try:
            number = phonenumbers.parse(text, self.region)
        except phonenumbers.NumberParseException:
            return _NO_NUMBER, PhoneNumberType.UNKNOWN
        national = phonenumbers.national_significant_number(number)
        is_ours = phonenumbers.is_valid_number_for_region(number, self.region)
        if not is_ours or len(national) != _DIGITS.get(self.region, len(national)):
            return _NO_NUMBER, PhoneNumberType.UNKNOWN
        return self._written(number.country_code, national), phonenumbers.number_type(number)

    def _written(self, country_code: int | None, national: str) -> str:
        return f"{country_code}{national}" if self.e164 else national


@cache
def _plain_mobile() -> re.Pattern[str]:
    """A mobile number of India that is written without surprises, such as 9999900001 or +91-99999 00001.

    The library reads and judges the same in forty times the time, which is most of the mapping's. What is a
    mobile number here is by its own pattern; whatever this does not take, it reads itself.
    """
    metadata: Any = phonenumbers.PhoneMetadata.metadata_for_region("IN")
    return re.compile(rf"(?:\+91)?(?=[1-9][0-9]{{9}}\Z)({metadata.mobile.national_number_pattern})", re.ASCII)


def _text(value: Any) -> str:
    """A candidate as text: taps write numbers as text, as 9999900001 and as 9999900001.0, which may be text too."""
    if type(value) is not str and isinstance(value, NO_SCALAR):
        return "?"
    payload = to_payload(value)
    text = "" if payload is None else str(payload).strip()
    written_as_float = _FLOAT.fullmatch(text)
    return written_as_float[1] if written_as_float else text
