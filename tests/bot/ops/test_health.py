"""What /healthz and /readyz say, and how often they ask the other systems."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cards.client import SlackClient
from bot.ops.health import CHECK_EVERY_SECONDS, SOCKET_GRACE_SECONDS, Health
from bot.storage.database import Database
from bot.storage.facts import ByWhom
from bot.storage.keys import Keys
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from genesys import Connection, GenesysCloud
from tests.bot.conftest import Local
from tests.clock import Clock

ALL_OK = {"database": "ok", "slack": "ok", "genesys": "ok", "sending": "ok"}


class Socket:
    """A websocket that a test cuts; it counts how often it was looked at."""

    def __init__(self) -> None:
        self.is_up, self.looks = True, 0

    async def is_connected(self) -> bool:
        self.looks += 1
        return self.is_up


@pytest.fixture
def connection(local: Local) -> Connection:
    settings = local.settings
    return Connection(
        client_id=settings["GENESYS_CLOUD_CLIENT_ID"],
        client_secret=settings["GENESYS_CLOUD_CLIENT_SECRET"],
        region="us-east-1",
        api_url=settings["GENESYS_CLOUD_API_URL"],
    )


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as executor:
        yield executor


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(
    requests_store: RequestStore,
    pause: Pause,
    slack: SlackClient,
    connection: Connection,
    executor: ThreadPoolExecutor,
    clock: Clock,
) -> Iterator[Health]:
    cloud = GenesysCloud(connection)
    yield Health(requests_store, pause, slack, cloud, executor, clock)
    cloud.close()


def test_a_bot_without_a_socket_is_alive(health: Health) -> None:
    assert health.check_live() == {"bot": "ok"}


def test_a_socket_may_be_away_for_a_moment_and_then_counts_as_dead(
    health: Health, clock: Clock
) -> None:
    clock.now += 100
    health.include_socket(Socket())
    assert health.check_live() == {"bot": "ok", "socket": "ok"}
    clock.now += SOCKET_GRACE_SECONDS - 0.1
    assert health.check_live() == {"bot": "ok", "socket": "ok"}
    clock.now += 0.1
    assert health.check_live() == {
        "bot": "ok",
        "socket": "no connection to Slack for 20 seconds",
    }


def test_a_socket_is_alive_for_as_long_as_it_is_connected(health: Health, clock: Clock) -> None:
    async def look_for_a_while(socket: Socket) -> None:
        following = asyncio.create_task(health.follow_socket())
        for looks in (1, 2):
            clock.now += 100
            while socket.looks < looks:
                await asyncio.sleep(0.01)
        following.cancel()

    socket = Socket()
    health.include_socket(socket)
    asyncio.run(look_for_a_while(socket))
    assert health.check_live()["socket"] == "ok"
    socket.is_up = False
    clock.now += SOCKET_GRACE_SECONDS
    socket.looks = 0
    asyncio.run(look_for_a_while(socket))
    assert health.check_live()["socket"] == "no connection to Slack for 220 seconds"


def test_without_a_socket_there_is_nothing_to_follow(health: Health) -> None:
    asyncio.run(asyncio.wait_for(health.follow_socket(), 5))


def test_a_bot_is_ready_if_all_systems_answer(health: Health) -> None:
    assert asyncio.run(health.check_ready()) == ALL_OK


def test_a_pause_is_named_with_who_began_it_and_when_and_nothing_private(
    health: Health, pause: Pause
) -> None:
    at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    pause.begin(ByWhom("U0LEO", "Leo Lead", at, "Jane Doe complained"), "T0LOCAL")
    answers = asyncio.run(health.check_ready())
    assert answers == {**ALL_OK, "sending": "paused by U0LEO since 2026-11-22T12:00:00+00:00"}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "status", "status": 503}, "Slack gave no clear answer (service_unavailable)"),
        (
            {"kind": "status", "status": 400, "body": {"ok": False, "error": "account_inactive"}},
            "Slack refuses the bot's token: account_inactive",
        ),
        ({"kind": "status", "status": 429}, "Slack's rate limit was reached"),
    ],
)
def test_a_slack_that_does_not_work_is_named(
    fault: dict[str, object], said: str, health: Health, local: Local
) -> None:
    local.ask("POST", "/control/slack/faults", where="auth.test", times=1, **fault)
    assert asyncio.run(health.check_ready()) == {**ALL_OK, "slack": said}


def test_a_database_that_does_not_answer_is_named(
    slack: SlackClient, connection: Connection, executor: ThreadPoolExecutor, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path}/no folder/proactive.sqlite")
    cloud = GenesysCloud(connection)
    store = RequestStore(database, lambda *_: None, Keys(database))
    pause = Pause(database, lambda *_: None)
    answers = asyncio.run(Health(store, pause, slack, cloud, executor).check_ready())
    assert answers == {
        **ALL_OK,
        "database": "the database doesn't answer",
        "sending": "unknown",
    }
    cloud.close()
    database.close()


def test_a_genesys_that_refuses_is_named(
    requests_store: RequestStore,
    pause: Pause,
    slack: SlackClient,
    connection: Connection,
    executor: ThreadPoolExecutor,
) -> None:
    cloud = GenesysCloud(replace(connection, client_secret="wrong"))
    answers = asyncio.run(Health(requests_store, pause, slack, cloud, executor).check_ready())
    cloud.close()
    assert answers["genesys"] != "ok"
    assert "sign in" in answers["genesys"]
    assert (answers["database"], answers["slack"]) == ("ok", "ok")


def test_however_often_it_is_asked_readiness_asks_others_once_in_a_while(
    health: Health, clock: Clock, local: Local
) -> None:
    async def ask(times: int) -> None:
        answers = await asyncio.gather(*(health.check_ready() for _ in range(times)))
        assert answers == [ALL_OK] * times

    async def ask_over_time() -> None:
        await ask(5)
        clock.now += CHECK_EVERY_SECONDS - 0.1
        await ask(5)
        assert len(local.calls("slack", "auth.test")) == 1
        clock.now += 0.1
        await ask(5)
        assert len(local.calls("slack", "auth.test")) == 2

    asyncio.run(ask_over_time())
