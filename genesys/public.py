"""What `genesys` makes public: all of it is loaded with the first name that somebody uses."""

from genesys.budget import Budget, LocalBudget, Priority
from genesys.client import Connection, GenesysCloud, check_access
from genesys.customers import (
    Candidate,
    ContactType,
    Customer,
    Found,
    MatchedBy,
    NoContact,
    Several,
    find_customer,
)
from genesys.deployments import (
    CheckedDeployment,
    Deployment,
    DeploymentStatus,
    read_deployment,
)
from genesys.errors import (
    BadCredentials,
    BadRequest,
    Conflict,
    CutOff,
    FateUnknown,
    GenesysError,
    MissingPermission,
    NotFound,
    OutdatedSdk,
    RateBudgetExhausted,
    RateLimited,
    TimedOut,
    TooLarge,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
    UnsupportedMedia,
)
from genesys.history import Conversation
from genesys.holder import Holder, HolderKind, conversation_link, read_holder
from genesys.identity import Identity, IdentityKind
from genesys.known import KnownCustomers
from genesys.messaging import CHANNEL_TEXT_LIMIT, OutboundMessage, Receipt, send_once
from genesys.news import Watched, read_news
from genesys.notifications import Notifications
from genesys.outcome import DeliveryStatus, News, Reply, read_message
from genesys.readback import find_sent
from genesys.sdk import check_sdk, region_names

__all__ = [
    "CHANNEL_TEXT_LIMIT",
    "BadCredentials",
    "BadRequest",
    "Budget",
    "Candidate",
    "CheckedDeployment",
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
    "Found",
    "GenesysCloud",
    "GenesysError",
    "Holder",
    "HolderKind",
    "Identity",
    "IdentityKind",
    "KnownCustomers",
    "LocalBudget",
    "MatchedBy",
    "MissingPermission",
    "News",
    "NoContact",
    "NotFound",
    "Notifications",
    "OutboundMessage",
    "OutdatedSdk",
    "Priority",
    "RateBudgetExhausted",
    "RateLimited",
    "Receipt",
    "Reply",
    "Several",
    "TimedOut",
    "TooLarge",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
    "UnsupportedMedia",
    "Watched",
    "check_access",
    "check_sdk",
    "conversation_link",
    "find_customer",
    "find_sent",
    "read_deployment",
    "read_holder",
    "read_message",
    "read_news",
    "region_names",
    "send_once",
]
