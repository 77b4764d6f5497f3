"""The vulnerability scan of .ci/run, with a stand-in for pip-audit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

AUDIT = Path(__file__).parents[1] / ".ci" / "audit.py"
SAFE = {"name": "alembic", "version": "1.20", "vulns": []}
VULNERABLE = {
    "name": "aiohttp",
    "version": "3.14",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.15"]}],
}


def scan(folder: Path, program: str) -> tuple[int, str]:
    """Run the scan with this program as pip-audit; return its exit status and output."""
    package = folder / "pip_audit"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(program)
    done = subprocess.run(
        [sys.executable, AUDIT],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def finds(*packages: dict[str, Any], status: int = 0) -> str:
    return f"print({json.dumps({'dependencies': packages})!r}); raise SystemExit({status})"


def test_a_vulnerable_dependency_fails_the_run_and_is_named_with_its_fix(tmp_path: Path) -> None:
    status, said = scan(tmp_path, finds(SAFE, VULNERABLE, status=1))
    assert status == 1
    assert "aiohttp 3.14: PYSEC-1, fixed in 3.15" in said


def test_safe_dependencies_pass(tmp_path: Path) -> None:
    assert scan(tmp_path, finds(SAFE)) == (0, "Vulnerability scan: 1 packages, 0 findings\n")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ("requests.ConnectionError('no route to api.osv.dev')", "ConnectionError"),
        ("requests.exceptions.ProxyError('Tunnel connection failed')", "ProxyError"),
        ("requests.exceptions.SSLError('certificate verify failed')", "SSLError"),
        ("requests.ReadTimeout('timed out')", "ReadTimeout"),
        ("requests.HTTPError('503 Server Error: for url')", "HTTPError: 503"),
        ('SystemExit("Could not connect to OSV\'s vulnerability feed")', "Could not connect"),
    ],
)
def test_a_scan_whose_data_can_t_be_reached_is_skipped_and_says_so_in_one_line(
    tmp_path: Path, failure: str, kind: str
) -> None:
    status, said = scan(tmp_path, f"import requests; raise {failure}")
    assert status == 0
    assert said == f"Vulnerability scan: SKIPPED, its data can't be reached ({kind})\n"


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import no_such_module", "No module named 'no_such_module'"),
        ("raise SystemExit('requirement alembic does not contain a hash')", "contain a hash"),
        ("import requests; raise requests.HTTPError('403 Client Error: for url')", "403 Client"),
        ("print('no JSON'); raise ValueError('a bug')", "a bug"),
        ("print('[]')", "pip-audit printed nothing."),
    ],
)
def test_any_other_failure_fails_the_run_and_says_why(
    tmp_path: Path, program: str, told: str
) -> None:
    status, said = scan(tmp_path, program)
    assert status == 1
    assert said.startswith("Vulnerability scan: FAILED\n")
    assert told in said
    assert len(said.splitlines()) < 10


def test_everything_that_is_locked_is_scanned(tmp_path: Path) -> None:
    program = "import sys; sys.exit(' '.join(sys.argv))"
    status, said = scan(tmp_path, program)
    assert status == 1
    assert re.findall(r"--requirement \S+/(\S+)", said) == [
        "requirements.lock",
        "requirements-dev.lock",
    ]


def test_a_package_that_is_not_in_the_data_is_named(tmp_path: Path) -> None:
    unknown = {"name": "proactive", "skip_reason": "not found"}
    status, said = scan(tmp_path, finds(SAFE, unknown))
    assert status == 0
    assert "SKIPPED for 1 packages: proactive" in said
