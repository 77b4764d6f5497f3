"""Everything that can go wrong with Genesys Cloud, worded for the agent.

    GenesysError
    ├ Unreachable          no connection was made
    ├ TimedOut             no answer in time
    ├ CutOff               the connection broke before the answer
    ├ Unavailable          500 to 599
    ├ RateLimited          429
    ├ RateLimitExhausted   our own rate limit; no call was made
    ├ CalledOff            the caller stopped it; no call was made
    ├ FateUnknown          only a send: the message may have gone out
    ├ BadRequest           400 and every other 4xx
    ├ BadCredentials       the sign-in was refused, or 401 twice
    ├ MissingPermission    403
    ├ NotFound             404
    ├ Conflict             409
    ├ TooLarge             413
    ├ UnsupportedMedia     415
    ├ UnexpectedAnswer     an answer that breaks the API's contract
    └ OutdatedSdk          the installed SDK can't send web messages

Every error says what happened and what to do (`str()` joins the two), gives an administrator a
hint, and keeps what Genesys itself said: status, code, message, correlation id. The message may
contain personal data, so neither `str()` nor `repr()` shows it. Nothing here knows HTTP libraries:
refusals.py does.
"""

from typing import Self, TypedDict, Unpack

N_ = str  # marks a sentence that an application may translate


class Said(TypedDict, total=False):
    """What Genesys itself said, and our hint, as keyword arguments of every error."""

    status: int | None
    code: str | None
    vendor_message: str | None
    correlation_id: str | None
    hint: str


class GenesysError(Exception):
    """The base of all errors.

    `definite`: Genesys certainly didn't do what we asked. `transient`: trying again may help.
    """

    what = N_("Genesys Cloud didn't do this.")
    fix = N_("Try again. If it happens again, tell your admin.")
    hint = ""
    definite = True
    transient = False

    def __init__(self, what: str = "", fix: str = "", **said: Unpack[Said]) -> None:
        self.what = what or self.what
        self.fix = fix or self.fix
        self.hint = said.get("hint") or self.hint
        self.status = said.get("status")
        self.code = said.get("code")
        self.vendor_message = said.get("vendor_message")
        self.correlation_id = said.get("correlation_id")
        super().__init__(f"{self.what} {self.fix}")

    def __str__(self) -> str:
        return f"{self.what} {self.fix}"

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(status={self.status}, code={self.code!r},"
            f" correlation_id={self.correlation_id!r})"
        )


class Unreachable(GenesysError):
    """No connection was made: refused, unknown host, unreachable proxy, bad certificate."""

    what = N_("I can't reach Genesys Cloud.")
    fix = N_("Try again in a minute.")
    hint = "Check the network, and the region or API address."
    transient = True


class TimedOut(GenesysError):
    """We connected, but no answer came in time."""

    what = N_("Genesys Cloud didn't answer in time.")
    fix = N_("Try again in a minute.")
    definite = False


class CutOff(GenesysError):
    """The connection broke before the answer was complete."""

    what = N_("The connection to Genesys Cloud broke.")
    fix = N_("Try again in a minute.")
    definite = False
    transient = True


class Unavailable(GenesysError):
    """Genesys answered 5xx. Its own guidance is to retry only after 502, 503 and 504."""

    what = N_("Genesys Cloud is having problems.")
    fix = N_("Try again in a few minutes.")
    definite = False

    def __init__(self, what: str = "", fix: str = "", **said: Unpack[Said]) -> None:
        super().__init__(what, fix, **said)
        self.transient = self.status in (502, 503, 504)


class RateLimited(GenesysError):
    """429: rejected before any work was done, because of too many calls in this minute."""

    what = N_("Genesys Cloud is busy.")
    fix = N_("Try again in a minute.")
    hint = "Genesys can raise the organisation's rate limit."
    transient = True

    def __init__(
        self, what: str = "", fix: str = "", *, retry_after: float = 0.0, **said: Unpack[Said]
    ) -> None:
        super().__init__(what, fix, **said)
        self.retry_after = retry_after


