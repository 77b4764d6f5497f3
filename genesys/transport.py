"""One HTTP exchange with Genesys Cloud through the SDK, made safe.

As shipped, the SDK resends a POST up to ten times when a connection drops, never times out,
and lets four calls run at once. Here it never retries (retry.py decides), times out, and its
pool keeps as many connections as asked for without making one more call wait for them.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import urllib3

from genesys.errors import UnexpectedAnswer
from genesys.refusals import Answer, broken
from genesys.sdk import load_sdk


class Transport:
    """The connections to one API address; thread-safe.

    `read_timeout` limits the silence between two pieces of an answer, `connect_timeout` the
    making of a connection; both in seconds.
    """

    def __init__(
        self, host: str, *, connect_timeout: float, read_timeout: float, connections: int
    ) -> None:
        self._sdk = load_sdk()
        self._host = host
        self._http = self._sdk.http_client()
        self._pools = self._http.rest_client.pool_manager
        self._pools.connection_pool_kw.update(
            retries=False,
            timeout=urllib3.Timeout(connect=connect_timeout, read=read_timeout),
            maxsize=connections,
            block=False,
        )

    def close(self) -> None:
        """Close the idle connections."""
        self._pools.clear()

    def exchange(
        self, method: str, path: str, token: str, *, body: Any, query: Mapping[str, str]
    ) -> Answer:
        """Make one call of the API and return what came back, whatever its status.

        Raises Unreachable, TimedOut or CutOff, and UnexpectedAnswer for what is not text.
        """
        client = self._client()
        client.access_token = token

        def call() -> Answer:
            parsed = client.call_api(
                path,
                method,
                query_params=dict(query),
                header_params={"Accept": "application/json", "Content-Type": "application/json"},
                body=body,
                response_type="object",  # plain JSON: 20 times cheaper than the SDK's models
                auth_settings=["PureCloud OAuth"],
            )
            response = client.last_response
            return Answer(response.status, parsed, response.getheaders())

        return self._translated(call)

    def sign_in(self, client_id: str, client_secret: str) -> Answer:
        """Ask for a client credentials token and return what came back.

        The SDK's own method drops `expires_in`. The address is the SDK's rule: "//login."
        where the API has "//api.", else the same host. Raises what `exchange` raises.
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
        """Make the SDK's client for one call.

        It keeps the token and the last response as plain attributes, so threads must not share
        one. It costs microseconds; the connections are in the shared http client.
        """
        client = self._sdk.api_client(host=self._host)
        client.gateway_configuration = None  # only our own setting may redirect calls
        client.set_http_client(self._http)
        return client

    def _translated(self, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except self._sdk.api_exception as refusal:
            # Returned rather than raised: the SDK's exception shows the whole body when logged.
            status, body, headers = refusal.status, refusal.body, refusal.headers
            if status:
                return Answer(status, _json(body), headers)
            # Status 0 is how the SDK wraps a TLS fault.
            raise broken(refusal.__context__) from refusal.__context__
        except UnicodeDecodeError:
            raise UnexpectedAnswer() from None
        except urllib3.exceptions.HTTPError as fault:
            raise broken(fault) from fault


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
