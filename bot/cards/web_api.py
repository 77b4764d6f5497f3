"""Makes the SDK's calls to Slack's Web API over our own HTTP client.

The SDK's own follows a redirect to any host, and takes the bot's token along.
"""

from __future__ import annotations

import json as json_format
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import urllib3
from slack_sdk.web import SlackResponse, WebClient

from genesys import HttpAnswer, HttpClient

log = logging.getLogger(__name__)

MOST_PAGES = 20  # of one list, so that no answer of Slack's keeps a job forever
_CONNECTIONS = 16  # one for each job at once: urllib3 warns of every one beyond the room
_JSON = "application/json;charset=utf-8"
_FORM = "application/x-www-form-urlencoded"


class WebApi(WebClient):
    """Slack's Web API over our HTTP client. Blocking and thread-safe.

    Each call is one attempt, and raises SlackApiError or an error of urllib3's.
    """

    def __init__(self, token: str, api_url: str, seconds: float) -> None:
        """Prepare it without connecting; ``seconds``: to connect, and to wait for each answer."""
        super().__init__(token=token, base_url=api_url)
        timeout = urllib3.Timeout(connect=seconds, read=seconds)
        self._http = HttpClient(timeout=timeout, maxsize=_CONNECTIONS)

    def api_call(
        self,
        api_method: str,
        *,
        params: dict[str, Any] | None = None,
        json: dict[str, Any] | None = None,
        **_: Any,
    ) -> SlackResponse:
        """Call a method; Slack takes a POST for all of them."""
        arguments = {
            key: value for key, value in (json or params or {}).items() if value is not None
        }
        token = arguments.pop("token", self.token)
        if json is None:
            body, kind = urlencode(_numbers_for_bools(arguments)), _FORM
        else:
            body, kind = json_format.dumps(arguments), _JSON
        url = self.base_url + api_method
        answer = self._send(url, body, {"Content-Type": kind, "Authorization": f"Bearer {token}"})
        response = SlackResponse(
            client=self,
            http_verb="POST",
            api_url=url,
            req_args={},
            data=_read(answer.data),
            headers=dict(answer.headers),
            status_code=answer.status,
        )
        response.validate()  # type: ignore[no-untyped-call]
        return response

    def read_pages(self, api_method: str, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Call a method that lists something, once for each of the first pages."""
        cursor = None
        for _ in range(MOST_PAGES):
            page: Any = self.api_call(api_method, params={**arguments, "cursor": cursor}).data
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
        log.warning("%s has more than %d pages; the bot reads no more", api_method, MOST_PAGES)

    def respond(self, response_url: str, message: dict[str, Any]) -> HttpAnswer:
        """Post a message to a response URL, which needs no token."""
        return self._send(response_url, json_format.dumps(message), {"Content-Type": _JSON})

    def _send(self, url: str, body: str, headers: dict[str, str]) -> HttpAnswer:
        # A kept connection may have just been closed by Slack, and then a post's result is unknown.
        headers = {**headers, "Connection": "close", "User-Agent": self.headers["User-Agent"]}
        return self._http.request("POST", url, body=body.encode(), headers=headers)


def _numbers_for_bools(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        key: int(value) if isinstance(value, bool) else value for key, value in arguments.items()
    }


def _read(body: bytes) -> dict[str, Any]:
    """Read an answer; return {} for one that isn't Slack's JSON, such as a gateway's page."""
    try:
        answer = json_format.loads(body)
    except (ValueError, RecursionError):
        answer = None
    return answer if isinstance(answer, dict) else {}
