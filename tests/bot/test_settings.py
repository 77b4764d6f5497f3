"""Wrong settings are all reported together, each with what to do; no secret ever shows."""

import ast
import inspect
import os
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

import bot.settings
from bot.settings import BadSettings, Show, read_settings
from genesys import OutdatedSdk

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENT = "0f0e0d0c-1111-4222-8333-444455556666"
HTTP = {
    "SLACK_BOT_TOKEN": "xoxb-canary-token",
    "SLACK_SIGNING_SECRET": "canary-signing",
    "GENESYS_CLOUD_CLIENT_ID": "client",
    "GENESYS_CLOUD_CLIENT_SECRET": "canary-secret",
    "GENESYS_CLOUD_DEPLOYMENT_ID": DEPLOYMENT,
}
SOCKET = {**HTTP, "SLACK_APP_TOKEN": "xapp-canary-app", "SLACK_SIGNING_SECRET": ""}


def _problems(environment: dict[str, str]) -> list[str]:
    with pytest.raises(BadSettings) as bad:
        read_settings(environment)
    assert str(bad.value) == "\n".join(bad.value.problems)
    return bad.value.problems


def test_the_defaults_are_the_documented_ones(
    tmp_path: Path,
) -> None:
    settings = read_settings({**HTTP, "XDG_DATA_HOME": str(tmp_path)})
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.genesys_region == "us-east-1"
    assert settings.genesys_api_url is None
    assert (settings.genesys_timeout, settings.genesys_patience) == (10, 10)
    assert settings.command == "/proactive"
    assert settings.database_url == f"sqlite:///{tmp_path}/proactive/proactive.sqlite"
    assert settings.history_days == 90
    assert settings.default_country is None
    assert settings.calls_per_minute == 300
    assert settings.read_back_seconds == (5, 15, 30, 60)
    assert (settings.undo_seconds, settings.watch_hours) == (5, 72)
    assert settings.heartbeat_seconds == 5
    assert (settings.outcomes_channel, settings.leads) == ("", frozenset())
    assert (settings.show, settings.keep_days) == (Show.CHANNEL, 30)
    assert settings.rules_file is None
    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert (settings.operator_host, settings.operator_port) == ("127.0.0.1", 3001)
    assert settings.log_level == "INFO"
    assert not settings.uses_socket_mode


def test_every_setting_can_be_set() -> None:
    settings = read_settings(
        {
            **HTTP,
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_API_URL": "http://127.0.0.1:1/api/",
            "GENESYS_CLOUD_REGION": "eu-central-1",
            "GENESYS_CLOUD_API_URL": "http://127.0.0.1:2/",
            "GENESYS_CLOUD_TIMEOUT": "1",
            "GENESYS_CLOUD_PATIENCE": "120",
            "PROACTIVE_COMMAND": "/notify-customer",
            "PROACTIVE_DATABASE_URL": "sqlite:////data/p.sqlite",
            "PROACTIVE_HISTORY_DAYS": "730",
            "PROACTIVE_DEFAULT_COUNTRY": "gb",
            "PROACTIVE_CALLS_PER_MINUTE": "10",
            "PROACTIVE_READ_BACK_SECONDS": "0, 1,2",
            "PROACTIVE_UNDO_SECONDS": "600",
            "PROACTIVE_WATCH_HOURS": "720",
            "PROACTIVE_HEARTBEAT_SECONDS": "60",
            "PROACTIVE_OUTCOMES_CHANNEL": "C0NEWS",
            "PROACTIVE_SHOW": "direct",
            "PROACTIVE_KEEP_DAYS": "3650",
            "PROACTIVE_LEADS": "U0LEO, W0ADA,",
            "PROACTIVE_RULES": "/etc/proactive/rules.toml",
            "HOST": "0.0.0.0",
            "PORT": "65535",
            "OPERATOR_HOST": "::1",
            "OPERATOR_PORT": "9090",
            "LOG_LEVEL": "DEBUG",
        }
    )
    assert settings.uses_socket_mode
    assert settings.slack_api_url == "http://127.0.0.1:1/api/"
    assert settings.genesys_region == "eu-central-1"
    assert settings.genesys_api_url == "http://127.0.0.1:2"
    assert (settings.genesys_timeout, settings.genesys_patience) == (1, 120)
    assert settings.command == "/notify-customer"
    assert settings.database_url == "sqlite:////data/p.sqlite"
    assert settings.history_days == 730
    assert settings.default_country == "GB"
    assert settings.calls_per_minute == 10
    assert settings.read_back_seconds == (0, 1, 2)
    assert (settings.undo_seconds, settings.watch_hours) == (600, 720)
    assert (settings.show, settings.keep_days) == (Show.DIRECT, 3650)
    assert settings.heartbeat_seconds == 60
    assert (settings.outcomes_channel, settings.leads) == ("C0NEWS", {"U0LEO", "W0ADA"})
    assert settings.rules_file == Path("/etc/proactive/rules.toml")
    assert (settings.host, settings.port) == ("0.0.0.0", 65_535)
    assert (settings.operator_host, settings.operator_port) == ("::1", 9090)
    assert settings.log_level == "DEBUG"


