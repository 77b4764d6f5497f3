"""Reads the environment into frozen Settings.

All problems are reported together, each with what to set. No secret shows in a repr.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
from phonenumbers import SUPPORTED_REGIONS

from genesys import region_names

_LAST_PORT = 65_535
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_COMMAND = re.compile(r"/[a-z0-9_-]{1,31}")


class BadSettings(Exception):
    """Some settings are missing or wrong; ``problems`` has a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """All settings of the bot; ``.env.example`` says what each one means."""

    slack_bot_token: str = field(repr=False)
    slack_signing_secret: str = field(repr=False)
    slack_app_token: str = field(repr=False)
    slack_api_url: str
    genesys_region: str
    genesys_client_id: str
    genesys_client_secret: str = field(repr=False)
    genesys_deployment_id: str
    genesys_api_url: str | None
    genesys_timeout: int
    genesys_patience: int
    command: str
    database_url: str = field(repr=False)
    history_days: int
    default_country: str | None
    calls_per_minute: int
    read_back_seconds: tuple[int, ...]
    undo_seconds: int
    watch_hours: int
    heartbeat_seconds: int
    outcomes_channel: str
    leads: frozenset[str]
    host: str
    port: int
    log_level: str

    @property
    def uses_socket_mode(self) -> bool:
        """Return whether Slack reaches the bot over a websocket that the bot opens."""
        return bool(self.slack_app_token)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the Settings in environment variables; raise BadSettings with all problems."""
    reader = _Reader(environment)
    app_token = reader.optional("SLACK_APP_TOKEN", prefix="xapp-")
    settings = Settings(
        slack_bot_token=reader.required(
            "SLACK_BOT_TOKEN",
            "copy the Bot User OAuth Token from your Slack app's page, OAuth & Permissions",
            prefix="xoxb-",
        ),
        slack_signing_secret=(
            reader.optional("SLACK_SIGNING_SECRET")
            if app_token
            else reader.required(
                "SLACK_SIGNING_SECRET",
                "copy it from your Slack app's page, Basic Information, "
                "or set SLACK_APP_TOKEN to use Socket Mode instead",
            )
        ),
        slack_app_token=app_token,
        slack_api_url=reader.url("SLACK_API_URL", "https://slack.com/api/", ending="/"),
        genesys_region=reader.choice("GENESYS_CLOUD_REGION", "us-east-1", region_names()),
        genesys_client_id=reader.required(
            "GENESYS_CLOUD_CLIENT_ID",
            "create an OAuth client of type Client Credentials in Genesys Cloud Admin",
        ),
        genesys_client_secret=reader.required(
            "GENESYS_CLOUD_CLIENT_SECRET", "copy it from the same OAuth client"
        ),
        genesys_deployment_id=reader.deployment("GENESYS_CLOUD_DEPLOYMENT_ID"),
        genesys_api_url=reader.url("GENESYS_CLOUD_API_URL", "").rstrip("/") or None,
        genesys_timeout=reader.number("GENESYS_CLOUD_TIMEOUT", 10, 1, 120),
        genesys_patience=reader.number("GENESYS_CLOUD_PATIENCE", 10, 1, 120),
        command=reader.command("PROACTIVE_COMMAND", "/proactive"),
        database_url=reader.database("PROACTIVE_DATABASE_URL"),
        history_days=reader.number("PROACTIVE_HISTORY_DAYS", 90, 1, 730),
        default_country=reader.country("PROACTIVE_DEFAULT_COUNTRY"),
        calls_per_minute=reader.number("PROACTIVE_CALLS_PER_MINUTE", 300, 10, 100_000),
        read_back_seconds=reader.delays("PROACTIVE_READ_BACK_SECONDS", "5,15,30,60"),
        undo_seconds=reader.number("PROACTIVE_UNDO_SECONDS", 5, 0, 600),
        watch_hours=reader.number("PROACTIVE_WATCH_HOURS", 72, 1, 720),
        heartbeat_seconds=reader.number("PROACTIVE_HEARTBEAT_SECONDS", 5, 1, 60),
        outcomes_channel=reader.channel("PROACTIVE_OUTCOMES_CHANNEL"),
        leads=reader.people("PROACTIVE_LEADS"),
        host=environment.get("HOST", "").strip() or "127.0.0.1",
        port=reader.number("PORT", 3000, 1, _LAST_PORT),
        log_level=reader.choice("LOG_LEVEL", "INFO", LOG_LEVELS),
    )
    if reader.problems:
        raise BadSettings(reader.problems)
    return settings


def data_folder() -> Path:
    """Return the folder of the default database, which is in the user's data folder."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "proactive"


