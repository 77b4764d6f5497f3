"""A session with one Genesys Cloud org.

It does what every call needs: a token, the rate limit, retries, and errors as GenesysError. Other
modules decide what to ask and what the answer means.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

from genesys.errors import N_, BadCredentials, CalledOff, RateLimited, UnexpectedAnswer
from genesys.rate_limit import Priority
from genesys.rate_limiter import LocalRateLimiter, RateLimiter
from genesys.refusals import Answer, refused
from genesys.retry import retrying
from genesys.sdk import api_host
from genesys.shape import Json
from genesys.token import AccessToken
from genesys.transport import Transport

_MOST_DIGITS = 9  # of a number in a header; a larger one is a mistake, and fits no column


@dataclass(frozen=True)
class Connection:
    """How to reach one org. Timeouts are in seconds.

    `region` is an AWS region name (see `region_names`). `api_url` overrides it, for a gateway or
    a stand-in; the sign-in goes there too. `patience` is how long a call may take in total,
    including retries, unless the caller says otherwise. `concurrency` is the number of
    connections that stay open; more calls than that open extra connections.
    """

    client_id: str
    client_secret: str = field(repr=False)
    region: str = "us-east-1"
    api_url: str | None = None
    connect_timeout: float = 3.05
    read_timeout: float = 10.0
    patience: float = 20.0
    calls_per_minute: int = 300
    concurrency: int = 32


class CallOptions(TypedDict, total=False):
    """Options of a call.

    `repeatable`: the call may run twice, like any read (the default). `patience`: the seconds that
    waiting and retrying may take in total; None for the connection's. `may_begin` is asked right
    before each attempt, however long that had to wait; if it says no, the call raises CalledOff.
    """

    body: Json | list[Json] | None
    query: Mapping[str, str]
    priority: Priority
    repeatable: bool
    patience: float | None
    may_begin: Callable[[], bool]


def always() -> bool:
    """Agree to every attempt of a call."""
    return True


@dataclass(frozen=True)
class _Call:
    method: str
    path: str
    body: Json | list[Json] | None = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    priority: Priority
    deadline: float
    may_begin: Callable[[], bool]


class GenesysCloud:
    """A session; thread-safe. All calls block."""

    def __init__(self, connection: Connection, rate_limiter: RateLimiter | None = None) -> None:
        """Prepare a session without connecting, by default with a rate limiter of its own.

        Raises OutdatedSdk if the SDK can't send web messages, ValueError for an unknown region.
        """
        self._connection = connection
        self._rate_limiter = rate_limiter or LocalRateLimiter(connection.calls_per_minute)
        self._transport = Transport(
            connection.api_url.rstrip("/") if connection.api_url else api_host(connection.region),
            connect_timeout=connection.connect_timeout,
            read_timeout=connection.read_timeout,
            connections=connection.concurrency,
        )
        self._token = AccessToken(self._sign_in)

    def close(self) -> None:
        """Close the idle connections."""
        self._transport.close()

    def call(self, method: str, path: str, **options: Unpack[CallOptions]) -> Json:
        """Call the API and return the JSON object in its answer. Raises GenesysError."""
        body: Json = self.exchange(method, path, **options).body
        return body

    def exchange(self, method: str, path: str, **options: Unpack[CallOptions]) -> Answer:
        """Call the API and return its answer, whose body is a JSON object. Raises GenesysError."""
        patience = options.get("patience")
        patience = self._connection.patience if patience is None else patience
        call = _Call(
            method,
            path,
            options.get("body"),
            options.get("query", {}),
            options.get("priority", Priority.INTERACTIVE),
            time.monotonic() + patience,
            options.get("may_begin", always),
        )
        repeatable = options.get("repeatable", True)
        return retrying(patience, repeatable=repeatable)(self._attempt, call)

    def _attempt(self, call: _Call) -> Answer:
        """Make the call; if Genesys rejects the token (401), make it again with a new one."""
        token = self._token.current()
        try:
            return self._exchange(call, token)
        except BadCredentials:
            return self._exchange(call, self._token.renew(token))

    def _exchange(self, call: _Call, token: str) -> Answer:
        self._rate_limiter.acquire(call.priority, call.deadline - time.monotonic())
        if not call.may_begin():
            raise CalledOff
        answer = self._transport.exchange(
            call.method, call.path, token, body=call.body, query=call.query
        )
        self._learn(answer.headers)
        if not 200 <= answer.status < 300:
            fault = refused(answer)
            if isinstance(fault, RateLimited):
                self._rate_limiter.pause(fault.retry_after)
            raise fault
        if not isinstance(answer.body, dict):
            raise UnexpectedAnswer(status=answer.status, correlation_id=answer.correlation_id)
        return answer

    def _learn(self, headers: Mapping[str, str]) -> None:
        """Tell the rate limiter what the answer's headers say, if all three are there."""
        names = ("inin-ratelimit-allowed", "inin-ratelimit-count", "inin-ratelimit-reset")
        values = [headers.get(name, "") for name in names]
        if all(value.isdecimal() and len(value) <= _MOST_DIGITS for value in values):
            allowed, count, reset_seconds = map(int, values)
            self._rate_limiter.learn(allowed, count, reset_seconds)

    def _sign_in(self) -> Answer:
        pair = (self._connection.client_id, self._connection.client_secret)
        if not all(part.isascii() for part in pair):
            raise BadCredentials(
                N_("The client id or secret holds characters that Genesys Cloud never issues.")
            )
        return self._transport.sign_in(*pair)