def test_white_space_around_a_value_is_ignored() -> None:
    padded = {name: f"  {value}\n" for name, value in HTTP.items()}
    assert read_settings(padded) == read_settings(HTTP)


def test_socket_mode_needs_no_signing_secret_and_http_mode_no_app_token() -> None:
    assert read_settings(SOCKET).uses_socket_mode
    assert not read_settings(HTTP).uses_socket_mode
    (problem,) = _problems({**HTTP, "SLACK_SIGNING_SECRET": ""})
    assert "or set SLACK_APP_TOKEN to use Socket Mode instead" in problem


def test_the_operators_port_is_not_slacks() -> None:
    same = {"PORT": "4000", "OPERATOR_PORT": "4000"}
    assert _problems({**HTTP, **same}) == ["OPERATOR_PORT must not be the same as PORT."]
    assert read_settings({**SOCKET, **same}).operator_port == 4000  # nothing listens on PORT then


def test_an_empty_environment_names_everything_that_is_needed() -> None:
    named = [problem.partition(" ")[0] for problem in _problems({})]
    assert named == [
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "GENESYS_CLOUD_CLIENT_ID",
        "GENESYS_CLOUD_CLIENT_SECRET",
        "GENESYS_CLOUD_DEPLOYMENT_ID",
    ]


WRONG = {
    "SLACK_BOT_TOKEN": ["xapp-1", "1234", "xoxb-1\n2", "xoxb-1‑2"],
    "SLACK_APP_TOKEN": ["xoxb-1"],
    "SLACK_SIGNING_SECRET": ["canary\udc80"],
    "SLACK_API_URL": [
        *("slack.com", "ftp://slack.com/", "https://slack.com/api", "https:///api/"),
        *("http://slack.com/api/", "HTTP://gateway:8080/", "http://10.0.0.1/", "http://[fd00::1]/"),
        *("https://host:port/", "https://host:0/", "https://a host/", "https://user:canary@host/"),
        *("https://host/api/?team=/", "https://host/#/"),
    ],
    "GENESYS_CLOUD_REGION": ["mypurecloud.com", "US-EAST-1", "nowhere"],
    "GENESYS_CLOUD_API_URL": ["api.example.com", "localhost:8080", "http://api.example.com"],
    "GENESYS_CLOUD_DEPLOYMENT_ID": ["shop", DEPLOYMENT + "0", "{" + DEPLOYMENT + "}"],
    "GENESYS_CLOUD_TIMEOUT": ["0", "121", "10s"],
    "GENESYS_CLOUD_PATIENCE": ["0", "121"],
    "PROACTIVE_COMMAND": ["proactive", "/", "/Pro Active", "/" + "x" * 32, "/ä"],
    "PROACTIVE_DATABASE_URL": [
        "proactive.sqlite",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?uri=true",
        "sqlite:///~nobody-has-this-name/x.sqlite",
        "mysql://h/d",
        "postgresql://host:65536/db",
    ],
    "PROACTIVE_HISTORY_DAYS": ["0", "731", "-1", "ninety", "1.5", "９"],
    "PROACTIVE_DEFAULT_COUNTRY": ["UK", "44", "GBR", "england"],
    "PROACTIVE_CALLS_PER_MINUTE": ["9", "100001"],
    "PROACTIVE_READ_BACK_SECONDS": ["5;15", "5,,15", "-5", "86401", "86000,401", "soon"],
    "PROACTIVE_UNDO_SECONDS": ["-1", "601"],
    "PROACTIVE_WATCH_HOURS": ["0", "721"],
    "PROACTIVE_SHOW": ["both", "Direct"],
    "PROACTIVE_KEEP_DAYS": ["0", "3651", "for ever"],
    "PROACTIVE_HEARTBEAT_SECONDS": ["0", "61", "5s"],
    "PROACTIVE_OUTCOMES_CHANNEL": ["#news", "U0ADA", "c0news"],
    "PROACTIVE_LEADS": ["@leo", "U0LEO;U0ADA", "C0NEWS"],
    "PROACTIVE_RULES": ["~nobody-has-this-name/rules.toml"],
    "PORT": ["0", "65536", "http"],
    "OPERATOR_PORT": ["0", "65536", "http"],
    "LOG_LEVEL": ["debug", "TRACE"],
}
SAYS_WHAT_TO_DO = re.compile(r"isn't set: |must |isn't one of: |such as ")


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_value_is_one_sentence_that_names_it_and_says_what_to_do(
    name: str, value: str
) -> None:
    base = SOCKET if name == "SLACK_APP_TOKEN" else HTTP
    (problem,) = _problems({**base, name: value})
    assert problem.startswith(name)
    assert SAYS_WHAT_TO_DO.search(problem)
    assert problem.endswith(".")