class _Reader:
    """Reads variables and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def _get(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def required(self, name: str, fix: str, prefix: str = "") -> str:
        value = self._get(name)
        if not value:
            self.problems.append(f"{name} is not set: {fix}.")
        return self._prefixed(name, value, prefix)

    def optional(self, name: str, prefix: str = "") -> str:
        return self._prefixed(name, self._get(name), prefix)

    def _prefixed(self, name: str, value: str, prefix: str) -> str:
        if value and not value.startswith(prefix):
            self.problems.append(
                f"{name} must start with {prefix} : this is another kind of token."
            )
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self._get(name) or default
        if value not in choices:
            self.problems.append(f"{name} is not one of: {', '.join(choices)}.")
        return value

    def number(self, name: str, default: int, least: int, most: int) -> int:
        text = self._get(name) or str(default)
        if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
            self.problems.append(f"{name} must be a whole number from {least} to {most}.")
            return default
        return int(text)

    def delays(self, name: str, default: str) -> tuple[int, ...]:
        parts = [part.strip() for part in (self._get(name) or default).split(",")]
        if not all(_NUMBER.fullmatch(part) and int(part) <= 86_400 for part in parts):
            self.problems.append(
                f"{name} must be whole seconds, separated by commas, such as {default}."
            )
            return ()
        return tuple(int(part) for part in parts)

    def url(self, name: str, default: str, ending: str = "") -> str:
        value = self._get(name) or default
        if not value:
            return value
        try:
            parts = urlsplit(value)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            self.problems.append(f"{name} must be a web address such as https://host{ending}.")
        elif not value.endswith(ending):
            self.problems.append(f"{name} must end with {ending}.")
        return value

    def deployment(self, name: str) -> str:
        value = self.required(
            name, "copy the id of your web messaging deployment (Admin, Messenger Deployments)"
        )
        value = value.lower()  # Genesys writes ids in lower case
        if value and not _UUID.fullmatch(value):
            self.problems.append(f"{name} must be an id such as 01234567-89ab-cdef-0123-….")
        return value

    def command(self, name: str, default: str) -> str:
        value = self._get(name) or default
        if not _COMMAND.fullmatch(value):
            self.problems.append(
                f"{name} must be a slash and up to 31 lower-case letters, digits, - or _."
            )
        return value

    def channel(self, name: str) -> str:
        value = self._get(name)
        if value and not re.fullmatch(r"[CG][A-Z0-9]+", value):
            self.problems.append(f"{name} must be a channel's id, such as C0123456789.")
        return value

    def people(self, name: str) -> frozenset[str]:
        ids = {part.strip() for part in self._get(name).split(",") if part.strip()}
        if not all(re.fullmatch(r"[UW][A-Z0-9]+", one) for one in ids):
            self.problems.append(
                f"{name} must be Slack user ids, separated by commas, such as U0123456789."
            )
        return frozenset(ids)

    def country(self, name: str) -> str | None:
        value = self._get(name).upper()
        if not value:
            return None
        if value not in SUPPORTED_REGIONS:
            self.problems.append(f"{name} must be a two-letter country code such as GB.")
        return value

    def database(self, name: str) -> str:
        value = self._get(name) or f"sqlite:///{data_folder() / 'proactive.sqlite'}"
        try:
            url = sa.make_url(value)
        except (sa.exc.ArgumentError, ValueError):
            url = None
        if url is None or (url.port or 0) > _LAST_PORT:
            self.problems.append(
                f"{name} is not a database address such as sqlite:////data/proactive.sqlite."
            )
        elif url.drivername not in ("sqlite", "postgresql"):
            self.problems.append(f"{name} must start with sqlite:/// or postgresql://.")
        elif url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
            self.problems.append(f"{name} must name a file: requests must survive a restart.")
        return value
