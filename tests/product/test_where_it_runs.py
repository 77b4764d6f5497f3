"""The bot runs where it's put: behind a proxy, in a bare container, on any kind of address."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.bot_process import START_SECONDS, build_environment
from tests.inspecting_proxy import InspectingProxy

from .conftest import Product, wait_until
from .test_startup import run_bot


@pytest.fixture
def unstarted(tmp_path: Path) -> Iterator[Product]:
    """Prepare a product whose bot the test starts, in a process that has loaded nothing yet."""
    product = Product(tmp_path)
    yield product
    product.close()


@pytest.fixture
def behind(unstarted: Product, proxy: InspectingProxy) -> dict[str, str]:
    """Return the settings of a bot that can only reach the two vendors through the proxy."""
    given = unstarted.settings
    return {
        "HTTPS_PROXY": proxy.url,
        "SSL_CERT_FILE": str(proxy.authority),
        "SLACK_API_URL": proxy.route("slack.example.com", given["SLACK_API_URL"]),
        "GENESYS_CLOUD_API_URL": proxy.route("genesys.example.com", given["GENESYS_CLOUD_API_URL"]),
    }


def test_the_whole_way_works_through_a_proxy_that_reads_along(
    unstarted: Product, proxy: InspectingProxy, behind: dict[str, str]
) -> None:
    unstarted.settings.update(behind)
    unstarted.start()
    ada = unstarted.agent()
    ada.sends("jane@example.com")
    ada.reads("  Sent.")
    assert len(unstarted.inbox("Jane Doe")) == 1
    assert set(proxy.asked) == {"slack.example.com:443", "genesys.example.com:443"}


def test_the_proxy_and_its_authority_may_be_in_the_env_file(
    unstarted: Product, proxy: InspectingProxy, behind: dict[str, str], tmp_path: Path
) -> None:
    settings = {**unstarted.settings, **behind}
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}='{value}'\n" for name, value in settings.items()))
    file.chmod(0o600)
    done = run_bot(tmp_path, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"slack.example.com:443", "genesys.example.com:443"} == set(proxy.asked)


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        ("PORT=1\n".encode("utf-16"), 0o600, "isn't text in UTF-8"),
        (b"PORT=1\n", 0o666, "other users can change it"),
    ],
)
def test_an_env_file_that_cannot_be_used_is_one_sentence(
    content: bytes, mode: int, words: str, tmp_path: Path
) -> None:
    file = tmp_path / ".env"
    file.write_bytes(content)
    file.chmod(mode)
    done = run_bot(tmp_path, "run")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "SLACK_BOT_TOKEN" not in done.stderr  # the settings weren't read


# What a user id without an entry, no HOME, and a read-only root without /tmp look like to Python.
BARE = """
import os, sys, tempfile
tempfile.tempdir = "/nowhere"
os.getuid = lambda: 3_123_456_789
sys.argv = ["bot", "run"]
from bot.__main__ import main
sys.exit(main())
"""


@contextmanager
def _bare_bot(product: Product) -> Iterator[subprocess.Popen[bytes]]:
    environment = build_environment(product.settings)
    del environment["HOME"]
    with (product.folder / "bot.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", BARE],
            cwd=product.folder,
            env={**environment, "SQLITE_TMPDIR": "/nowhere"},
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_bot_works_without_a_home_and_without_a_folder_for_temporary_files(
    unstarted: Product,
) -> None:
    with _bare_bot(unstarted) as process:

        def is_ready() -> bool:
            assert process.poll() is None, (unstarted.folder / "bot.log").read_text()
            try:
                with urllib.request.urlopen(f"{unstarted.operator_url}/healthz", timeout=2):
                    return True
            except OSError:
                return False

        wait_until(lambda: is_ready() or None, "the bot to start", START_SECONDS)
        ada = unstarted.agent()
        ada.sends("jane@example.com")
        ada.reads("  Sent.")
    assert len(unstarted.inbox("Jane Doe")) == 1


def test_without_a_home_and_a_database_address_the_bot_says_what_to_set(
    unstarted: Product,
) -> None:
    del unstarted.settings["PROACTIVE_DATABASE_URL"]
    with _bare_bot(unstarted) as process:
        assert process.wait(60) == 2
    log = (unstarted.folder / "bot.log").read_text()
    assert "PROACTIVE_DATABASE_URL isn't set, and this user has no home folder" in log
    assert "Traceback" not in log


def test_the_bot_says_what_to_do_if_it_cannot_create_its_database(unstarted: Product) -> None:
    (unstarted.folder / "file").touch()
    nowhere = f"sqlite:///{unstarted.folder}/file/x.sqlite"
    settings = {**unstarted.settings, "PROACTIVE_DATABASE_URL": nowhere}
    done = run_bot(unstarted.folder, "run", **settings)
    assert done.returncode == 2
    assert "or set PROACTIVE_DATABASE_URL to another" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_the_bot_listens_on_an_ipv6_address(new_product: Callable[..., Product]) -> None:
    product = new_product(HOST="::1")
    url = f"http://[::1]:{product.settings['PORT']}/slack/events"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url, b"command=/proactive", timeout=10)
    refused.value.close()
    assert refused.value.code == 401
    assert f"HTTP on [::1]:{product.settings['PORT']}" in (product.folder / "bot.log").read_text()


def check_modes(folder: Path) -> None:
    assert {one.stat().st_mode & 0o777 for one in folder.glob("*.sqlite*")} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_only_this_user_can_read_what_the_bot_stores_also_after_a_restart(
    new_product: Callable[..., Product], tmp_path: Path
) -> None:
    before = os.umask(0o022)
    folder = tmp_path / "new" / "data"
    try:
        product = new_product(PROACTIVE_DATABASE_URL=f"sqlite:///{folder}/p.sqlite", forked=False)
        check_modes(folder)
        product.stop()
        check_modes(folder)
        product.start()
        check_modes(folder)
        product.kill()
        check_modes(folder)
    finally:
        os.umask(before)