def test_all_wrong_values_are_reported_together() -> None:
    wrong = {name: values[0] for name, values in WRONG.items()}
    named = {re.match(r"[A-Z_]+", problem)[0] for problem in _problems({**HTTP, **wrong})}  # type: ignore[index]
    assert named == set(WRONG)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_API_URL", "http://["),
        ("GENESYS_CLOUD_API_URL", "https://[::1"),
        ("PORT", "9" * 5_000),
        ("PROACTIVE_READ_BACK_SECONDS", "9" * 5_000),
        ("PROACTIVE_DATABASE_URL", "postgresql://user:pass@host:port/db"),
    ],
)
def test_a_malformed_value_is_reported_like_any_other(name: str, value: str) -> None:
    (problem,) = _problems({**HTTP, name: value})
    assert problem.startswith(name)


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.sampled_from(sorted({*HTTP, *WRONG, "HOST"})),
        st.text(st.characters(codec="utf-8", exclude_characters="["), max_size=30),
    )
)
def test_no_environment_causes_any_other_error(environment: dict[str, str]) -> None:
    try:
        read_settings({**HTTP, **environment})
    except BadSettings as bad:
        assert bad.problems
        assert len(bad.problems) == len(set(bad.problems))


@pytest.mark.parametrize("environment", [HTTP, SOCKET])
def test_no_secret_shows_in_a_repr(environment: dict[str, str]) -> None:
    settings = read_settings(
        {**environment, "PROACTIVE_DATABASE_URL": "sqlite:////data/canary.sqlite"}
    )
    assert "canary" not in f"{settings!r} {settings}"
    assert "client" in repr(settings)  # the client's id is no secret, and helps


def test_a_wrong_secret_is_not_repeated_in_the_problems() -> None:
    wrong = {
        "SLACK_BOT_TOKEN": "xoxp-canary",
        "SLACK_APP_TOKEN": "xoxb-canary",
        "PROACTIVE_DATABASE_URL": "postgresql://user:canary@host/db",
        "GENESYS_CLOUD_API_URL": "user:canary@host",
    }
    assert "canary" not in "\n".join(_problems({**HTTP, **wrong}))


@pytest.mark.parametrize("home", ["/data", "/other folder"])
def test_the_default_database_does_not_depend_on_the_working_folder(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read_settings({**HTTP, "XDG_DATA_HOME": home})
    assert settings.data_folder == Path(home) / "proactive"
    assert settings.database_url == f"sqlite:///{home}/proactive/proactive.sqlite"
    monkeypatch.setenv("HOME", home)
    assert read_settings(HTTP).data_folder == Path(home) / ".local" / "share" / "proactive"


def test_only_this_machine_is_called_without_tls() -> None:
    for host in ("127.0.0.1:8080", "127.1.2.3", "localhost", "[::1]:8080"):
        url = f"http://{host}/api/"
        assert read_settings({**HTTP, "SLACK_API_URL": url}).slack_api_url == url
    (problem,) = _problems({**HTTP, "GENESYS_CLOUD_API_URL": "http://localhost.example.com"})
    assert problem == (
        "GENESYS_CLOUD_API_URL must start with https://: without TLS, others could read the token."
    )


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    given = {**HTTP, "PROACTIVE_DATABASE_URL": "sqlite:///~/data/x.sqlite"}
    assert read_settings(given).database_url == f"sqlite:///{tmp_path}/data/x.sqlite"
    settings = read_settings({**HTTP, "XDG_DATA_HOME": "~/data"})
    assert settings.data_folder == tmp_path / "data" / "proactive"


def test_requests_that_0_1_stored_in_a_folder_called_tilde_are_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "~").mkdir()
    (tmp_path / "~" / "x.sqlite").touch()
    (problem,) = _problems({**HTTP, "PROACTIVE_DATABASE_URL": "sqlite:///~/x.sqlite"})
    assert "in a folder named ~" in problem


