"""Everything that speaks Genesys Cloud: knows nothing of Slack, usable alone.

In the order of use: a `Connection` makes a `GenesysCloud` session, `find_customer` tells whom
an e-mail address or phone number belongs to and what web messaging they had, `send_once` sends,
and `find_sent` looks when nobody knows whether it did. Afterwards `read_news` follows many
messages at once, `read_message` one exactly, and `read_holder` tells who has a conversation;
`Notifications` says which conversation is worth a look now.
All of it blocks; a session is thread-safe. Whatever goes wrong is a `GenesysError`. Nothing
else of this package is public.

A name is loaded when it is first used, and all others with it. Only the regions come alone: the
settings ask for them before the bot listens, and need no HTTP client and nothing above it.
"""

from typing import TYPE_CHECKING, Any

from genesys.sdk import region_names as region_names

if TYPE_CHECKING:
    from genesys.public import *  # noqa: F403 -- which says in __all__ what is public
else:

    def __getattr__(name: str) -> Any:
        import genesys.public as public

        return getattr(public, name)
