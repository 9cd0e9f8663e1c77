"""Calls that are refused as a whole."""

from __future__ import annotations

import pytest
from sandbox.driving import Caller, person

ACTIONS = ["create", "update", "upsert", "convert", "disable", "delete"]
PATH = "/voice/crm-integration-v2/loans/lead-created"


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("", "Invalid auth token"),
        ("Bearer wrong", "Invalid auth token"),
        ("Basic sandbox-token", "Invalid auth token"),
        ("sandbox-token", "Invalid auth token"),
        ("Bearer expired-token", "Token expired"),
    ],
)
def test_unauthorised(shared: Caller, authorization: str, message: str) -> None:
    """Without the valid token nothing is done, and the caller learns whether it has expired."""
    shared.given("active", "y")
    response = shared.send("create", person("x"), headers={"Authorization": authorization})
    assert (response.status_code, response.json()) == (401, {"error_msg": message})
    assert list(shared.get("/sandbox/leads")["campaigns"]["loans"]) == ["y"]


@pytest.mark.parametrize(
    ("ref_id", "status", "message"),
    [
        ("no-integration", 404, "No active integration found."),
        ("no-permission", 403, "You do not have permission to perform this action."),
    ],
)
@pytest.mark.parametrize("action", ACTIONS)
def test_campaign_out_of_reach(shared: Caller, action: str, ref_id: str, status: int, message: str) -> None:
    """A campaign without integration, or not the caller's, refuses every action."""
    response = shared.send(action, [person("x")], ref_id)
    assert (response.status_code, response.json()) == (status, {"error_msg": message})


@pytest.mark.parametrize("action", ACTIONS)
def test_enabled_actions(shared: Caller, action: str) -> None:
    """A campaign may have some endpoints enabled and not the others."""
    response = shared.send(action, [person("x")], "only-upsert-delete")
    if action in {"upsert", "delete"}:
        assert response.status_code == 200
    else:
        assert response.status_code == 404
        assert response.json() == {"error_msg": "This endpoint is not enabled in your Integration"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"lead_id": ', "application/json"),
        (b"", "application/json"),
        (b'{"lead_id": NaN}', "application/json"),
        (b'{"lead_id": "\xff"}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"7", "application/json"),
        (b'"x"', "application/json"),
        (b"[7]", "application/json"),
        (b"[[]]", "application/json"),
        (b"[]", "application/json"),
        (b"{}", "text/plain"),
        (b"{}", "application/jsonp"),
        (b"{}", ""),
    ],
)
def test_bad_request(shared: Caller, body: bytes, content_type: str) -> None:
    """What is no lead and no list of leads in JSON is refused as a whole, with a reason."""
    response = shared.post(PATH, data=body, headers={"Content-Type": content_type})
    assert response.status_code == 400
    assert response.json()["error_msg"]


def test_content_type_with_charset(shared: Caller) -> None:
    """The content type may name its charset."""
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    response = shared.post(PATH, data=b'{"lead_id": ""}', headers=headers)
    assert "This field may not be blank." in response.json()["error_msg"]


def test_size_of_a_call(shared: Caller) -> None:
    """A hundred leads are dealt with, one more and none is."""
    shared.given("active", "y")
    rows = [person(f"x{number}") for number in range(101)]
    refused = shared.send("create", rows)
    assert refused.status_code == 400
    assert "100" in refused.json()["error_msg"]
    answer = shared.send("create", rows[:100]).json()
    assert answer["metadata"] == {"total_leads": 100, "success": 100, "failed": 0}


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_method(shared: Caller, method: str) -> None:
    """All endpoints work on POST only."""
    response = shared.http.request(method, shared.sandbox.url + PATH, timeout=30)
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert "POST" in response.json()["error_msg"]


@pytest.mark.parametrize("path", ["/", "/voice/crm-integration-v2/loans/lead-eaten", PATH + "/"])
def test_unknown_path(shared: Caller, path: str) -> None:
    """Any other path is not found, and nobody is sent elsewhere."""
    assert shared.post(path, json=person("x"), allow_redirects=False).status_code == 404
