"""The least that a durable bot can be (``baselines/bare_engine.py``) as a process to be measured.

Promises: its database and log lie in the folder it is given. Does not: wait until it answers, or
deliver anything.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.process import ROOT, Server, find_free_port, plain_environment

_PROGRAM = ROOT / "benchmarks" / "baselines" / "bare_engine.py"


class BareEngine(Server):
    """A bare app beside a launched engine: its port, and the secret that signs its requests.

    ``environment`` is for what Python itself reads, such as PYTHONPYCACHEPREFIX.
    """

    def __init__(
        self,
        folder: Path,
        *,
        leashed: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.port = find_free_port()
        self.signing_secret = secrets.token_hex(16)
        super().__init__(
            [sys.executable, str(_PROGRAM), str(self.port), self.signing_secret],
            folder=folder,
            environment=plain_environment(**(environment or {})),
            leashed=leashed,
        )
