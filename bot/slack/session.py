"""Opens the connections to Slack that an agent waits for, and makes the SDK use them.

By default the SDK ignores NO_PROXY and follows redirects with the token.
"""

from __future__ import annotations

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from genesys import proxy_for

SECONDS = 5  # an ack must be out within 3, but the form's update may take longer


def open_session() -> aiohttp.ClientSession:
    """Open a session, which follows no redirect. Use it as a context manager."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=SECONDS),
        middlewares=(_refuse_redirect,),
    )


def build_client(token: str, api_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Build the client that calls the Web API with the bot's token."""
    client = AsyncWebClient(
        token=token,
        base_url=api_url,
        session=session,  # shared: one per call takes longer than the call itself
        timeout=SECONDS,
        retry_handlers=[],  # by the time of a retry the trigger has expired
    )
    # Not an argument: without one, the constructor reads HTTPS_PROXY and ignores NO_PROXY.
    client.proxy = proxy_for(api_url)
    return client


def build_webhook(response_url: str, session: aiohttp.ClientSession | None) -> AsyncWebhookClient:
    """Build the client that posts to a response URL, once for each call."""
    webhook = AsyncWebhookClient(response_url, session=session, retry_handlers=[])
    webhook.proxy = proxy_for(response_url)  # not an argument, for the same reason
    return webhook


async def _refuse_redirect(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    response = await handler(request)
    if 300 <= response.status < 400:
        response.close()
        raise aiohttp.TooManyRedirects(response.request_info, (response,), status=response.status)
    return response
