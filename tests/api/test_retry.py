"""One table: what is done about an answer to a whole call, or about there being none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from squadstack.api.messages import Failure, NoAnswerError, Response
from squadstack.api.retry import Disposition, decide, is_unreachable, wait_after_429

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
JUDGE, WAIT, RETRY, HALVE, STOP = Disposition
NOW = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)

NO_INTEGRATION = b'{"error_msg":"No active integration found."}'
NOT_ENABLED = b'{"error_msg":"This endpoint is not enabled in your Integration"}'
BUSY = b'{"error_msg":"Another request for the same lead is getting processed already"}'

# Status, body, what is done, and what its sentence speaks of.
TABLE = [
    (200, b"", JUDGE, "answered"),
    (201, b"", JUDGE, "answered"),
    (202, b"", JUDGE, "answered"),
    (204, b"", JUDGE, "answered"),
    (301, b"", STOP, "redirects"),
    (302, b"", STOP, "redirects"),
    (304, b"", STOP, "redirects"),
    (400, b'{"error_msg":"{\\"phone_number\\":[\\"Invalid value provided.\\"]}"}', HALVE, "as a whole"),
    (400, b"<html>", HALVE, "as a whole"),
    (400, NO_INTEGRATION, STOP, "active integration"),
    (400, NOT_ENABLED, STOP, "not enabled"),
    (401, b'{"error_msg":"Invalid auth token"}', STOP, "auth_token"),
    (401, b'{"error_msg":"Token expired"}', STOP, "expired"),
    (402, b"", STOP, "402"),
    (403, b'{"error_msg":"You do not have permission to perform this action."}', STOP, "whitelist"),
    (403, b"", STOP, "permission"),
    (404, NO_INTEGRATION, STOP, "active integration"),
    (404, NOT_ENABLED, STOP, "not enabled"),
    (404, b"<html>Not Found</html>", STOP, "api_url and ref_id"),
    (405, b"", STOP, "405"),
    (408, b"", RETRY, "problem of its own"),
    (409, BUSY, RETRY, "being processed"),
    (409, b"", RETRY, "being processed"),
    (410, b"", STOP, "410"),
    (413, b"", HALVE, "as a whole"),
    (415, b"", STOP, "415"),
    (422, b"", STOP, "422"),
    (425, b"", RETRY, "problem of its own"),
    (429, b"", WAIT, "rate limit"),
    (500, b"We're facing some technical issues. Please try again in a while.", RETRY, "problem of its own"),
    (502, b"<html>", RETRY, "problem of its own"),
    (503, b"<html>We are down for maintenance</html>", RETRY, "maintained"),
    (504, b"", RETRY, "problem of its own"),
    (599, b"", RETRY, "problem of its own"),
]


@pytest.mark.parametrize(("status", "body", "disposition", "said"), TABLE)
def test_every_row_of_the_table(status: int, body: bytes, disposition: Disposition, said: str) -> None:
    """400 and 413 are halved, 401, 403 and 404 stop the run, 429 waits, what may succeed later is tried again."""
    decision = decide(Response(status, body=body))
    assert decision.disposition is disposition
    assert said in decision.sentence


@pytest.mark.parametrize("failure", Failure)
def test_a_call_without_an_answer_is_tried_again(failure: Failure) -> None:
    decision = decide(NoAnswerError(failure))
    assert (decision.disposition, decision.sentence) == (RETRY, failure.value)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (NoAnswerError(Failure.REFUSED), True),
        (NoAnswerError(Failure.TLS), True),
        (NoAnswerError(Failure.TIMEOUT), False),
        (NoAnswerError(Failure.BROKEN), False),
        (Response(403), False),
        (Response(503), False),
    ],
    ids=repr,
)
def test_what_brought_no_connection_about_is_told_apart(outcome: Response | NoAnswerError, *, expected: bool) -> None:
    """Before a run's first answer it points at the address or the network."""
    assert is_unreachable(outcome) is expected


@LAW
@given(st.integers(100, 599), st.binary(max_size=200) | st.sampled_from([NO_INTEGRATION, NOT_ENABLED, BUSY]))
def test_only_a_2xx_is_judged_and_no_sentence_repeats_the_body(status: int, body: bytes) -> None:
    """Law: for every status there is one decision, whatever the body."""
    canary = b"canary-9999900001"
    decision = decide(Response(status, body=body + canary))
    assert (decision.disposition is JUDGE) == (200 <= status < 300)
    assert (decision.disposition is WAIT) == (status == 429)
    assert "canary" not in decision.sentence


# -- how long ------------------------------------------------------------------------------------------------

TEXT = b"{Request was throttled. Please try after 45 seconds}"


@pytest.mark.parametrize(
    ("header", "body", "seconds"),
    [
        ("30", b"", 30),
        (" 30 ", b"", 30),
        ("0", b"", 1),
        ("30", TEXT, 30),
        ("3600", b"", 3600),
        ("1000000000", b"", 3600),
        ("9" * 5_000, b"", 3600),
        ("Sat, 21 Nov 2026 10:00:30 GMT", b"", 30),
        ("Saturday, 21-Nov-26 10:00:30 GMT", b"", 30),
        ("Sat, 21 Nov 2026 15:30:30 +0530", b"", 30),
        ("Sat, 21 Nov 2026 10:00:30 -0000", b"", 30),
        ("Sat, 21 Nov 2026 09:00:00 GMT", b"", 1),
        ("Sat, 21 Nov 2099 10:00:00 GMT", b"", 3600),
        (None, TEXT, 45),
        (None, b'{"error_msg":"Request was throttled. Please try after 45 seconds"}', 45),
        (None, b'{"detail":"Request was throttled. Expected available in 45 seconds."}', 45),
        (None, b"Please try after 1 second", 1),
        (None, b"Please try after 99999999999999999999999 seconds", 3600),
        (None, b"Request was throttled.", 60),
        (None, b"", 60),
        (None, b"<html>\xff\xfe", 60),
        ("", TEXT, 45),
        ("-5", TEXT, 45),
        ("-5", b"", 60),
        ("1.5", b"", 60),
        ("soon", TEXT, 45),
        ("\N{SUPERSCRIPT TWO}", b"", 60),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", b"", 60),
        ("Mon, 01 Jan 2026 99999999999999999999:00:00 GMT", b"", 60),
        ("Mon, 01 Jan 2026 00:00:00 +99999999999999", TEXT, 45),
    ],
)
def test_after_a_429_everybody_waits_as_the_header_says_else_the_text_else_a_minute(
    header: str | None, body: bytes, seconds: float
) -> None:
    """In seconds or as a date, past or to come; at most an hour; what makes no sense says nothing."""
    headers = {} if header is None else {"retry-after": header}
    assert wait_after_429(Response(429, headers, body), lambda: NOW) == seconds


@LAW
@example("Fri, 31 Dec 9999 23:59:59 -2359", b"")
@example("Mon, 01 Jan 0001 00:00:00 +2359", b"")
@given(
    st.text()
    | st.from_regex(r"(Mon, )?\d{1,12} Jan \d{1,12} \d{1,12}:\d\d(:\d\d)?( [+-]?\d{1,12}| GMT|)", fullmatch=True),
    st.binary(),
)
def test_no_answer_makes_anybody_wait_longer_than_an_hour_or_raises(header: str, body: bytes) -> None:
    """Law: whatever the header and the body are."""
    assert 0 <= wait_after_429(Response(429, {"retry-after": header}, body)) <= 3600
