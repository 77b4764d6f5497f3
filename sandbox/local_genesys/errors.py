"""The error body of Genesys Cloud, and the refusals that many endpoints share.

Raise ApiError anywhere below an endpoint; machine_app.py turns it into a response.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.local_genesys import assumptions

GENERIC: dict[int, tuple[str, str]] = {
    400: (
        "bad.request",
        "The request could not be understood by the server due to malformed syntax.",
    ),
    401: ("bad.credentials", "Invalid login credentials."),
    403: ("not.authorized", "You are not authorized to perform the requested action."),
    404: ("not.found", "The requested resource was not found."),
    405: ("method.not.allowed", "The method is not allowed for this resource."),
    408: ("request.timeout", "The client did not produce a request in time."),
    409: ("conflict", "The request conflicts with the current state of the target resource."),
    413: ("request.entity.too.large", "The request is over the size limit."),
    415: ("unsupported.media.type", "Unsupported Media Type: send application/json."),
    422: ("unprocessable.entity", "The request was understood but cannot be processed."),
    429: ("too.many.requests", "Rate limit exceeded the maximum."),
    500: (
        "internal.server.error",
        "The server encountered an unexpected condition which prevented it from fulfilling "
        "the request.",
    ),
    502: ("bad.gateway", "Bad Gateway."),
    503: ("service.unavailable", "Service Unavailable."),
    504: ("request.timeout", "The request timed out."),
}


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal, as Genesys Cloud words it."""

    status: int
    code: str
    message: str
    params: Mapping[str, str] = field(default_factory=dict)
    field_name: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, correlation_id: str) -> dict[str, Any]:
        """Return the error body; its contextId is the answer's correlation id."""
        details = []
        if self.field_name is not None:
            details.append({"errorCode": self.code, "fieldName": self.field_name})
        return {
            "message": self.message,
            "code": self.code,
            "status": self.status,
            "messageParams": dict(self.params),
            "contextId": correlation_id,
            "details": details,
            "errors": [],
        }


def generic_error(status: int, headers: Mapping[str, str] | None = None) -> ApiError:
    """Build the usual refusal for a status, or a general one if the status isn't documented."""
    code, message = GENERIC.get(status, ("error", "The request failed."))
    return ApiError(status, code, message, headers=headers or {})


def bad_request(message: str, field_name: str | None = None) -> ApiError:
    """Build a 400 that says what is wrong and in which field."""
    return ApiError(400, "bad.request", message, field_name=field_name)


def invalid_value(field_name: str, value: object, kind: str, allowed: str) -> ApiError:
    """Build the 400 for a value that its field doesn't allow."""
    message = (
        f"Value [{value}] is not valid for field type [{kind}]. Allowable values are: {allowed}"
    )
    return ApiError(400, "invalid.value", message, field_name=field_name)


def not_supported_here(what: str) -> ApiError:
    """Build the 400 for something that Genesys Cloud supports and this stand-in doesn't."""
    return ApiError(
        400,
        assumptions.STAND_IN_LIMIT,
        f"The local stand-in of Genesys Cloud does not support {what}. "
        "The real platform does; test this against a real organisation.",
    )


def missing_permissions(needed: tuple[str, ...], *, any_of: bool) -> ApiError:
    """Build the 403 that names the permissions that the call needs."""
    names = ", ".join(needed)
    if any_of and len(needed) > 1:
        return ApiError(
            403,
            "missing.any.permissions",
            "Unable to perform the requested action. You must have at least one of the "
            f"following permissions assigned: {names}",
            params={"permissions": names},
        )
    return ApiError(
        403,
        "missing.permissions",
        "Unable to perform the requested action. You are missing the following "
        f"permission(s): {names}",
        params={"permissions": names},
    )
