"""Everything that the local Slack remembers."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.faults import Faults

from .config import SlackConfig, read_manifest
from .errors import SlackError
from .homes import Homes
from .logs import Calls, Deliveries
from .rate_limits import RateLimits
from .sample_workspace import list_channels, list_groups, list_users
from .triggers import Triggers
from .views import Views
from .workspace import TEAM_URL, Message, Watchers, Workspace

RESPONSE_URL_USES = 5
RESPONSE_URL_SECONDS = 30 * 60


@dataclass
class Settings:
    """What a test may change while the stand-in runs."""

    events_url: str
    strict_rates: bool = False
    slash_text_escaped: bool = False
    org_wide: bool = False
    support_is_shared: bool = False
    ack_seconds: float = 3.0
    trigger_seconds: float = 3.0
    missing_scopes: frozenset[str] = frozenset()


@dataclass
class ResponseUrl:
    """A response_url: who acted, where, and on which message (`source`), if any."""

    user: str
    channel: str
    source: Message | None
    issued: float
    uses: int = 0


class State:
    """The workspace, the settings, the faults and the logs.

    `machine_url` is the bot's address of this Slack, without a slash at the end. If nobody sets
    it, the bot's first call does. `team_url` is the browsers' address, with a slash at the end;
    permalinks start with it.
    """

    def __init__(self, config: SlackConfig, clock: Callable[[], float]) -> None:
        self.config = config
        self.clock = clock
        self.manifest = read_manifest(config.manifest)
        self.watchers = Watchers()
        self.machine_url = "http://127.0.0.1"
        self.team_url = TEAM_URL
        self.tickets: set[str] = set()
        self.reset()

    def reset(self) -> None:
        """Forget everything that happened, but keep sockets open."""
        users = list_users(self.manifest.bot_name)
        self.workspace = Workspace(self.clock, self.watchers, users, list_channels(), list_groups())
        self.triggers = Triggers(self.clock)
        self.views = Views(self.clock, self.watchers.tell)
        self.homes = Homes(self.clock, self.watchers.tell)
        self.rates = RateLimits(self.clock)
        self.faults = Faults()
        self.settings = Settings(events_url=self.config.events_url)
        self.calls = Calls()
        self.deliveries = Deliveries()
        self._response_urls: dict[str, ResponseUrl] = {}
        self.watchers.tell()

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes of the bot token."""
        return self.manifest.scopes - self.settings.missing_scopes

    def require_scope(self, scope: str) -> None:
        """Raise SlackError unless the bot token has the scope."""
        if scope not in self.scopes:
            raise SlackError("missing_scope", needed=scope)

    def issue_response_url(self, user: str, channel: str, source: Message | None = None) -> str:
        """Create the response_url of an action that happens now."""
        key = secrets.token_urlsafe(18)
        self._response_urls[key] = ResponseUrl(user, channel, source, self.clock())
        return f"{self.machine_url}/commands-response/{key}"

    def use_response_url(self, key: str) -> ResponseUrl:
        """Use a response_url once: five uses in half an hour. Raises SlackError."""
        found = self._response_urls.get(key)
        if found is None:
            raise SlackError("no_service")
        if self.clock() - found.issued > RESPONSE_URL_SECONDS:
            raise SlackError("expired_url")
        if found.uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        found.uses += 1
        return found
