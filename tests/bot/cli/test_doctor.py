"""The doctor checks all that the bot needs, and whatever it finds says what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import bot.cli.check_genesys
import bot.cli.doctor
from bot.cards.client import SlackClient, TokenInfo
from bot.cli.check_genesys import judge_permission
from bot.cli.check_rules import check_approvers
from bot.cli.doctor import run_checks
from bot.cli.manifest import build_manifest
from bot.cli.result import Severity
from bot.clock import utc_now
from bot.rules.rules_file import read_file
from bot.settings import Settings, read_settings
from bot.storage.tables import workers
from genesys import PERMISSIONS, Messenger
from genesys.access import Grant, Grants
from sandbox.local_genesys.auth import GRANTED
from sandbox.server import Sandbox
from tests.bot.conftest import Local
from tests.conftest import open_quickly

ROOT = Path(__file__).parents[3]
NO_DEPLOYMENT = "01234567-89ab-cdef-0123-456789abcdef"
LEO_LEADS = {"PROACTIVE_LEADS": "U0LEO"}
SAY_IT_WORKS, SAY_WARNING, SAY_WRONG = 0, 1, 2
ALL_OK = {
    "Database",
    "Slack",
    "Rules",
    "Scopes",
    "Clock and Slack",
    "Outcomes channel",
    "Genesys Cloud",
    "Clock and Genesys Cloud",
    *(f"Permission {' or '.join(permission.names)}" for permission in PERMISSIONS),
    "Deployment",
    "Messenger",
    "Replies",
    "Push notifications",
    "Guest sessions",
    "Identity resolution",
}


class Doctor:
    """Examines a setup with the two stand-ins, a SQLite file, and some settings changed."""

    def __init__(self, local: Local, file: Path, read: Callable[[], str]) -> None:
        self.local, self.file, self._read = local, file, read
        self.status = -1

    def examines(
        self, *, clock: Callable[[], datetime] = utc_now, **changes: str
    ) -> dict[str, dict[str, str]]:
        """Return the findings by name; each of them is well formed."""
        self.status = run_checks(self.settings(**changes), as_json=True, clock=clock)
        told = json.loads(self._read())
        assert told["status"] == self.status
        checks: list[dict[str, str]] = told["checks"]
        for one in checks:
            if one["severity"] != Severity.OK:
                assert one["what"].endswith(".") and one["fix"].endswith(".")
        severities = {one["severity"] for one in checks}
        expected = SAY_WARNING if Severity.WARNING in severities else SAY_IT_WORKS
        assert self.status == (SAY_WRONG if Severity.WRONG in severities else expected)
        found = {one["name"]: one for one in checks}
        assert len(found) == len(checks)
        return found

    def finds(self, name: str, severity: Severity, said: str, **changes: str) -> None:
        """Check that this finding and no other one isn't OK."""
        found = self.examines(**changes)
        shown = found[name]
        assert shown["severity"] == severity
        assert said in f"{shown['what']} {shown['fix']}"
        others = {one for one in ALL_OK - {name} if found[one]["severity"] != Severity.OK}
        assert not others

    def settings(self, **changes: str) -> Settings:
        database = f"sqlite:///{self.file}"
        return read_settings({**self.local.settings, "PROACTIVE_DATABASE_URL": database, **changes})

    def set(self, **genesys: object) -> None:
        self.local.ask("POST", "/control/genesys/settings", **genesys)


@pytest.fixture
def doctor(local: Local, file: Path, capsys: pytest.CaptureFixture[str]) -> Doctor:
    return Doctor(local, file, lambda: capsys.readouterr().out)


def test_a_good_setup_is_said_to_be_good(doctor: Doctor) -> None:
    found = doctor.examines()
    assert {one for one, told in found.items() if told["severity"] == Severity.OK} == ALL_OK
    # What can't be checked from here, and what the rules don't ask for.
    assert set(found) - ALL_OK == {"HTTP mode", "Templates"}
    assert doctor.status == SAY_IT_WORKS


