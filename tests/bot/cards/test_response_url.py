"""The bot posts to Slack's own response URLs only, unless another Web API is configured."""

import pytest

from bot.cards.errors import SlackRefused
from bot.cards.response_url import check_response_url

SLACK = "https://slack.com/api/"


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.slack.com/commands/T0/1/secret",
        "https://hooks.slack.com/actions/T0/1/secret",
        "https://hooks.slack.com:443/commands/T0/1/secret",
        "https://HOOKS.slack.com/commands/T0/1/secret",
    ],
)
@pytest.mark.parametrize("api_url", [SLACK, "https://gateway.example/slack/api/"])
def test_slack_s_own_addresses_get_private_answers(url: str, api_url: str) -> None:
    check_response_url(url, api_url)


FOREIGN = [
    "",
    "hooks.slack.com/commands/1",
    "http://hooks.slack.com/commands/1",
    "ftp://hooks.slack.com/commands/1",
    "https://evil.example/commands/1",
    "https://evilslack.com/commands/1",
    "https://hooks.slack.com.evil.example/commands/1",
    "https://hooks.slack.com@evil.example/commands/1",
    "https://evil.example\\@hooks.slack.com/commands/1",
    "https://evil.example#@hooks.slack.com/commands/1",
    "https://evil.example\n.slack.com/commands/1",
    "https://evil.example\u3002slack.com/commands/1",
    "https://[::1/commands/1",
    "https://hooks.slack.com:x/commands/1",
    "http://169.254.169.254/latest/meta-data",
    "https://127.0.0.1/commands/1",
    "https://localhost/commands/1",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("url", FOREIGN)
def test_no_other_address_gets_a_private_answer(url: str) -> None:
    with pytest.raises(SlackRefused, match="foreign_response_url"):
        check_response_url(url, SLACK)


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://gateway.example/hooks/1", True),
        ("https://hooks.slack-gov.com/commands/1", True),
        ("http://127.0.0.1:8080/commands-response/1", True),
        ("http://localhost:8080/commands-response/1", True),
        ("http://gateway.example/hooks/1", False),
        ("ftp://gateway.example/hooks/1", False),
    ],
)
@pytest.mark.parametrize("api_url", ["https://gateway.example/api/", "http://127.0.0.1:1/api/"])
def test_with_another_web_api_private_answers_may_go_elsewhere_but_not_unencrypted(
    api_url: str, url: str, is_allowed: bool
) -> None:
    if is_allowed:
        check_response_url(url, api_url)
        return
    with pytest.raises(SlackRefused):
        check_response_url(url, api_url)
