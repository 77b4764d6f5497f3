"""A client for web messaging on Genesys Cloud. It knows nothing about Slack and can be used alone.

In the order of use: `GenesysCloud` is a session, made from a `Connection`. `find_customer` finds
the contact behind an email address or phone number, and their web messaging history. `send_once`
sends a message. If its answer was lost, `find_sent` finds out whether the message was sent.
`read_news` follows many messages at a time, `read_message` reads one message's exact status,
`read_holder` tells who has a conversation, and `Notifications` tells which conversation to look
at next. `read_responses` reads an organisation's texts. `read_grants` and `read_messenger` check a
setup. `HttpClient` and `proxy_for` serve any other host as well.

All calls block, and a session is thread-safe. Whatever goes wrong is raised as a `GenesysError`.
Only the names below are public.
"""

from genesys.access import (
    ANY_DIVISION,
    PERMISSIONS,
    Grants,
    Permission,
    check_access,
    read_grants,
    try_permission,
)
from genesys.cached import Cached
from genesys.candidates import Candidate, ContactType, Several
from genesys.client import Connection, GenesysCloud
from genesys.clock import read_clock, read_date
from genesys.customers import (
    Customer,
    Found,
    MatchedBy,
    NoContact,
    find_customer,
)
from genesys.deployments import (
    CachedDeployment,
    Deployment,
    DeploymentStatus,
    read_deployment,
)
from genesys.errors import (
    BadCredentials,
    BadRequest,
    CalledOff,
    Conflict,
    CutOff,
    FateUnknown,
    GenesysError,
    MissingPermission,
    NotFound,
    OutdatedSdk,
    RateLimited,
    RateLimitExhausted,
    TimedOut,
    TooLarge,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
    UnsupportedMedia,
)
from genesys.history import Conversation
from genesys.holder import Holder, HolderKind, conversation_link, read_holder
from genesys.http_client import HttpAnswer, HttpClient, is_loopback, proxy_for
from genesys.identity import Identity, IdentityKind
from genesys.known import KnownCustomers
from genesys.messaging import CHANNEL_TEXT_LIMIT, OutboundMessage, Receipt, send_once
from genesys.messenger import Messenger, read_messenger, resolves_identities
from genesys.news import Followed, read_news
from genesys.notifications import Notifications
from genesys.outcome import DeliveryStatus, News, Reply, read_message
from genesys.rate_limit import Priority, RateState
from genesys.rate_limiter import (
    LocalRateLimiter,
    RateLimiter,
    RateStep,
    RateStore,
    StoredRateLimiter,
)
from genesys.readback import find_sent
from genesys.replies import Answered, read_reply
from genesys.responses import (
    LibraryResponse,
    Substitution,
    read_responses,
    sample_responses,
)
from genesys.sdk import region_names
from genesys.traces import CLOCK_SKEW

__all__ = [
    "ANY_DIVISION",
    "CHANNEL_TEXT_LIMIT",
    "CLOCK_SKEW",
    "PERMISSIONS",
    "Answered",
    "BadCredentials",
    "BadRequest",
    "Cached",
    "CachedDeployment",
    "CalledOff",
    "Candidate",
    "Conflict",
    "Connection",
    "ContactType",
    "Conversation",
    "Customer",
    "CutOff",
    "DeliveryStatus",
    "Deployment",
    "DeploymentStatus",
    "FateUnknown",
    "Followed",
    "Found",
    "GenesysCloud",
    "GenesysError",
    "Grants",
    "Holder",
    "HolderKind",
    "HttpAnswer",
    "HttpClient",
    "Identity",
    "IdentityKind",
    "KnownCustomers",
    "LibraryResponse",
    "LocalRateLimiter",
    "MatchedBy",
    "Messenger",
    "MissingPermission",
    "News",
    "NoContact",
    "NotFound",
    "Notifications",
    "OutboundMessage",
    "OutdatedSdk",
    "Permission",
    "Priority",
    "RateLimitExhausted",
    "RateLimited",
    "RateLimiter",
    "RateState",
    "RateStep",
    "RateStore",
    "Receipt",
    "Reply",
    "Several",
    "StoredRateLimiter",
    "Substitution",
    "TimedOut",
    "TooLarge",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
    "UnsupportedMedia",
    "check_access",
    "conversation_link",
    "find_customer",
    "find_sent",
    "is_loopback",
    "proxy_for",
    "read_clock",
    "read_date",
    "read_deployment",
    "read_grants",
    "read_holder",
    "read_message",
    "read_messenger",
    "read_news",
    "read_reply",
    "read_responses",
    "region_names",
    "resolves_identities",
    "sample_responses",
    "send_once",
    "try_permission",
]
