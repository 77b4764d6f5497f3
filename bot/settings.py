"""Reads the environment into frozen Settings.

All problems are reported together, each with what to set. No secret shows in a repr.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bot.language import ENGLISH, find_languages, find_problems
from bot.network import find_network_problems
from bot.variables import LAST_PORT, Variables
from genesys import OutdatedSdk, region_names


class Show(StrEnum):
    """Where customers' names and messages may be shown: where the agent was, or to them alone."""

    CHANNEL = "channel"
    DIRECT = "direct"


LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


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
    data_folder: Path | None
    history_days: int
    default_country: str | None
    calls_per_minute: int
    read_back_seconds: tuple[int, ...]
    undo_seconds: int
    watch_hours: int
    heartbeat_seconds: int
    outcomes_channel: str
    show: Show
    language: str
    keep_days: int
    leads: frozenset[str]
    rules_file: Path | None
    host: str
    port: int
    operator_host: str
    operator_port: int
    log_level: str

    @property
    def uses_socket_mode(self) -> bool:
        """Return whether Slack reaches the bot over a websocket that the bot opens."""
        return bool(self.slack_app_token)


@dataclass(frozen=True)
class DatabaseSettings:
    """What a command needs that works on the database alone."""

    database_url: str = field(repr=False)
    data_folder: Path | None
    default_country: str | None


def read_database_settings(environment: Mapping[str, str]) -> DatabaseSettings:
    """Return the settings for the database alone; raise BadSettings with all problems."""
    reader = Variables(environment)
    settings = DatabaseSettings(
        database_url=reader.database("PROACTIVE_DATABASE_URL"),
        data_folder=reader.data_folder(),
        default_country=reader.country("PROACTIVE_DEFAULT_COUNTRY"),
    )
    if reader.problems:
        raise BadSettings(reader.problems)
    return settings


@dataclass(frozen=True)
class ErasureSettings(DatabaseSettings):
    """What it takes to erase a customer: the database, and the posts in Slack."""

    slack_bot_token: str = field(repr=False)
    slack_api_url: str
    outcomes_channel: str
    language: str


def read_erasure_settings(environment: Mapping[str, str]) -> ErasureSettings:
    """Return the settings to erase a customer with; raise BadSettings with all problems."""
    reader = Variables(environment)
    settings = ErasureSettings(
        database_url=reader.database("PROACTIVE_DATABASE_URL"),
        data_folder=reader.data_folder(),
        default_country=reader.country("PROACTIVE_DEFAULT_COUNTRY"),
        slack_bot_token=_read_token(reader),
        slack_api_url=_read_slack_url(reader),
        outcomes_channel=reader.channel("PROACTIVE_OUTCOMES_CHANNEL"),
        language=_read_language(reader),
    )
    reader.problems += find_network_problems(environment)
    if reader.problems:
        raise BadSettings(reader.problems)
    return settings


def _read_token(reader: Variables) -> str:
    return reader.required(
        "SLACK_BOT_TOKEN",
        "copy the Bot User OAuth Token from your Slack app's page, OAuth & Permissions",
        prefix="xoxb-",
    )


def _read_slack_url(reader: Variables) -> str:
    return reader.url("SLACK_API_URL", "https://slack.com/api/", ending="/")


def _read_show(reader: Variables) -> Show:
    value = reader.choice("PROACTIVE_SHOW", Show.CHANNEL, tuple(Show))
    return Show.DIRECT if value == Show.DIRECT else Show.CHANNEL


def _read_language(reader: Variables) -> str:
    languages = find_languages()
    language = reader.choice("PROACTIVE_LANGUAGE", ENGLISH, languages)
    if language in languages:
        reader.problems += [f"PROACTIVE_LANGUAGE: {said}" for said in find_problems(language)]
    return language


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the Settings in environment variables; raise BadSettings with all problems."""
    try:
        regions = region_names()
    except OutdatedSdk as error:
        raise BadSettings([str(error)]) from None
    reader = Variables(environment)
    app_token = reader.optional("SLACK_APP_TOKEN", prefix="xapp-")
    settings = Settings(
        slack_bot_token=_read_token(reader),
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
        slack_api_url=_read_slack_url(reader),
        genesys_region=reader.choice("GENESYS_CLOUD_REGION", "us-east-1", regions),
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
        data_folder=reader.data_folder(),
        history_days=reader.number("PROACTIVE_HISTORY_DAYS", 90, 1, 730),
        default_country=reader.country("PROACTIVE_DEFAULT_COUNTRY"),
        calls_per_minute=reader.number("PROACTIVE_CALLS_PER_MINUTE", 300, 10, 100_000),
        read_back_seconds=reader.delays("PROACTIVE_READ_BACK_SECONDS", "5,15,30,60"),
        undo_seconds=reader.number("PROACTIVE_UNDO_SECONDS", 5, 0, 600),
        watch_hours=reader.number("PROACTIVE_WATCH_HOURS", 72, 1, 720),
        heartbeat_seconds=reader.number("PROACTIVE_HEARTBEAT_SECONDS", 5, 1, 60),
        outcomes_channel=reader.channel("PROACTIVE_OUTCOMES_CHANNEL"),
        show=_read_show(reader),
        language=_read_language(reader),
        keep_days=reader.number("PROACTIVE_KEEP_DAYS", 30, 1, 3650),
        leads=reader.people("PROACTIVE_LEADS"),
        rules_file=reader.file("PROACTIVE_RULES"),
        host=reader.host("HOST", "127.0.0.1"),
        port=reader.number("PORT", 3000, 1, LAST_PORT),
        operator_host=reader.host("OPERATOR_HOST", "127.0.0.1"),
        operator_port=reader.number("OPERATOR_PORT", 3001, 1, LAST_PORT),
        log_level=reader.choice("LOG_LEVEL", "INFO", LOG_LEVELS),
    )
    if settings.port == settings.operator_port and not settings.uses_socket_mode:
        reader.problems.append("OPERATOR_PORT must not be the same as PORT.")
    reader.problems += find_network_problems(environment)
    if reader.problems:
        raise BadSettings(reader.problems)
    return settings
