"""`python -m sandbox`: starting, stopping, and a failing bot. Most tests use a stub as the bot."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.bot_command import main
from tests.conftest import PATIENCE, wait_until

from .conftest import MANIFEST, ask

ROOT = Path(__file__).resolve().parents[2]
STUB = f"""
    import http.server, json, os, pathlib, sys
    if sys.argv[1] == "manifest":
        print({yaml.safe_dump(MANIFEST)!r})
        sys.exit(0)
    pathlib.Path("environment.json").write_text(json.dumps(dict(os.environ)))
    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            if self.path == "/die":
                print("the last words", flush=True)
                os._exit(3)
    address = (os.environ["OPERATOR_HOST"], int(os.environ["OPERATOR_PORT"]))
    http.server.ThreadingHTTPServer(address, Health).serve_forever()
"""
LAUNCH = """
    import sys
    import sandbox.bot_process
    from sandbox.__main__ import main
    sandbox.bot_process.BOT = (sys.executable, sys.argv[1])
    sys.exit(main(sys.argv[2:]))
"""


@contextmanager
def launched(stub: Path, *options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(LAUNCH), str(stub), "--no-browser", *options],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def wait_for_state(control: str, state: str) -> dict[str, Any]:
    wait_until(lambda: ask(control)["state"] == state, f"the bot is {state}")
    found: dict[str, Any] = ask(control)
    return found


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{process_id}/status").read_text()


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    file = tmp_path / "stub.py"
    file.write_text(textwrap.dedent(STUB), encoding="utf-8")
    return file


def open_url(url: str) -> int:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        url, timeout=5
    ) as answer:
        return int(answer.status)


def read_environment(folder: Path) -> dict[str, str]:
    loaded: dict[str, str] = yaml.safe_load((folder / "environment.json").read_text())
    return loaded


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_one_address_and_stops_everything_when_told_to(
    stub: Path, tmp_path: Path, how: signal.Signals
) -> None:
    with launched(stub, "--data", str(tmp_path)) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        address = ready.split()[-1]
        assert address.startswith("http://127.0.0.1:")
        assert open_url(address) == 200
        environment = read_environment(tmp_path)
        process.send_signal(how)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "http" not in out
    assert err == ""
    for port in (address, f"http://127.0.0.1:{environment['OPERATOR_PORT']}/"):
        with pytest.raises(OSError, match="refused"):
            open_url(port)


def test_the_page_outlives_a_bot_that_dies_and_can_start_it_again(
    stub: Path, tmp_path: Path
) -> None:
    with launched(stub, "--data", str(tmp_path)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        control = process.stdout.readline().split()[-1] + "control/bot"
        bot = f"http://127.0.0.1:{read_environment(tmp_path)['OPERATOR_PORT']}"
        open_url(f"{bot}/die")
        told = list(iter(process.stderr.readline, "The page is still up and can start it again.\n"))
        assert told[0].startswith("The bot stopped (exit status 3).")
        assert "  the last words\n" in told
        found = wait_for_state(control, "dead")
        assert "the last words" in found["last_exit"]["last_lines"]
        assert ask(control, {"do": "start"})["state"] == "starting"
        wait_for_state(control, "running")
        assert open_url(f"{bot}/healthz") == 200
        process.terminate()
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")


def test_a_bot_that_cannot_start_ends_the_sandbox(stub: Path, tmp_path: Path) -> None:
    words = "import sys\nif sys.argv[1] == 'run':\n    sys.exit('no settings')\n"
    stub.write_text(words + stub.read_text(encoding="utf-8"), encoding="utf-8")
    with launched(stub, "--data", str(tmp_path)) as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "The bot stopped (exit status 1)" in err
    assert "no settings" in err
    assert "Traceback" not in err


@pytest.mark.skipif(sys.platform != "linux", reason="works only on Linux")
def test_killing_the_sandbox_ends_the_bot_too(stub: Path, tmp_path: Path) -> None:
    with launched(stub, "--data", str(tmp_path)) as process:
        assert process.stdout is not None
        control = process.stdout.readline().split()[-1] + "control/bot"
        # The second bot, which another thread starts, must not outlive the sandbox either.
        ask(control, {"do": "kill"})
        ask(control, {"do": "start"})
        bot = wait_for_state(control, "running")["pid"]
        process.kill()
    wait_until(lambda: not is_alive(bot), "the bot ends")


def test_a_bot_without_a_manifest_is_reported(tmp_path: Path) -> None:
    stub = tmp_path / "stub.py"
    stub.write_text("raise SystemExit('no manifest today')", encoding="utf-8")
    with launched(stub) as process:
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "could not print its manifest (exit status 1)" in err
    assert "no manifest today" in err


def test_the_bot_sees_only_the_sandboxs_settings(stub: Path, tmp_path: Path) -> None:
    foreign = {"SLACK_CLIENT_ID": "mine", "PROACTIVE_COMMAND": "/other", "HTTPS_PROXY": "http://p"}
    with launched(stub, "--data", str(tmp_path), **foreign) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        process.communicate(timeout=PATIENCE)
    environment = read_environment(tmp_path)
    assert not foreign.keys() & environment.keys()
    assert environment["SLACK_APP_TOKEN"] == ""
    for name in ("SLACK_API_URL", "GENESYS_CLOUD_API_URL"):
        assert environment[name].startswith("http://127.0.0.1:")
    assert environment["PROACTIVE_DATABASE_URL"].startswith(f"sqlite:///{tmp_path}")
    assert environment["PROACTIVE_RULES"] == str(tmp_path / "rules.toml")
    assert "[quiet_hours]" in (tmp_path / "rules.toml").read_text(encoding="utf-8")


def test_another_language_can_be_tried(stub: Path, tmp_path: Path) -> None:
    with launched(stub, "--language", "de", "--data", str(tmp_path)) as process:
        assert process.stdout is not None
        process.stdout.readline()
    assert read_environment(tmp_path)["PROACTIVE_LANGUAGE"] == "de"


def test_direct_mode_can_be_tried(stub: Path, tmp_path: Path) -> None:
    with launched(stub, "--direct", "--data", str(tmp_path)) as process:
        assert process.stdout is not None
        process.stdout.readline()
    assert read_environment(tmp_path)["PROACTIVE_SHOW"] == "direct"


def test_a_command_without_a_sandbox_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), "audit"]) == 2
    assert "is the sandbox running?" in capsys.readouterr().err
    assert main([str(tmp_path)]) == 2
    assert "Name the sandbox's data folder" in capsys.readouterr().err


def test_a_taken_port_is_reported_in_plain_words(stub: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with launched(stub, "--port", str(taken.getsockname()[1])) as process:
            _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
        assert "The sandbox can't start" in err
        assert "Traceback" not in err


def run_printed(command: str, elsewhere: Path) -> str:
    """Run a command as it was printed, on a machine that has settings of its own."""
    foreign = {"PROACTIVE_DATABASE_URL": "sqlite:////none/here", "SLACK_BOT_TOKEN": "xoxb-real"}
    done = subprocess.run(
        shlex.split(command),
        env={**os.environ, "PYTHONPATH": str(ROOT), **foreign},
        cwd=elsewhere,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_real_bot_starts_and_stops_and_the_printed_commands_work(tmp_path: Path) -> None:
    words = ["-m", "sandbox", "--no-browser", "--data", str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        ready, *_, audit, verify, erase = [process.stdout.readline() for _ in range(6)]
        said = [run_printed(command, tmp_path) for command in (audit, verify, erase)]
        process.terminate()
        _, err = process.communicate(timeout=PATIENCE)
    assert ready.startswith("The sandbox is ready: http://127.0.0.1:")
    assert "the bot loaded the rules" in said[0]
    assert ": intact." in said[1]
    assert "Nothing is stored about this customer." in said[2]
    assert (tmp_path / "settings.json").stat().st_mode & 0o077 == 0
    assert (process.returncode, err) == (0, "")
    assert "Traceback" not in (tmp_path / "bot.log").read_text(encoding="utf-8")
