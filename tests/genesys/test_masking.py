"""What comes from Genesys Cloud shows nothing private when it's printed or logged."""

import genesys
from tests.private_fields import find_shown

HARMLESS = {
    "Deployment.name",
    "Substitution.name",  # of a placeholder in a response
    "HttpAnswer.reason",  # the words that go with the status
}


def test_no_repr_shows_what_people_typed_or_are_called() -> None:
    assert find_shown(genesys) <= HARMLESS