def test_it_sends_and_changes_nothing(doctor: Doctor) -> None:
    before = doctor.local.ask("GET", "/customers"), doctor.local.messages("C0OUTCOMES")
    doctor.local.order("genesys", "*/subjects/me", "status", status=404)
    doctor.examines()
    assert (doctor.local.ask("GET", "/customers"), doctor.local.messages("C0OUTCOMES")) == before
    reads = ("details/query", "identifierlookup/contacts")
    for call in doctor.local.calls("genesys", "/api/"):
        is_read = call["method"] == "GET" or call["path"].endswith(reads)
        assert is_read or (call["path"].endswith("agentless") and call["body"] == {})
    used = {call["method"] for call in doctor.local.calls("slack", "")}
    assert used == {"auth.test", "chat.getPermalink"}


# The database.


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////proc/nowhere/x.sqlite",
        "sqlite:////dev/null/x.sqlite",
        "postgresql://u:pw@127.0.0.1:9/x",
    ],
)
def test_a_database_that_cannot_be_used_is_found(doctor: Doctor, url: str) -> None:
    doctor.finds(
        "Database", Severity.WRONG, "can't be used as a database", PROACTIVE_DATABASE_URL=url
    )


def test_a_file_that_is_no_database_is_found(doctor: Doctor) -> None:
    doctor.file.write_text("This is a letter and no database. " * 100)
    doctor.finds("Database", Severity.WRONG, "can't be used as a database (DatabaseError)")


def test_a_database_of_a_newer_release_is_found(doctor: Doctor) -> None:
    database = open_quickly(doctor.file)
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    doctor.finds("Database", Severity.WRONG, "Start that release, or use another database.")


def test_a_database_that_somebody_else_locks_is_found(doctor: Doctor) -> None:
    database = open_quickly(doctor.file)
    with database.transaction() as connection:
        connection.execute(workers.insert().values(worker_id="somebody", beat_at=0.0))
        doctor.finds("Database", Severity.WRONG, "can't be used as a database (OperationalError)")
    database.close()


def test_the_database_is_left_as_it_was(doctor: Doctor, tmp_path: Path) -> None:
    def rows() -> list[Any]:
        database = open_quickly(doctor.file)
        with database.connect() as connection:
            found = connection.exec_driver_sql("SELECT name FROM sqlite_master").all()
            found += connection.exec_driver_sql("SELECT * FROM workers").all()
        database.close()
        return found

    before = rows()
    doctor.examines()
    assert rows() == before
    new = tmp_path / "not" / "yet" / "there.sqlite"
    files = sorted(tmp_path.rglob("*"))
    found = doctor.examines(PROACTIVE_DATABASE_URL=f"sqlite:///{new}")
    assert "the bot can create it" in found["Database"]["what"]
    assert sorted(tmp_path.rglob("*")) == files
    empty = tmp_path / "empty.sqlite"
    empty.touch()
    assert (
        doctor.examines(PROACTIVE_DATABASE_URL=f"sqlite:///{empty}")["Database"]["severity"] == "ok"
    )
    database = open_quickly(empty)
    with database.connect() as connection:
        assert not connection.exec_driver_sql("SELECT name FROM sqlite_master").all()
    database.close()


def test_postgresql_is_written_to_and_left_as_it_was(doctor: Doctor, postgresql: str) -> None:
    found = doctor.examines(PROACTIVE_DATABASE_URL=postgresql)
    assert found["Database"]["severity"] == Severity.OK
    assert "127.0.0.1" in found["Database"]["what"]


def test_no_finding_shows_a_password(doctor: Doctor) -> None:
    url = "postgresql://user:hunter2@127.0.0.1:9/x"
    assert "hunter2" not in str(doctor.examines(PROACTIVE_DATABASE_URL=url))


# Slack.


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, "Slack refuses the bot token (invalid_auth)."),
        ({"SLACK_API_URL": "http://127.0.0.1:9/"}, "Slack gave no clear answer"),
    ],
)
def test_what_is_wrong_with_slack_is_named_and_the_rest_is_checked_as_well(
    doctor: Doctor, changes: dict[str, str], said: str
) -> None:
    found = doctor.examines(**changes)
    assert found["Slack"]["severity"] == Severity.WRONG
    assert said in found["Slack"]["what"]
    about_slack = {"Slack", "Scopes", "Clock and Slack", "Outcomes channel"}
    assert {one for one in ALL_OK - about_slack if found[one]["severity"] != Severity.OK} == set()


