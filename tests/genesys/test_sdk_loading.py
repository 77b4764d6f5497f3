"""The SDK is loaded selectively, without the user's file and threads, and must be new enough."""

import importlib.metadata
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from genesys import Connection, GenesysCloud, OutboundMessage, OutdatedSdk, region_names
from genesys.details import details_query, split_windows
from genesys.messaging import request_body
from genesys.sdk import check_sdk

ROOT = Path(__file__).parents[2]


def _python(program: str, home: Path, *arguments: str) -> Any:
    """Run a program in another process and return the JSON value that it prints."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        env={**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


# The SDK's packages without their __init__, which takes 20 s without saved bytecode.
PARTS = """
import importlib.util, sys, types
found = importlib.util.find_spec("PureCloudPlatformClientV2").submodule_search_locations[0]
for name, folder in (("", found), (".models", found + "/models")):
    module = types.ModuleType("PureCloudPlatformClientV2" + name)
    module.__path__ = [folder]
    sys.modules[module.__name__] = module
"""

LOAD = """
import json, logging, sys, threading
logging.getLogger("urllib3").setLevel(logging.INFO)
from genesys import Connection, GenesysCloud
cloud = GenesysCloud(Connection("id", "secret", api_url=sys.argv[1] if sys.argv[1:] else None))
if sys.argv[1:]:
    cloud.call("GET", "/api/v2/tokens/me")
sdk = [name for name in sys.modules if name.startswith("PureCloudPlatformClientV2")]
urllib3 = logging.getLogger("urllib3")
trusted = sys.modules["PureCloudPlatformClientV2.configuration"].Configuration().ssl_context
print(json.dumps({"sdk": sdk, "all": len(sys.modules), "threads": threading.active_count(),
                  "level": urllib3.level, "propagate": urllib3.propagate,
                  "trusted": trusted.cert_store_stats()["x509_ca"]}))
"""


def test_only_a_few_modules_of_the_sdk_are_loaded(tmp_path: Path) -> None:
    seen = _python(LOAD, tmp_path)
    assert len(seen["sdk"]) < 20
    assert not [name for name in seen["sdk"] if ".models." in name or ".apis" in name]
    assert seen["all"] < 500  # the whole SDK would add 6,800


def test_the_sdk_starts_no_threads_and_silences_no_loggers(tmp_path: Path) -> None:
    seen = _python(LOAD, tmp_path)
    assert seen["threads"] == 1
    assert (seen["level"], seen["propagate"]) == (20, True)


def test_the_sdks_own_connections_which_nobody_uses_trust_nobody(tmp_path: Path) -> None:
    assert _python(LOAD, tmp_path)["trusted"] == 0


def test_neither_a_home_nor_a_folder_for_temporary_files_is_needed(tmp_path: Path) -> None:
    nowhere = "import os, tempfile; del os.environ['HOME']; tempfile.tempdir = '/nowhere'\n"
    nobody = "os.getuid = lambda: 3_123_456_789\n"
    assert _python(nowhere + nobody + LOAD, tmp_path)["threads"] == 1


def test_the_users_config_file_changes_nothing(tmp_path: Path, raw: Any) -> None:
    file = tmp_path / ".genesyscloudpython" / "config"
    file.parent.mkdir()
    log = tmp_path / "sdk.log"
    file.write_text(
        "[general]\nhost = http://127.0.0.1:1\nlive_reload_config = true\n"
        "[gateway]\nhost = 127.0.0.1\nport = 1\nprotocol = http\n"
        f"[logging]\nlog_level = trace\nlog_file_path = {log}\nlog_request_body = true\n",
        encoding="utf-8",
    )
    assert _python(LOAD, tmp_path, raw.url)["threads"] == 1
    assert [asked.path for asked in raw.asked] == ["/oauth/token", "/api/v2/tokens/me"]
    assert not log.exists()


def test_an_sdk_that_something_else_loaded_is_used(tmp_path: Path, raw: Any) -> None:
    """It keeps its threads and the user's file, but calls still go only where we say."""
    file = tmp_path / ".genesyscloudpython" / "config"
    file.parent.mkdir()
    file.write_text("[gateway]\nhost = 127.0.0.1\nport = 1\nprotocol = http\n", encoding="utf-8")
    load_by_others = PARTS + (
        "import PureCloudPlatformClientV2.api_client as before\n"
        "assert before.Configuration().gateway_configuration.port == 1\n"
    )
    unchanged = "assert sys.modules[before.__name__] is before\n"
    _python(load_by_others + LOAD + unchanged, tmp_path, raw.url)
    assert [asked.path for asked in raw.asked] == ["/oauth/token", "/api/v2/tokens/me"]


