"""Read what time it is elsewhere, from the `Date` header of an answer."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from genesys.access import TOKENS_ME
from genesys.client import GenesysCloud


def read_clock(cloud: GenesysCloud) -> datetime | None:
    """Return Genesys Cloud's time in whole seconds; None if its answer doesn't tell.

    Needs no permission. Raises GenesysError.
    """
    return read_date(cloud.exchange("GET", TOKENS_ME).headers)


def read_date(headers: Mapping[str, str]) -> datetime | None:
    """Return when an answer was made, by its server's clock and in whole seconds, if it says so."""
    written = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        return parsedate_to_datetime(written).replace(tzinfo=UTC)  # HTTP has only GMT
    except ValueError:
        return None