@pytest.mark.parametrize(
    ("missing", "severity", "said"),
    [
        ([], Severity.OK, "the app has what the bot and its rules need"),
        (
            ["im:history", "mpim:history"],
            Severity.WARNING,
            "without the optional im:history, mpim:history",
        ),
        (["chat:write", "im:history"], Severity.WRONG, "the app lacks chat:write."),
        (
            ["users:read", "mpim:read", "im:history"],
            Severity.WRONG,
            "the rules need users:read, mpim:read to know who is a guest and which channels are "
            "shared, and the app lacks that.",
        ),
        (["usergroups:read"], Severity.OK, "need"),  # by default the rules name no group
    ],
)
def test_missing_scopes_are_named(
    missing: list[str], severity: Severity, said: str, doctor: Doctor
) -> None:
    doctor.local.ask("POST", "/control/slack/settings", missing_scopes=missing)
    doctor.finds("Scopes", severity, said)


NAMES_A_GROUP = '[leads]\ngroups = ["S0LEADS"]'
ASKS_NOBODY = "[access]\nguests = true\nshared_channels = true"


@pytest.mark.parametrize(
    ("rules", "missing", "severity", "said"),
    [
        (NAMES_A_GROUP, "usergroups:read", Severity.WRONG, "to know who is in a user group"),
        (NAMES_A_GROUP, "users:read", Severity.WRONG, "to know who is a guest"),
        (ASKS_NOBODY, "users:read", Severity.OK, ""),
        (ASKS_NOBODY, "channels:read", Severity.OK, ""),
    ],
)
def test_a_missing_scope_is_wrong_only_if_a_rule_needs_it(
    rules: str, missing: str, severity: Severity, said: str, doctor: Doctor, tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(rules)
    doctor.local.ask("POST", "/control/slack/settings", missing_scopes=[missing])
    doctor.finds("Scopes", severity, said, PROACTIVE_RULES=str(file))


def test_a_rules_file_with_a_mistake_is_found(doctor: Doctor, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("[access]\nguest = true")
    said = "rules.toml is wrong, so the bot doesn't start. access.guest isn't a setting"
    doctor.finds("Rules", Severity.WRONG, said, PROACTIVE_RULES=str(file))


@pytest.mark.parametrize(
    ("rules", "changes", "is_found"),
    [
        ("[approval]\neverything = true", {"PROACTIVE_SHOW": "direct"}, True),
        ('[content]\nlinks = "approve"', {"PROACTIVE_SHOW": "direct"}, True),
        ("[approval]\neverything = true", {}, False),  # the channel shows the card
        ("", {"PROACTIVE_SHOW": "direct"}, False),
        ("[approval]\neverything = true", {"PROACTIVE_SHOW": "direct", **LEO_LEADS}, False),
        (
            '[approval]\neverything = true\nusers = ["U0LEO"]',
            {"PROACTIVE_SHOW": "direct"},
            False,
        ),
        (
            '[approval]\noverrides = true\nchannel = "C0OUTCOMES"',
            {"PROACTIVE_SHOW": "direct"},
            False,
        ),
    ],
)
def test_approvals_that_nobody_can_be_asked_for_are_a_warning(
    rules: str, changes: dict[str, str], is_found: bool, doctor: Doctor, tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(rules)
    settings = doctor.settings(**{"PROACTIVE_LEADS": "", "PROACTIVE_RULES": str(file), **changes})
    found = [one.severity for one in check_approvers(settings, read_file(file))]
    assert found == ([Severity.WARNING] if is_found else [])


def test_a_setup_without_approvers_is_told_with_all_else(doctor: Doctor, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("[approval]\neverything = true")
    changes = {"PROACTIVE_SHOW": "direct", "PROACTIVE_LEADS": "", "PROACTIVE_RULES": str(file)}
    doctor.finds("Approvers", Severity.WARNING, "I know nobody whom I could ask.", **changes)


def test_what_slack_does_not_tell_is_skipped(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slack(SlackClient):
        def check_token(self) -> TokenInfo:
            return TokenInfo("Acme", frozenset())

    monkeypatch.setattr(bot.cli.doctor, "SlackClient", Slack)
    found = doctor.examines()
    assert found["Scopes"]["severity"] == found["Clock and Slack"]["severity"] == Severity.SKIPPED


@pytest.fixture(scope="module")
def socket_mode() -> Iterator[dict[str, str]]:
    """Return the settings of a Slack app with Socket Mode."""
    with Sandbox(build_manifest(), socket_mode=True) as sandbox:
        settings = sandbox.bot_environment(Path())
        yield {name: settings[name] for name in settings if name.startswith("SLACK_")}


def test_a_wrong_app_token_is_found(doctor: Doctor, socket_mode: dict[str, str]) -> None:
    found = doctor.examines(**socket_mode)
    assert found["Socket Mode"]["severity"] == Severity.OK
    assert "HTTP mode" not in found
    found = doctor.examines(**{**socket_mode, "SLACK_APP_TOKEN": "xapp-wrong"})
    assert found["Socket Mode"]["severity"] == Severity.WRONG
    assert "(invalid_auth)" in found["Socket Mode"]["what"]
    assert "connections:write" in found["Socket Mode"]["fix"]
    assert doctor.status == SAY_WRONG


def test_an_outcomes_channel_that_the_bot_does_not_see_is_found(doctor: Doctor) -> None:
    said = "doesn't see C0NOWHERE (channel_not_found)"
    doctor.finds("Outcomes channel", Severity.WARNING, said, PROACTIVE_OUTCOMES_CHANNEL="C0NOWHERE")


def test_without_an_outcomes_channel_there_is_nothing_to_check(doctor: Doctor) -> None:
    assert "Outcomes channel" not in doctor.examines(PROACTIVE_OUTCOMES_CHANNEL="")


# The clock.


@pytest.mark.parametrize(
    ("seconds", "slack", "genesys"),
    [
        (0, Severity.OK, Severity.OK),
        (30, Severity.OK, Severity.WARNING),
        (-30, Severity.OK, Severity.WARNING),
        (120, Severity.WARNING, Severity.WARNING),
        (-600, Severity.WRONG, Severity.WARNING),
        (600, Severity.WRONG, Severity.WARNING),
    ],
)
def test_a_wrong_clock_is_found_by_both_vendors_answers(
    doctor: Doctor, seconds: int, slack: Severity, genesys: Severity
) -> None:
    found = doctor.examines(clock=lambda: datetime.now(UTC) + timedelta(seconds=seconds))
    assert found["Clock and Slack"]["severity"] == slack
    assert found["Clock and Genesys Cloud"]["severity"] == genesys
    if genesys is not Severity.OK:
        said = found["Clock and Genesys Cloud"]["what"]
        assert ("ahead of" if seconds > 0 else "behind") in said
        assert "NTP" in found["Clock and Genesys Cloud"]["fix"]


def test_over_a_socket_a_wrong_clock_stops_nothing(
    doctor: Doctor, socket_mode: dict[str, str]
) -> None:
    def late() -> datetime:
        return datetime.now(UTC) + timedelta(minutes=10)

    found = doctor.examines(clock=late, **socket_mode)
    assert found["Clock and Slack"]["severity"] == Severity.WARNING


# Genesys Cloud.


def test_a_wrong_sign_in_is_found_once(doctor: Doctor) -> None:
    found = doctor.examines(GENESYS_CLOUD_CLIENT_SECRET="wrong")
    assert found["Genesys Cloud"]["severity"] == Severity.WRONG
    assert "can't sign in" in found["Genesys Cloud"]["what"]
    assert found["Deployment and permissions"]["severity"] == Severity.SKIPPED
    assert found["Slack"]["severity"] == Severity.OK


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("permission", PERMISSIONS, ids=lambda one: one.names[0])
def test_every_missing_permission_is_named_with_what_it_is_for(
    doctor: Doctor, permission: Any, listed: bool
) -> None:
    if not listed:
        doctor.local.order("genesys", "*/subjects/me", "status", status=404)
    doctor.set(missing_permissions=[permission.names[0]])
    found = doctor.examines()
    name = f"Permission {' or '.join(permission.names)}"
    assert found[name]["severity"] == (
        Severity.WRONG if permission.is_required else Severity.WARNING
    )
    assert permission.purpose in found[name]["what"]
    others = {one for one in found if one.startswith("Permission ") and one != name}
    assert {found[one]["severity"] for one in others} == {Severity.OK}


def test_three_missing_permissions_are_three_findings(doctor: Doctor) -> None:
    doctor.set(missing_permissions=sorted(GRANTED)[:3])
    found = doctor.examines()
    bad = [
        one for one, told in found.items() if told["severity"] in (Severity.WRONG, Severity.WARNING)
    ]
    assert len(bad) == 3
    assert doctor.status == SAY_WRONG


def test_the_permissions_are_those_that_the_stand_in_grants() -> None:
    known = {name for permission in PERMISSIONS for name in permission.names}
    assert GRANTED - known == {
        *("webDeployments:identityResolution:view", "responses:library:view"),
        "responses:response:view",
    }


@pytest.mark.parametrize(
    ("divisions", "severity", "said"),
    [
        ({"Home", "Sales"}, Severity.OK, "granted in Home, Sales"),
        ({"Home"}, Severity.WARNING, "granted in Home, but unlike others not in Sales."),
        ({"*"}, Severity.OK, "granted in all divisions"),
        (set(), Severity.WRONG, "the OAuth client's roles lack it."),
    ],
)
def test_a_permission_that_is_missing_in_a_division_is_found(
    divisions: set[str], severity: Severity, said: str
) -> None:
    send = next(one for one in PERMISSIONS if "conversation:message:create" in one.names)
    others = [
        Grant(permission.names[0], division)
        for permission in PERMISSIONS
        if permission is not send
        for division in ("Home", "Sales")
    ]
    own = [Grant(send.names[0], division) for division in divisions]
    result = judge_permission("Permission", send, Grants((*others, *own)))
    assert result.severity is severity
    assert said in result.what


@pytest.mark.parametrize(
    ("genesys", "name", "severity", "said"),
    [
        ({"deployment_status": "Inactive"}, "Deployment", Severity.WRONG, "is Inactive."),
        ({"messenger_enabled": False}, "Messenger", Severity.WRONG, "switched off"),
        ({"conversations_enabled": False}, "Messenger", Severity.WRONG, "conversations are"),
        ({"disconnect_type": "ReadOnly"}, "Replies", Severity.WARNING, "can't answer before"),
        (
            {"push_content": "IncludeMessagesContent"},
            "Push notifications",
            Severity.WARNING,
            "on a locked phone",
        ),
        ({"resolves_identities": False}, "Identity resolution", Severity.WARNING, "nobody can be"),
        (
            {"missing_permissions": ["webDeployments:identityResolution:view"]},
            "Identity resolution",
            Severity.SKIPPED,
            "lacks webDeployments:identityResolution:view",
        ),
    ],
)
def test_whatever_keeps_messages_or_replies_from_arriving_is_found(
    doctor: Doctor, genesys: dict[str, object], name: str, severity: Severity, said: str
) -> None:
    doctor.set(**genesys)
    doctor.finds(name, severity, said)


def test_how_long_guest_sessions_last_is_told(doctor: Doctor) -> None:
    doctor.set(session_duration_seconds=4 * 3600)
    said = doctor.examines()["Guest sessions"]["what"]
    assert said == "they last 4 hours after the last message"
    doctor.local.order(
        "genesys", "*/configurations", "status", status=503, body={"code": "no.luck"}
    )
    found = doctor.examines(GENESYS_CLOUD_PATIENCE="2")
    assert "(code no.luck)" in found["Messenger"]["what"]
    assert "Guest sessions" not in found


def test_if_nothing_tells_how_long_guest_sessions_last_the_doctor_says_where_to_look(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = Messenger(
        is_enabled=True,
        has_conversations=True,
        session=None,
        is_read_only_after_end=False,
        has_text_in_push=False,
    )
    monkeypatch.setattr(bot.cli.check_genesys, "read_messenger", lambda *_: silent)
    doctor.finds("Guest sessions", Severity.SKIPPED, "See how long they last")


def test_a_wrong_deployment_is_found(doctor: Doctor) -> None:
    found = doctor.examines(GENESYS_CLOUD_DEPLOYMENT_ID=NO_DEPLOYMENT)
    assert found["Deployment"]["severity"] == Severity.WRONG
    assert "Copy GENESYS_CLOUD_DEPLOYMENT_ID" in found["Deployment"]["fix"]
    assert (
        found["Messenger"]["severity"]
        == found["Identity resolution"]["severity"]
        == Severity.SKIPPED
    )


# What people and programs read.


def test_people_read_a_line_for_each_finding_and_its_fix_below(
    doctor: Doctor, capsys: pytest.CaptureFixture[str]
) -> None:
    doctor.set(deployment_status="Inactive", disconnect_type="ReadOnly")
    assert run_checks(doctor.settings()) == SAY_WRONG
    lines = capsys.readouterr().out.splitlines()
    assert "ok      Genesys Cloud: organisation Local Genesys Cloud (stand-in)" in lines
    place = lines.index("WRONG   Deployment: Company website is Inactive.")
    assert lines[place + 1] == "        Activate it in Admin, Message, Messenger Deployments."
    assert any(line.startswith("WARNING Replies: ") for line in lines)
    assert any(line.startswith("skipped HTTP mode: ") for line in lines)


def _doctor(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "bot", "doctor", *words],
        cwd=settings.pop("folder"),
        env={**kept, "PYTHONPATH": str(ROOT), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_program_reads_json_and_the_exit_status(local: Local, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'new.sqlite'}"
    settings = {**local.settings, "PROACTIVE_DATABASE_URL": database, "folder": str(tmp_path)}
    done = _doctor("--json", **settings)
    assert (done.returncode, json.loads(done.stdout)["status"]) == (SAY_IT_WORKS, 0)
    done = _doctor("--json", folder=str(tmp_path), PORT="http")
    told = json.loads(done.stdout)
    assert (done.returncode, told["status"], done.stderr) == (SAY_WRONG, 2, "")
    problems = {one["what"].split()[0] for one in told["checks"]}
    assert {"SLACK_BOT_TOKEN", "PORT", "GENESYS_CLOUD_CLIENT_ID"} <= problems


# Templates.


@pytest.fixture
def from_genesys(tmp_path: Path) -> str:
    rules = tmp_path / "rules.toml"
    rules.write_text('[templates]\nsource = "genesys"\n')
    return str(rules)


def test_templates_in_genesys_cloud_are_read_and_their_placeholders_shown(
    doctor: Doctor, from_genesys: str
) -> None:
    found = doctor.examines(PROACTIVE_RULES=from_genesys)["Templates"]
    assert found["severity"] == Severity.OK
    assert "{{AGENT_ALIAS}}, {{AMOUNT}}, {{CUSTOMER_NAME}}" in found["what"]


@pytest.mark.parametrize("permission", ["responses:library:view", "responses:response:view"])
def test_templates_that_may_not_be_read_are_a_warning(
    permission: str, doctor: Doctor, from_genesys: str
) -> None:
    doctor.set(missing_permissions=[permission])
    doctor.finds("Templates", Severity.WARNING, permission, PROACTIVE_RULES=from_genesys)


def test_templates_that_nobody_takes_from_genesys_cloud_are_not_looked_for(doctor: Doctor) -> None:
    doctor.set(missing_permissions=["responses:library:view"])
    assert doctor.examines()["Templates"]["severity"] == Severity.SKIPPED
    assert not doctor.local.calls("genesys", "responsemanagement")
