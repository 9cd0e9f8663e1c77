"""`encrypt(x)`: what SquadStack can decrypt, and what stays the same while the value does."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from mapping.making import faults, made

from squadstack.exceptions import ConfigurationError
from squadstack.mapping.encryption import encryption
from squadstack.mapping.functions import functions_of
from squadstack.mapping.phones import PhoneRules
from squadstack.settings.target import TargetSettings

SECRET = bytes(range(32))
KEY = base64.b64encode(SECRET).decode()
RULE = {"stream": "s", "action": "update", "fields": {"lead_id": "id", "pan": "encrypt(pan)"}}


def encrypt(value: Any, key: str = KEY) -> Any:
    function = encryption(key)
    assert function is not None
    return function(value)


def decrypt(text: str) -> str:
    """As anybody would who has the key: the nonce is the first twelve bytes, the tag the last sixteen."""
    raw = base64.b64decode(text, validate=True)
    return AESGCM(SECRET).decrypt(raw[:12], raw[12:], None).decode()


@pytest.mark.parametrize(
    ("value", "text"), [("ABCDE1234F", "ABCDE1234F"), ("अशा", "अशा"), ("", ""), (7, "7"), (2.50, "2.5"), (True, "true")]
)
def test_a_value_can_be_decrypted_as_it_would_have_been_sent(value: Any, text: str) -> None:
    sent = encrypt(value)
    assert decrypt(sent) == text
    assert len(base64.b64decode(sent)) == 12 + len(text.encode()) + 16


def test_null_stays_null() -> None:
    assert encrypt(None) is None


def test_the_same_value_is_the_same_text_and_another_has_another_nonce() -> None:
    """So "unchanged" holds, and no nonce serves two values."""
    assert encrypt("ABCDE1234F") == encrypt("ABCDE1234F")
    texts = [base64.b64decode(encrypt(f"value {number}")) for number in range(1000)]
    assert len({text[:12] for text in texts}) == 1000
    assert encrypt("x") != encrypt("x", base64.b64encode(bytes(32)).decode())


def test_a_rule_encrypts_with_the_key_of_the_setting() -> None:
    functions = functions_of(PhoneRules(), encryption(KEY))
    (action,) = made([RULE], "s", {"id": 1, "pan": "ABCDE1234F"}, functions=functions)
    assert decrypt(action.payload["pan"]) == "ABCDE1234F"


@pytest.mark.parametrize(
    ("expression", "record"),
    [
        ("encrypt(pan_no)", {"pan_no": "ABCDE1234F"}),
        ("encrypt(record['PAN no'])", {"PAN no": "ABCDE1234F"}),
        ("encrypt(pan_no.upper()) if pan_no else None", {"pan_no": "ABCDE1234F"}),
        ("encrypt(kyc.pan)", {"kyc": {"pan": "ABCDE1234F"}}),
        ("encrypt(kyc.pan)", {"kyc__pan": "ABCDE1234F"}),
        ("encrypt(item.pan)", {"items": [{"pan": "ABCDE1234F"}]}),
    ],
)
@pytest.mark.parametrize("pattern", ["*", "[!x]*"])
def test_what_is_encrypted_does_not_come_along_in_clear(expression: str, record: dict[str, Any], pattern: str) -> None:
    """A pattern takes the other fields along."""
    each = {"each": "items"} if "item." in expression else {}
    rule = {**RULE, **each, "fields": {"lead_id": "id", "pan": expression}, "include": [pattern]}
    functions = functions_of(PhoneRules(), encryption(KEY))
    (action,) = made([rule], "s", {"id": 1, "city": "Pune", **record}, functions=functions)
    assert "ABCDE1234F" not in str(action.payload)
    assert decrypt(action.payload["pan"]) == "ABCDE1234F"
    assert action.payload["city"] == "Pune"


def test_beside_a_preset_it_does_not_come_along_either() -> None:
    functions = functions_of(PhoneRules(), encryption(KEY))
    rules = [{"preset": "leadsquared", "fields": {"pan": "encrypt(mx_PAN)"}}]
    record = {"ProspectID": "a-1", "Mobile": "9999900001", "mx_PAN": "ABCDE1234F", "mx_City": "Pune"}
    (action,) = made(rules, "leads", record, functions=functions)
    assert action.payload.keys() == {"lead_id", "phone_number", "mx_City", "pan"}


def test_by_its_very_name_it_comes_along_in_clear() -> None:
    rule = {**RULE, "fields": {"lead_id": "id", "pan": "encrypt(pan_no)"}, "include": ["*", "pan_no"]}
    functions = functions_of(PhoneRules(), encryption(KEY))
    (action,) = made([rule], "s", {"id": 1, "pan_no": "ABCDE1234F"}, functions=functions)
    assert action.payload["pan_no"] == "ABCDE1234F"


def test_without_a_key_the_function_is_a_fault_at_the_start() -> None:
    (fault,) = faults(RULE)
    assert fault.endswith("'pan': 'encrypt(pan)' uses the function encrypt, which needs the setting field_key.")


@pytest.mark.parametrize("name", ["phone_number", "contact_name"])
def test_what_is_checked_or_cut_cannot_be_encrypted(name: str) -> None:
    rule = {**RULE, "fields": {"lead_id": "id", name: "encrypt(pan)"}}
    with pytest.raises(ConfigurationError, match=f"'{name}' cannot be encrypted"):
        made([rule], "s", {}, functions=functions_of(PhoneRules(), encryption(KEY)))


@pytest.mark.parametrize("key", ["", "short", "AAAA", KEY[:-4], KEY + "AAAA", "?" * 44])
def test_a_key_that_is_none_is_a_fault_that_does_not_show_it(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        TargetSettings(auth_token="t", field_key=key)
    assert caught.value.faults == ("Setting 'field_key' must be 32 bytes in base64, which are 44 characters.",)


def test_the_key_is_not_shown() -> None:
    assert KEY not in repr(TargetSettings(auth_token="t", field_key=KEY))
