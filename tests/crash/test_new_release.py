"""A new release finishes what an old one left behind."""

from __future__ import annotations

from pathlib import Path

from tests.crash.cluster import Cluster
from tests.product.conftest import CANARY, wait_until


def test_a_new_release_finishes_what_the_old_one_left_behind(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    try:
        cluster.start_bot(0, point="before look-up")
        assert cluster.request_message("jane@example.com", f"{CANARY} from the old one")
        wait_until(lambda: not cluster.running() or None, "the kill")
        cluster.settings["OTHER_RELEASE"] = "yes"
        cluster.start_bot(0)
        cluster.wait_until_settled()
        assert cluster.inbox("Jane Doe") == [f"{CANARY} from the old one"]
    finally:
        cluster.close()
