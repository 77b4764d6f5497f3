"""Looks the locked dependencies up in the OSV database of vulnerabilities, with pip-audit.

Exits with 0 if none is known to be vulnerable, and with 1 if one is or if the scan fails. If the
database can't be reached, it says that the scan was skipped, and exits with 0: the machine that
runs this may have no way to it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
FILES = [word for lock in LOCKS for word in ("--requirement", str(ROOT / lock))]
OPTIONS = (
    *("--require-hashes", "--disable-pip", "--vulnerability-service", "osv"),
    *("--format", "json", "--progress-spinner", "off", "--timeout", "10"),
)
# What pip-audit prints when the database can't be reached. It handles a ConnectTimeout itself, and
# shows the traceback of any other error; the last one names the cause.
_UNREACHABLE = re.compile(
    r"^requests\.exceptions\.((?:Connection|Proxy|SSL|ChunkedEncoding)Error|\w*Timeout)\b"
    r"|^requests\.exceptions\.(HTTPError: 5\d\d)\b"
    r"|(Could not connect) to OSV",
    re.MULTILINE,
)


def main() -> int:
    """Run the scan, print what it found, and return the exit status."""
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", *FILES, *OPTIONS],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return _explain(done.stderr)
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if skipped:
        print(f"Vulnerability scan: SKIPPED for {len(skipped)} packages: {', '.join(skipped)}")
    found = [(package, one) for package in packages for one in package.get("vulns", ())]
    for package, one in found:
        fixed = ", ".join(one["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {one['id']}, fixed in {fixed}")
    print(f"Vulnerability scan: {len(packages) - len(skipped)} packages, {len(found)} findings")
    return 1 if found else 0


def _explain(errors: str) -> int:
    """Say why there's no result; return 0 only if the database can't be reached."""
    kinds = [next(filter(None, one.groups())) for one in _UNREACHABLE.finditer(errors)]
    if kinds:
        print(f"Vulnerability scan: SKIPPED, its data can't be reached ({kinds[-1]})")
        return 0
    last = errors.strip().splitlines()[-5:] or ["pip-audit printed nothing."]
    print("Vulnerability scan: FAILED", *last, sep="\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
