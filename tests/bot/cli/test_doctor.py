"""The doctor checks Slack, Genesys Cloud and the deployment, and says what to do."""

from collections.abc import Callable

import pytest

import bot.cli.doctor
from bot.cards.client import SlackClient, Workspace
from bot.cli.doctor import examine
from bot.cli.manifest import SCOPES
from bot.settings import Settings, read_settings
from tests.bot.conftest import Local

Read = Callable[..., Settings]


@pytest.fixture
def settings(local: Local) -> Read:
    def read(**other: str) -> Settings:
        return read_settings({**local.settings, **other})

    return read


def _lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_good_setup_is_said_to_be_good(
    settings: Read, capsys: pytest.CaptureFixture[str]
) -> None:
    assert examine(settings()) == 0
    sdk, slack, genesys, deployment = _lines(capsys)
    assert sdk == "ok    Genesys SDK: recent enough for web messaging"
    assert slack.startswith("ok    Slack: workspace ")
    assert genesys.startswith("ok    Genesys Cloud: organisation ")
    assert deployment.startswith("ok    Deployment: ") and deployment.endswith(" is active")


@pytest.mark.parametrize(
    ("other", "place", "said"),
    [
        (
            {"SLACK_BOT_TOKEN": "xoxb-wrong"},
            1,
            "WRONG Slack: Slack refuses the bot token (invalid_auth). Copy it again.",
        ),
        (
            {"SLACK_API_URL": "http://127.0.0.1:9/"},
            1,
            "WRONG Slack: Slack gave no clear answer (URLError). Check SLACK_API_URL.",
        ),
        ({"GENESYS_CLOUD_CLIENT_SECRET": "wrong"}, 2, "WRONG Genesys Cloud: "),
        (
            {"GENESYS_CLOUD_DEPLOYMENT_ID": "01234567-89ab-cdef-0123-456789abcdef"},
            3,
            "WRONG Deployment: no deployment has this id. "
            "Copy GENESYS_CLOUD_DEPLOYMENT_ID from Admin, Messenger Deployments.",
        ),
    ],
)
def test_whatever_is_wrong_is_named_and_the_other_checks_are_made_as_well(
    other: dict[str, str],
    place: int,
    said: str,
    settings: Read,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert examine(settings(**other)) == 1
    lines = _lines(capsys)
    assert len(lines) == 4
    assert lines[place].startswith(said)
    assert lines[0].startswith("ok ")
    if place != 2:
        assert lines[2].startswith("ok ")


@pytest.mark.parametrize(
    ("scopes", "status", "said"),
    [
        (set(), 0, "ok    Slack: workspace Acme"),
        ({*SCOPES, "im:history"}, 0, "ok    Slack: workspace Acme"),
        (
            {"commands", "im:history"},
            1,
            "WRONG Slack: the app lacks chat:write, chat:write.public. "
            "Add them and reinstall the app.",
        ),
    ],
)
def test_missing_scopes_are_named_if_slack_lists_the_granted_ones(
    scopes: set[str],
    status: int,
    said: str,
    settings: Read,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slack(SlackClient):
        def check_token(self) -> Workspace:
            return Workspace("Acme", frozenset(scopes))

    monkeypatch.setattr(bot.cli.doctor, "SlackClient", Slack)
    assert examine(settings()) == status
    assert _lines(capsys)[1] == said
