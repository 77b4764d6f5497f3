"""Make one HTTP exchange with Genesys Cloud, safely, through the SDK.

By default, the SDK resends a POST up to ten times if the connection drops, never times out, and
runs only four calls at a time. Here it never retries (retry.py decides that), it times out, and
its pool keeps as many connections as we want; more calls than that don't have to wait.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import urllib3

from genesys.errors import UnexpectedAnswer
from genesys.http_client import HttpClient
from genesys.refusals import Answer, broken
from genesys.sdk import load_sdk


class Transport:
    """The connections to one API address; thread-safe.

    `connect_timeout` limits connecting, `read_timeout` the wait for the next bytes of an answer;
    both in seconds.
    """

    def __init__(
        self, host: str, *, connect_timeout: float, read_timeout: float, connections: int
    ) -> None:
        self._sdk = load_sdk()
        self._host = host
        self._connections = HttpClient(
            timeout=urllib3.Timeout(connect=connect_timeout, read=read_timeout),
            maxsize=connections,
            block=False,
        )
        self._http = self._sdk.http_client()
        self._http.rest_client.pool_manager = self._connections

    def close(self) -> None:
        """Close the idle connections."""
        self._connections.close()

    def exchange(
        self, method: str, path: str, token: str, *, body: Any, query: Mapping[str, str]
    ) -> Answer:
        """Make one API call and return what came back, whatever its status.

        Raises Unreachable, TimedOut or CutOff, and UnexpectedAnswer if the body isn't text.
        """
        client = self._client()
        client.access_token = token

        def call() -> Answer:
            parsed = client.call_api(
                path,
                method,
                query_params=dict(query),
                header_params={"Accept": "application/json", "Content-Type": "application/json"},
                # For None the SDK would send the text "null", which strict gateways refuse.
                body={} if body is None else body,
                response_type="object",  # plain JSON is 20 times cheaper than the SDK's models
                auth_settings=["PureCloud OAuth"],
            )
            response = client.last_response
            return Answer(response.status, parsed, response.getheaders())

        return self._translated(call)

    def sign_in(self, client_id: str, client_secret: str) -> Answer:
        """Request a client credentials token and return what came back.

        The SDK's own method drops `expires_in`. Like the SDK, we use "//login." if the API is at
        "//api.", else the same host. Raises the same errors as `exchange`.
        """
        pair = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        options = self._sdk.request_options(
            url=self._client().get_conf_url("login", self._host) + "/oauth/token",
            method="POST",
            headers={
                "Authorization": f"Basic {pair}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            post_params={"grant_type": "client_credentials"},
        )

        def call() -> Answer:
            response = self._http.request(options)
            return Answer(response.status, _json(response.data), response.getheaders())

        return self._translated(call)

    def _client(self) -> Any:
        """Create the SDK's client for one call.

        It stores the token and the last response as attributes, so threads must not share it. It
        takes microseconds; the connections are in the shared HTTP client.
        """
        client = self._sdk.api_client(host=self._host)
        client.gateway_configuration = None  # only our own settings may redirect calls
        client.set_http_client(self._http)
        return client

    def _translated(self, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except self._sdk.api_exception as refusal:
            # Returned, not raised: the SDK's exception shows the whole body when it's logged.
            status, body, headers = refusal.status, refusal.body, refusal.headers
            if status:
                return Answer(status, _json(body), headers)
            # The SDK wraps a TLS fault as status 0.
            raise broken(refusal.__context__) from refusal.__context__
        except (UnicodeDecodeError, RecursionError):
            raise UnexpectedAnswer() from None
        except urllib3.exceptions.HTTPError as fault:
            raise broken(fault) from fault


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
