"""Get an access token when it's needed, and a new one before it expires.

Client credentials have no refresh token, so we just sign in again. A token lasts 5 minutes to 48
hours (OAuthClient.accessTokenValiditySeconds). Threads that need one at the same time share one
sign-in and its result, even if it fails.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from genesys.errors import (
    BadCredentials,
    BadRequest,
    GenesysError,
    MissingPermission,
    UnexpectedAnswer,
)
from genesys.refusals import Answer, refused

_SHORTEST_LIFE = 300.0
_LONGEST_LIFE = 48 * 3600.0
_LONGEST_MARGIN = 300.0


class AccessToken:
    """The token of one OAuth client; thread-safe.

    `sign_in` makes the request. `clock` is in seconds.
    """

    def __init__(
        self, sign_in: Callable[[], Answer], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sign_in = sign_in
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = clock()
        self._pending: Future[str] | None = None

    def current(self) -> str:
        """Return a valid token; sign in if there is none.

        Raises BadCredentials, or another GenesysError if the sign-in gets no answer. It's always
        definite, because the actual call wasn't made yet.
        """
        with self._lock:
            if self._clock() < self._renew_at:
                return self._token
            pending = self._pending
            if pending is None:
                mine = self._pending = Future[str]()
        if pending is not None:
            return pending.result()
        return self._fetch(mine)

    def renew(self, rejected: str) -> str:
        """Return a token other than the one that Genesys rejected with 401."""
        with self._lock:
            if self._token == rejected:
                self._renew_at = self._clock()
        return self.current()

    def _fetch(self, pending: Future[str]) -> str:
        try:
            token, life = _granted(self._sign_in())
        except BaseException as fault:  # whatever it is, the threads that wait must get it
            if isinstance(fault, GenesysError):
                fault.definite = True
            with self._lock:
                self._pending = None
            pending.set_exception(fault)
            raise
        with self._lock:
            self._token = token
            self._renew_at = self._clock() + life - min(_LONGEST_MARGIN, life / 10)
            self._pending = None
        pending.set_result(token)
        return token


def _granted(answer: Answer) -> tuple[str, float]:
    """Read the token and its life in seconds, which is never shorter or longer than Genesys allows.

    Without that limit, one odd answer would cost a sign-in for each call.
    """
    if answer.status != 200:
        raise _refused_sign_in(answer)
    body = answer.body if isinstance(answer.body, dict) else {}
    token, life = body.get("access_token"), body.get("expires_in", _SHORTEST_LIFE)
    if not isinstance(token, str) or not isinstance(life, int | float):
        raise UnexpectedAnswer(status=answer.status, correlation_id=answer.correlation_id)
    return token, min(_LONGEST_LIFE, max(_SHORTEST_LIFE, life))  # max first: it may be NaN


def _refused_sign_in(answer: Answer) -> GenesysError:
    """Turn the refusal into our error; for OAuth, 400 and 403 are about the credentials too."""
    fault = refused(answer)
    if not isinstance(fault, BadRequest | MissingPermission):
        return fault
    return BadCredentials(
        status=fault.status,
        code=fault.code,
        vendor_message=fault.vendor_message,
        correlation_id=fault.correlation_id,
    )
