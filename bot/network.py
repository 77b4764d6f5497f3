"""Check the variables for proxies and certificate authorities.

The HTTP clients and OpenSSL read them by themselves, and ignore what they can't use.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit


def find_network_problems(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each of these variables that can't be used."""
    problems = []
    for name, value in environment.items():
        if not value:
            continue
        if name.upper() == "HTTPS_PROXY" and not _is_proxy(value):
            problems.append(f"{name} must be an address such as http://proxy.internal:3128.")
        if name == "SSL_CERT_FILE" and not _has_certificates(value):
            problems.append(f"{name} must name a readable file with certificates (PEM).")
        if name == "SSL_CERT_DIR" and not any(map(os.path.isdir, value.split(os.pathsep))):
            problems.append(f"{name} must name folders with certificates (openssl rehash).")
    return problems


def _is_proxy(value: str) -> bool:
    """Return whether it's an HTTP proxy; TLS goes through it as through a tunnel."""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        return parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _has_certificates(value: str) -> bool:
    try:
        ssl.create_default_context(cafile=value)
    except OSError:  # also what OpenSSL says about the content
        return False
    return True