class RateLimitExhausted(GenesysError):
    """Our own rate limit had no room within the caller's patience; no call was made."""

    what = N_("Genesys Cloud is busy.")
    fix = N_("Try again in a minute.")

    def __init__(
        self, what: str = "", fix: str = "", *, retry_after: float = 0.0, **said: Unpack[Said]
    ) -> None:
        super().__init__(what, fix, **said)
        self.retry_after = retry_after


class CalledOff(GenesysError):
    """The caller's `may_begin` said no before the call was made."""

    what = N_("The call was stopped before it began.")


class FateUnknown(GenesysError):
    """A message may or may not have been sent; `__cause__` says why we don't know."""

    what = N_("Genesys Cloud didn't confirm the message, so it may or may not have been sent.")
    fix = N_("Look in Genesys Cloud before sending it again.")
    definite = False


class BadRequest(GenesysError):
    """400, or any other 4xx without a class of its own."""

    what = N_("Genesys Cloud refused this.")
    fix = N_("Check the customer and the message, or tell your admin.")
    hint = "With the reference, Genesys support can find the cause."


class BadCredentials(GenesysError):
    """Genesys refused the sign-in, or a new token."""

    what = N_("I can't sign in to Genesys Cloud.")
    fix = N_("Tell your admin.")
    hint = (
        "Check the client id, the client secret and the region, and that the OAuth client is a"
        " client credentials one and active."
    )


class MissingPermission(GenesysError):
    """403; `permissions` are those that Genesys named, in its order."""

    what = N_("I'm not allowed to do this in Genesys Cloud.")
    fix = N_("Ask your admin to check my permissions there.")
    hint = (
        "Add the permission to a role under Admin > Roles/Permissions and give that role to the"
        " OAuth client, in the right division."
    )

    def __init__(
        self,
        what: str = "",
        fix: str = "",
        *,
        permissions: tuple[str, ...] = (),
        **said: Unpack[Said],
    ) -> None:
        super().__init__(what, fix, **said)
        if permissions:
            self.hint = f"The bot's role lacks {', '.join(permissions)}. {self.hint}"
        self.permissions = permissions


class NotFound(GenesysError):
    """404: it doesn't exist, or the bot's role doesn't cover its division."""

    what = N_("Genesys Cloud can't find this customer any more.")
    fix = N_("Look them up again, or use another channel.")
    hint = "Check that it still exists and that the bot's role covers its division."


class Conflict(GenesysError):
    """409: for a send, most likely because a conversation is open."""

    what = N_("They're probably in a live conversation.")
    fix = N_("Wait, or send into it.")


class TooLarge(GenesysError):
    """413: the request is over the size limit."""

    what = N_("The message is too large for Genesys Cloud.")
    fix = N_("Shorten it.")


class UnsupportedMedia(GenesysError):
    """415: the content type was refused, perhaps because a gateway changed it."""

    what = N_("Genesys Cloud couldn't read this.")
    fix = N_("Tell your admin.")
    hint = "If a gateway stands in between, let it pass Content-Type unchanged."


class UnexpectedAnswer(GenesysError):
    """An answer that breaks the API's contract, such as a gateway's error page."""

    what = N_("Genesys Cloud gave an answer that I don't understand.")
    fix = N_("Try again. If it happens again, tell your admin.")
    hint = "Check the region or API address, and any gateway or proxy in between."
    definite = False

    @classmethod
    def because(cls, detail: str) -> Self:
        """Make one whose hint says what's wrong with the answer; agents needn't know."""
        return cls(hint=f"{detail} {cls.hint}")


class OutdatedSdk(GenesysError):
    """The SDK is missing, or too old to send web messages."""

    what = "The installed PureCloudPlatformClientV2 can't send web messages."
    fix = "Install version 266 or later: pip install 'PureCloudPlatformClientV2>=266'."