@pytest.mark.parametrize("version", ["265.9.0", "259.0.0", "2.0.0"])
def test_an_sdk_that_cannot_send_web_messages_is_refused(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: version)
    with pytest.raises(OutdatedSdk, match=version) as caught:
        check_sdk()
    assert "266" in caught.value.fix


def test_a_missing_sdk_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(OutdatedSdk, match="not installed"):
        check_sdk()


@pytest.mark.parametrize("version", ["266.0.0", "269.0.0", "1000.0"])
def test_a_new_enough_sdk_is_accepted(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: version)
    check_sdk()


def test_the_regions_are_named_as_in_the_settings() -> None:
    assert {"us-east-1", "eu-central-1", "eusc-de-east-1"} <= set(region_names())


def test_an_unknown_region_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="eu-central-1"):
        GenesysCloud(Connection("id", "secret", region="mars-1"))


def test_the_secret_stays_out_of_logs() -> None:
    assert "canary" not in repr(Connection("id", "canary"))


MODELS = """
import json
from importlib import import_module
from PureCloudPlatformClientV2.api_client import ApiClient
def build(kind, **fields):
    module = "".join("_" + letter.lower() if letter.isupper() else letter for letter in kind)
    model = getattr(import_module("PureCloudPlatformClientV2.models." + module[1:]), kind)()
    for name, value in fields.items():
        setattr(model, name, value)
    return model
def matches(kind, dimension, value):
    return build(kind, type="dimension", dimension=dimension, operator="matches", value=value)
segment = "SegmentDetailQueryPredicate"
send = build("SendAgentlessOutboundMessageRequest", from_address="d", external_contact_id="c",
    to_address_messenger_type="webmessaging", text_body="Hello",
    use_existing_active_conversation=False)
clause = build("SegmentDetailQueryClause", type="or",
    predicates=[matches(segment, "externalContactId", one) for one in ("c1", "c2")])
which = build("SegmentDetailQueryFilter", type="and", clauses=[clause], predicates=[
    matches(segment, "mediaType", "message"), matches(segment, "messageType", "webmessaging")])
is_open = build("ConversationDetailQueryFilter", type="and", predicates=[
    build("ConversationDetailQueryPredicate", type="dimension", dimension="conversationEnd",
          operator="notExists")])
query = build("ConversationQuery",
    interval="2026-10-22T12:00:00.000Z/2026-11-22T12:00:00.000Z", order="desc",
    order_by="conversationStart", paging=build("PagingSpec", page_size=100, page_number=2),
    segment_filters=[which], conversation_filters=[is_open])
lookup = build("ContactIdentifier", type="Email", value="j@example.com")
client = ApiClient(host="http://127.0.0.1")
print(json.dumps([client.sanitize_for_serialization(one) for one in (send, query, lookup)]))
"""


def test_our_bodies_equal_those_of_the_sdks_models(tmp_path: Path) -> None:
    send, query, lookup = _python(PARTS + MODELS, tmp_path)
    assert request_body(OutboundMessage("c", "d", "Hello")) == send
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    window = next(split_windows(now, history_days=90, window_days=31))
    paging = query.pop("paging")
    assert details_query(window, ["c1", "c2"], only_open=True) == query
    assert paging == {"pageSize": 100, "pageNumber": 2}
    assert lookup == {"type": "Email", "value": "j@example.com"}
