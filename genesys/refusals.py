"""Turn Genesys's refusals and the transport's faults into our errors.

`refused` reads an error status and Genesys's error body. `broken` reads what urllib3 raised. Only
if no connection was made do we know for certain that Genesys didn't carry out the request.
"""

import json
import logging
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3.exceptions as urllib3_faults

from genesys.errors import (
    N_,
    BadCredentials,
    BadRequest,
    Conflict,
    CutOff,
    GenesysError,
    MissingPermission,
    NotFound,
    RateLimited,
    Said,
    TimedOut,
    TooLarge,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
    UnsupportedMedia,
)
from genesys.http_client import AnswerTooLarge
from genesys.rate_limit import LONGEST_PAUSE

_log = logging.getLogger(__name__)

_BY_STATUS: Mapping[int, type[GenesysError]] = {
    401: BadCredentials,
    404: NotFound,
    408: TimedOut,
    409: Conflict,
    413: TooLarge,
    415: UnsupportedMedia,
}
_NO_CONNECTION = (urllib3_faults.NewConnectionError, urllib3_faults.ConnectTimeoutError)
_PROXY_REFUSED = "Tunnel connection failed"  # http.client's words for any answer but 200
_PERMISSION = re.compile(r"\b[A-Za-z]+:[A-Za-z]+:[A-Za-z]+\b")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
_DEFAULT_PAUSE = 1.0  # seconds


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the JSON (or the text, if it isn't JSON), the headers."""

    status: int
    body: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @property
    def correlation_id(self) -> str | None:
        """Genesys's reference for this call, which its support asks for."""
        return self.headers.get("ININ-Correlation-Id")


def refused(answer: Answer) -> GenesysError:
    """Turn an error status into our error, and keep Genesys's own words."""
    body = answer.body if isinstance(answer.body, dict) else {}
    said = Said(
        status=answer.status,
        code=_first_text(body, "code", "error"),
        vendor_message=_first_text(body, "message", "error_description", "description"),
        correlation_id=answer.correlation_id,
    )
    if answer.status == 429:
        return RateLimited(retry_after=_retry_after(answer.headers), **said)
    if answer.status == 403:
        return MissingPermission(permissions=_permissions(body), **said)
    kind = _BY_STATUS.get(answer.status) or _by_class(answer.status)
    return kind(**said)


def broken(fault: BaseException | None) -> GenesysError:
    """Turn what urllib3 raised into our error."""
    if isinstance(fault, urllib3_faults.ProxyError):
        return _proxy_failed(fault.original_error)
    if isinstance(fault, _NO_CONNECTION):
        return Unreachable()
    if isinstance(fault, urllib3_faults.SSLError):
        return _tls_failed(fault)
    if isinstance(fault, urllib3_faults.TimeoutError):
        return TimedOut()
    if isinstance(fault, AnswerTooLarge):
        return UnexpectedAnswer()
    return CutOff()


def _proxy_failed(fault: Exception) -> GenesysError:
    """Find out whether the proxy connected us at all.

    urllib3 also blames the proxy for a connection that broke later, after the request was sent.
    """
    if isinstance(fault, _NO_CONNECTION) or str(fault).startswith(_PROXY_REFUSED):
        return Unreachable(
            hint="The proxy doesn't connect us. Check HTTPS_PROXY, and the proxy's log; NO_PROXY"
            " names hosts to call directly."
        )
    return broken(fault)


def _tls_failed(fault: urllib3_faults.SSLError) -> GenesysError:
    """Distinguish a refused certificate, before the request was sent, from a later break."""
    reason = fault.args[0] if fault.args else None
    if isinstance(reason, ssl.SSLCertVerificationError):
        refusal = Unreachable(
            fix=N_("Tell your admin."),
            hint="Its certificate wasn't accepted. If a proxy inspects traffic here, its"
            " certificate authority must be trusted.",
        )
        refusal.transient = False
        return refusal
    return CutOff()


def _by_class(status: int) -> type[GenesysError]:
    if 400 <= status < 500:
        return BadRequest
    return Unavailable if 500 <= status < 600 else UnexpectedAnswer


def _first_text(body: Mapping[str, Any], *names: str) -> str | None:
    found = (body.get(name) for name in names)
    return next((value for value in found if isinstance(value, str)), None)


def _permissions(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Find the permissions that a 403 names in its message or its messageParams."""
    named = _PERMISSION.findall(json.dumps([body.get("message"), body.get("messageParams")]))
    return tuple(dict.fromkeys(named))


def _retry_after(headers: Mapping[str, str]) -> float:
    """Read how long to wait: Retry-After, else the seconds until the count restarts."""
    for name in ("Retry-After", "inin-ratelimit-reset"):
        if _SECONDS.fullmatch(headers.get(name, "")):
            return _limit_pause(float(headers[name]))
    return _DEFAULT_PAUSE


def _limit_pause(seconds: float) -> float:
    """Wait no longer than a few minutes, whatever a header says: all calls wait with this one."""
    if seconds > LONGEST_PAUSE:
        _log.warning(
            "Genesys Cloud asks for a pause of %.0f seconds; the bot tries again after %.0f",
            seconds,
            LONGEST_PAUSE,
        )
    return min(seconds, LONGEST_PAUSE)
