"""Item 1: from the slash command to the modal's arrival at Slack, over TLS as with the real one.

Waves of 1, 10 and 50 commands at one moment; what counts is when each one's views.open has arrived
whole. Slack's API then takes 100 ms to answer. The stand-in's certificate is made on the spot and
trusted by the usual means (SSL_CERT_FILE, NODE_EXTRA_CA_CERTS), so nobody is told to skip checks.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from benchmarks.bot import a_bot
from benchmarks.contestants import (
    BARE,
    BOT,
    NO_NODE,
    NODE,
    Contestant,
    a_baseline,
    alone,
    has_node,
    names,
    of_bot,
    ratio,
    stand_still,
)
from benchmarks.load import commands, run_at_once
from benchmarks.process import wait_for
from benchmarks.quick_slack import QuickSlack
from benchmarks.report import Figure, Goal, Report, alternate, percentile

SLACK_MS = 100.0
AT_ONCE = (1, 10, 50)
PAUSE = 0.25  # between waves, so that Slack has answered the one before
PATIENCE = 30.0
WITH_TLS = "Over TLS, verified."
NO_TLS = "Without TLS, because there is no `openssl` here to make a certificate with."
_NOBODY = "http://127.0.0.1:9"  # Genesys is not asked: the commands name no customer


def measure(smoke: bool, rounds: int) -> Report:
    """Measure all in turn."""
    waves = dict.fromkeys(AT_ONCE, 1) if smoke else {1: 40, 10: 20, 50: 12}
    has_tls = shutil.which("openssl") is not None
    with _set_up(has_tls) as (slack, everybody):
        contestants: dict[str, Callable[[], Mapping[str, float]]] = {
            name: partial(_measure_once, one, slack, waves) for name, one in everybody.items()
        }
        found = alternate(contestants, rounds)
    rows = tuple(
        (name, *(str(figures[_name(part, count)]) for count in AT_ONCE for part in (50, 99)))
        for name, figures in found.items()
    )
    return Report(
        "Slash command to the modal's arrival at Slack",
        ("server", *(_name(part, count) for count in AT_ONCE for part in (50, 99))),
        rows,
        tuple(_goals(found)),
        notes=(
            f"In ms. Slack answers after {SLACK_MS:.0f} ms.",
            WITH_TLS if has_tls else NO_TLS,
            *(() if has_node() else (NO_NODE,)),
        ),
    )


@contextlib.contextmanager
def _set_up(has_tls: bool) -> Iterator[tuple[QuickSlack, dict[str, Contestant]]]:
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        certificate = _make_certificate(root) if has_tls else None
        trust = {"SSL_CERT_FILE": str(certificate), "NODE_EXTRA_CA_CERTS": str(certificate)}
        if certificate is None:
            trust = {}
        slack = stack.enter_context(QuickSlack(delay_ms=SLACK_MS, certificate=certificate))
        bot = a_bot(root / "bot", slack_url=slack.url, genesys_url=_NOBODY, environment=trust)
        stack.callback(bot.kill)
        everybody = {}
        for name in names(BARE, NODE):
            everybody[name] = a_baseline(name, root, slack.url, environment=trust)
            stack.callback(everybody[name].server.kill)
        everybody = {BOT: of_bot(bot), **everybody}
        stand_still(everybody.values(), slack)
        yield slack, everybody


def _make_certificate(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 that is valid for a day; its key is in the same file."""
    made = folder / "slack.pem"
    words = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -batch "
        f"-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout {made} -out {made}"
    )
    subprocess.run(["openssl", *words.split()], check=True, capture_output=True)
    return made


def _measure_once(
    one: Contestant, slack: QuickSlack, waves: Mapping[int, int]
) -> Mapping[str, float]:
    found = {}
    with alone(one):
        _open_modals(one, slack, max(AT_ONCE), 1)  # connections to Slack stay open from here on
        for count in AT_ONCE:
            taken = _open_modals(one, slack, count, waves[count])
            for part in (50, 99):
                found[_name(part, count)] = percentile(taken, part / 100) * 1000
    return found


def _open_modals(one: Contestant, slack: QuickSlack, count: int, waves: int) -> list[float]:
    """Send waves of so many commands; return how long each one's views.open took to arrive."""
    requests = commands(one.secret, count * waves)
    triggers = [request.rpartition(b"trigger_id=")[2].decode() for request in requests]
    slack.forget()
    begun, _ = run_at_once(
        one.address, [requests[i : i + count] for i in range(0, len(requests), count)], PAUSE
    )
    wait_for(lambda: slack.count("views.open") >= len(requests), "all modals open", PATIENCE)
    time.sleep(2 * SLACK_MS / 1000)  # the last ones are still being answered
    arrived = {each.name: each.at for each in slack.arrivals() if each.method == "views.open"}
    assert arrived.keys() == set(triggers), "other modals than were asked for"
    return [arrived[trigger] - begun[i // count] for i, trigger in enumerate(triggers)]


def _goals(found: Mapping[str, Mapping[str, Figure]]) -> Iterator[Goal]:
    worst = _name(99, 50)
    if NODE in found:
        to_node = ratio(found[BOT][worst], found[NODE][worst])
        yield Goal(
            "p99 at 50 at once at most 0.6 of @slack/bolt's", f"{to_node}", to_node.median <= 0.6
        )
    to_bare = ratio(found[BOT][worst], found[BARE][worst])
    yield Goal(
        "p99 at 50 at once not behind the bare AsyncApp's (ours; at most 1)",
        f"{to_bare}",
        to_bare.median <= 1,
    )


def _name(part: int, count: int) -> str:
    return f"p{part}, {count} at once"