@pytest.fixture
def _homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a user without a home, as in a container with an arbitrary user id."""
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 3_123_456_789)


@pytest.mark.usefixtures("_homeless")
def test_without_a_home_folder_only_the_default_database_is_missing() -> None:
    (problem,) = _problems(HTTP)
    assert problem.startswith("PROACTIVE_DATABASE_URL isn't set, and this user has no home")
    (problem,) = _problems({**HTTP, "PROACTIVE_DATABASE_URL": "sqlite:///~/x.sqlite"})
    assert "without ~" in problem
    for address in ("sqlite:////data/x.sqlite", "postgresql://host/db"):
        given = {**HTTP, "PROACTIVE_DATABASE_URL": address}
        assert read_settings(given).database_url == address


def test_what_the_http_clients_would_ignore_is_reported_with_the_rest() -> None:
    wrong = {"HTTPS_PROXY": "socks5://proxy", "SSL_CERT_FILE": "/nowhere", "PORT": "0"}
    named = [problem.partition(" ")[0] for problem in _problems({**HTTP, **wrong})]
    assert named == ["PORT", "HTTPS_PROXY", "SSL_CERT_FILE"]


def _names_read() -> set[str]:
    """Return every variable name that the settings give to their reader, from the source."""
    tree = ast.parse(inspect.getsource(bot.settings))
    return {
        argument.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for argument in call.args[:1]
        if isinstance(argument, ast.Constant) and re.fullmatch("[A-Z_]+", str(argument.value))
    }


def _example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    found = [re.fullmatch(r"#?([A-Z][A-Z_]+)=(.*)", line) for line in lines]
    pairs = [(match[1], match[2]) for match in found if match]
    assert len(pairs) == len(dict(pairs)), "a variable is in .env.example twice"
    return dict(pairs)


def test_the_example_file_names_exactly_the_variables_that_are_read() -> None:
    assert set(_example()) == _names_read()


def test_the_example_file_gives_the_defaults() -> None:
    example = {**_example(), **HTTP}
    example["PROACTIVE_DATABASE_URL"] = ""  # its default is the user's own folder
    assert read_settings(example) == read_settings(HTTP)


def test_the_example_file_holds_no_secret() -> None:
    needed = {name for name in HTTP if not _example()[name]}
    assert needed == set(HTTP)


WRONG_KIND = "PROACTIVE_DATABASE_URL must start with sqlite:/// or postgresql://."
NO_FILE = "PROACTIVE_DATABASE_URL must name a file: requests must survive a restart."
NO_ADDRESS = (
    "PROACTIVE_DATABASE_URL isn't a database address such as sqlite:////data/proactive.sqlite."
)


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:////data/proactive.sqlite",
        "sqlite:///beside.sqlite?mode=rw",
        "sqlite:///with%20space/a@b.sqlite",
        "postgresql://host/db",
        "postgresql://user:p/a:s?s@host:5432/db?sslmode=require",
        "postgresql://user@[::1]:65535/db",
        "postgresql:///db?host=/run/postgresql",
    ],
)
def test_a_database_address_is_accepted_as_it_is(address: str) -> None:
    assert read_settings({**HTTP, "PROACTIVE_DATABASE_URL": address}).database_url == address


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("sqlite:///:memory:", NO_FILE),
        ("sqlite://", NO_FILE),
        ("sqlite:///", NO_FILE),
        ("postgresql+psycopg://host/db", WRONG_KIND),
        ("mysql://host/db", WRONG_KIND),
        ("postgresql://host:65536/db", NO_ADDRESS),
        ("postgresql://host:port/db", NO_ADDRESS),
        ("proactive.sqlite", NO_ADDRESS),
    ],
)
def test_a_database_address_that_cannot_be_used_is_explained(address: str, problem: str) -> None:
    assert _problems({**HTTP, "PROACTIVE_DATABASE_URL": address}) == [problem]


@given(st.from_regex(r"(sqlite|postgresql)://[a@:/.?\[\]0-9%]{0,30}", fullmatch=True))
def test_no_accepted_address_is_refused_by_sqlalchemy(address: str) -> None:
    try:
        taken = read_settings({**HTTP, "PROACTIVE_DATABASE_URL": address})
    except BadSettings:
        return
    assert sa.make_url(taken.database_url).drivername in ("sqlite", "postgresql")


def test_an_sdk_that_cannot_send_web_messages_is_a_problem_with_its_fix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> tuple[str, ...]:
        raise OutdatedSdk("PureCloudPlatformClientV2 265.0.0 is too old to send web messages.")

    monkeypatch.setattr(bot.settings, "region_names", refuse)
    (problem,) = _problems(HTTP)
    assert problem.startswith("PureCloudPlatformClientV2 265.0.0 is too old")
    assert "266" in problem
