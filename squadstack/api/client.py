"""The only module that opens a socket."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Protocol

import requests
import requests.auth
from urllib3.exceptions import HTTPError, NewConnectionError

from squadstack.api.deadline import Deadline, DeadlineAdapter
from squadstack.api.messages import Failure, NoAnswerError, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from squadstack.settings.common import CommonSettings

_CHUNK = 65_536
_LARGEST_ANSWER = 64 * 1024 * 1024
_NETWORK_ERRORS = (requests.exceptions.RequestException, HTTPError, OSError)


class Transport(Protocol):
    """The seam to the network."""

    def send(self, request: Request, on_written: Callable[[], None] = ...) -> Response:
        """Make one call and return the whole answer, or raise `NoAnswerError`."""
        ...


def _ignore() -> None:
    """Nobody asked when a request was written."""


class Client:
    """Calls to one API, with one token, over kept connections. Safe to use from several threads.

    Proxies and a private CA are taken from the environment as `requests` does (HTTPS_PROXY, NO_PROXY,
    REQUESTS_CA_BUNDLE); a netrc file never replaces the token; redirects are not followed.

    Args:
        base_url: Scheme and host.
        token: The bearer token; never shown.
        timeout: Seconds for one call, from connecting to the last byte.
        user_agent: Of every call; by default the package's name and version.
        connections: How many connections are kept.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        timeout: float,
        user_agent: str | None = None,
        connections: int = 8,
    ) -> None:
        self._base_url = base_url
        self._timeout = timeout
        self._session = requests.Session()
        self._session.auth = _Bearer(token)
        self._session.headers.update(
            {"Content-Type": "application/json", "User-Agent": user_agent or default_user_agent()}
        )
        _take_environment(self._session, base_url)
        self._session.mount(base_url, DeadlineAdapter(pool_connections=1, pool_maxsize=connections))

    @classmethod
    def of(cls, settings: CommonSettings) -> Client:
        """The client that the settings describe."""
        return cls(
            settings.base_url,
            settings.auth_token,
            timeout=settings.request_timeout_seconds,
            user_agent=settings.user_agent,
            connections=settings.max_in_flight,
        )

    def send(self, request: Request, on_written: Callable[[], None] = _ignore) -> Response:
        """Make one call and return the whole answer.

        Args:
            request: What to send.
            on_written: Called when the last byte of it has been written, before the answer is waited for.

        Raises:
            NoAnswerError: There is none, or not all of it; its message holds no address and no body.
        """
        with Deadline(self._timeout, on_written) as deadline:
            failure = Failure.TIMEOUT
            try:
                response = self._exchange(request)
                if not deadline.passed:  # else an answer without a length may have been cut and look whole
                    return response
            except _NETWORK_ERRORS as error:
                failure = Failure.TIMEOUT if deadline.passed else _kind(error, is_connected=deadline.is_connected)
        raise NoAnswerError(failure) from None

    def _exchange(self, request: Request) -> Response:
        with self._session.request(
            request.method,
            self._base_url + request.path,
            data=request.body,
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
        ) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status_code, headers, _read(answer))

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()


def default_user_agent() -> str:
    """Name and version of this package."""
    return f"squadstack-connectors/{metadata.version('squadstack-connectors')}"


def _take_environment(session: requests.Session, base_url: str) -> None:
    """Read proxies and CA from the environment once: `requests` would do so, at a price, for every call.

    Clear text goes to loopback alone, and never to a proxy.
    """
    found = session.merge_environment_settings(base_url, {}, stream=None, verify=None, cert=None)
    if base_url.lower().startswith("https:"):
        session.proxies.update(found["proxies"])
    session.verify = found["verify"]
    session.trust_env = False


class _Bearer(requests.auth.AuthBase):
    """The token as the session's own authentication, which is what keeps a netrc file out."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _read(answer: requests.Response) -> bytes:
    """The whole body, unless it is absurdly large."""
    chunks: list[bytes] = []
    size = 0
    for chunk in answer.iter_content(_CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > _LARGEST_ANSWER:
            raise requests.exceptions.ContentDecodingError
    return b"".join(chunks)


def _kind(error: Exception, *, is_connected: bool) -> Failure:
    match error:
        case requests.exceptions.SSLError() if not is_connected:  # the handshake's: later ones break a call
            return Failure.TLS
        case requests.exceptions.ConnectTimeout() | requests.exceptions.ProxyError():
            return Failure.REFUSED
        case requests.exceptions.Timeout():
            return Failure.TIMEOUT
        case requests.exceptions.ConnectionError() if isinstance(_reason(error), NewConnectionError):
            return Failure.REFUSED
        case _:
            return Failure.BROKEN


def _reason(error: requests.exceptions.ConnectionError) -> object:
    return getattr(error.args[0], "reason", None) if error.args else None
