"""What the bot's tests share: builders of values, a database, and the two stand-ins."""

import json
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.cards.client import SlackClient
from bot.cli.manifest import build_manifest
from bot.job import Job
from bot.request import Place, Request
from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from genesys import (
    Candidate,
    ContactType,
    Conversation,
    Customer,
    Identity,
    IdentityKind,
    MatchedBy,
    Several,
)
from sandbox.local_genesys import LocalGenesys
from sandbox.server import Sandbox
from tests.conftest import open_quickly
from tests.recording_server import RecordingServer

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DEPLOYMENT = "0f0e0d0c-1111-4222-8333-444455556666"
JANE = Identity(IdentityKind.EMAIL, "jane@example.com")
PLACE = Place("T0TEAM", "C0SUPPORT", "", "https://hooks.slack.com/commands/T/1/secret")


@pytest.fixture
def a_request() -> Callable[..., Request]:
    def build(**values: Any) -> Request:
        standard: dict[str, Any] = {
            "request_id": "V0123456789",
            "place": PLACE,
            "agent_id": "U0ADA",
            "agent_name": "Ada Agent",
            "identity": JANE,
            "text": "Your order is ready",
            "into_open_conversation": False,
            "chosen_contact_id": "",
            "created_at": NOW,
        }
        return Request(**{**standard, **values})

    return build


@pytest.fixture
def a_conversation() -> Callable[..., Conversation]:
    def build(*, is_open: bool = False, deployment_id: str | None = DEPLOYMENT) -> Conversation:
        started_at = NOW - timedelta(days=2, hours=3)
        return Conversation(
            conversation_id="c" * 36,
            started_at=started_at,
            ended_at=None if is_open else started_at + timedelta(hours=1),
            deployment_id=deployment_id,
            customer_wrote=True,
            contact_id="a" * 36,
        )

    return build


@pytest.fixture
def a_customer() -> Callable[..., Customer]:
    def build(
        latest: Conversation | None = None, *, name: str = "Jane Doe", identity: Identity = JANE
    ) -> Customer:
        return Customer(
            contact_id="a" * 36,
            send_to_id="a" * 36,
            name=name,
            contact_type=ContactType.CURATED,
            identity=identity,
            matched_by=MatchedBy.IDENTIFIER,
            contact_ids=("a" * 36,),
            latest=latest,
            open=latest if latest is not None and latest.is_open else None,
        )

    return build


@pytest.fixture
def several() -> Callable[..., Several]:
    def build(count: int = 2, *, name: str = "Pat", identity: Identity = JANE) -> Several:
        return Several(
            identity,
            tuple(
                Candidate(f"{number:036}", f"{name} {number}", ContactType.IDENTIFIED, "Acme")
                for number in range(count)
            ),
        )

    return build


@pytest.fixture
def file(tmp_path: Path, migrated_file: Path) -> Path:
    return Path(shutil.copy(migrated_file, tmp_path / "proactive.sqlite"))


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    database = open_quickly(file)
    yield database
    database.close()


@pytest.fixture
def jobs() -> list[Job]:
    """Collect the jobs that were enqueued; a rollback doesn't take them back."""
    return []


@pytest.fixture
def requests_store(database: Database, jobs: list[Job]) -> RequestStore:
    return RequestStore(database, lambda _connection, job: jobs.append(job), Keys(database))


@pytest.fixture
def pause(database: Database) -> Pause:
    """Read the pause as another process does."""
    return Pause(database, lambda _connection, _job: None)


class Local:
    """Both stand-ins on loopback, as people and tests work them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.settings = sandbox.bot_environment(Path())

    def ask(self, verb: str, path: str, **body: Any) -> Any:
        request = urllib.request.Request(
            self.sandbox.page_url.rstrip("/") + path,
            json.dumps(body).encode() if body else None,
            {"Content-Type": "application/json"},
            method=verb,
        )
        with urllib.request.urlopen(request, timeout=15) as answer:
            return json.load(answer)

    def reset(self) -> None:
        for side in ("slack", "genesys"):
            self.ask("POST", f"/control/{side}/reset")
        self.ask("POST", "/control/genesys/settings", calls_per_minute=100_000)

    def order(self, side: str, where: str, kind: str, **more: Any) -> None:
        self.ask("POST", f"/control/{side}/faults", where=where, kind=kind, **more)

    def change_slack(self, **wanted: dict[str, Any]) -> None:
        """Change people, channels or groups in Slack."""
        self.ask("POST", "/control/slack/people", **wanted)

    def clear_faults(self) -> None:
        for side in ("slack", "genesys"):
            self.ask("DELETE", f"/control/{side}/faults")

    def calls(self, side: str, where: str) -> list[dict[str, Any]]:
        calls = self.ask("GET", f"/control/{side}/calls")["calls"]
        return [call for call in calls if where in (call.get("path") or call["method"])]

    def messages(self, channel: str = "C0SUPPORT", user: str = "U0ADA") -> list[dict[str, Any]]:
        """List the bot's own messages of a channel or a direct one."""
        found = self.ask("GET", f"/people/channels/{channel}/messages?user={user}")["messages"]
        return [message for message in found if message["is_bot"]]

    def customer(self, email: str) -> dict[str, Any]:
        people = self.ask("GET", "/customers")["customers"]
        return next(person for person in people if person["email"] == email)


@pytest.fixture(scope="session")
def stand_ins() -> Iterator[Local]:
    manifest = build_manifest(url="https://bot.example.com")
    with Sandbox(manifest, genesys=LocalGenesys(step_seconds=0.0)) as sandbox:
        yield Local(sandbox)


@pytest.fixture(scope="session")
def connected(stand_ins: Local) -> SlackClient:
    """Post at the local Slack; made once, because reading the CA bundle takes a while."""
    settings = stand_ins.settings
    return SlackClient(settings["SLACK_BOT_TOKEN"], settings["SLACK_API_URL"])


@pytest.fixture
def slack(local: Local, connected: SlackClient) -> SlackClient:
    """Post at a local Slack in which nothing has happened yet."""
    return connected


@pytest.fixture
def local(stand_ins: Local) -> Local:
    stand_ins.reset()
    return stand_ins


@pytest.fixture
def recording() -> Iterator[RecordingServer]:
    server = RecordingServer()
    yield server
    server.stop()


@pytest.fixture
def elsewhere() -> Iterator[RecordingServer]:
    """Serve where nothing may be sent."""
    server = RecordingServer()
    yield server
    server.stop()
