"""The network as it is: a proxy, a private CA, a netrc for the host."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from engine.tls import HOST, Company, company
from flows.scene import CAMPAIGN, CONTACTS, TOKEN, check_manners, contact
from support import singer
from support.run import run_target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
TAP = [CONTACTS, *map(contact, range(250)), singer.state("end")]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Company]:
    with company(tmp_path) as found:
        yield found


def settings(**changes: object) -> dict[str, Any]:
    return {"auth_token": TOKEN, "ref_id": CAMPAIGN, "api_url": f"https://{HOST}", **changes}


def test_a_proxy_a_private_ca_and_a_netrc(network: Company, tmp_path: Path) -> None:
    """The calls go through the proxy's tunnel, the CA is trusted, and the token is ours, not the netrc's."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {HOST}\nlogin someone\npassword else\ndefault login some password body\n")
    netrc.chmod(0o600)
    (tmp_path / ".netrc").write_text(netrc.read_text())
    (tmp_path / ".netrc").chmod(0o600)
    env = {
        "HTTPS_PROXY": network.proxy_url,
        "REQUESTS_CA_BUNDLE": str(network.ca),
        "NETRC": str(netrc),
        "HOME": str(tmp_path),
    }
    result = run_target(settings(), TAP, env=env)
    assert (result.status, result.states) == (0, ["end"]), result.stderr[-2000:]
    check_manners(result)
    assert {line.split()[0:2] == ["CONNECT", f"{HOST}:443"] for line in network.asked} == {True}
    assert {token for token, _ in network.seen} == {f"Bearer {TOKEN}"}
    assert sum(len(leads) for _, leads in network.seen) == 250


@pytest.mark.long
def test_an_unknown_ca_is_not_trusted(network: Company) -> None:
    """Without the CA nothing is sent, not even the token; the run stops within a minute, with a sentence."""
    result = run_target(settings(), TAP, env={"HTTPS_PROXY": network.proxy_url}, timeout=90)
    assert (result.status, result.states, network.seen) == (1, [], [])
    assert result.seconds < 60
    assert "whitelist" in result.stderr
    check_manners(result)
