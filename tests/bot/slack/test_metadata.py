"""What comes back with a form counts only for the form and the person for whom it was signed."""

import json

import pytest

from bot.slack.metadata import ForeignForm, MetadataSigner

PLACE = json.dumps(["C0SUPPORT", "", "https://hooks.slack.com/commands/1"])
SIGNER = MetadataSigner("xoxb-1")


def check(metadata: str, user_id: str = "U0ADA", view_id: str = "V1") -> str:
    return MetadataSigner("xoxb-1").check(metadata, user_id, view_id)


def test_another_process_with_the_same_token_understands_it() -> None:
    assert check(SIGNER.sign(PLACE, "U0ADA", "V1")) == PLACE


def test_before_the_form_is_open_it_is_signed_for_the_person_alone() -> None:
    signed = SIGNER.sign(PLACE, "U0ADA")
    assert check(signed) == PLACE
    with pytest.raises(ForeignForm):
        check(signed, user_id="U0GUS")


@pytest.mark.parametrize(("user_id", "view_id"), [("U0GUS", "V1"), ("U0ADA", "V2"), ("", "")])
def test_for_another_person_or_form_it_does_not_count(user_id: str, view_id: str) -> None:
    with pytest.raises(ForeignForm):
        check(SIGNER.sign(PLACE, "U0ADA", "V1"), user_id, view_id)


def test_with_another_token_it_does_not_count() -> None:
    with pytest.raises(ForeignForm):
        check(MetadataSigner("xoxb-2").sign(PLACE, "U0ADA", "V1"))


def test_it_does_not_count_after_any_change() -> None:
    *place, signature = json.loads(SIGNER.sign(PLACE, "U0ADA", "V1"))
    for changed in (
        ["C0GENERAL", *place[1:], signature],
        [*place, "more", signature],
        [*place[:-1], signature],
        [*place, signature[:-1]],
        [*place, None],
    ):
        with pytest.raises(ForeignForm):
            check(json.dumps(changed))


def test_it_says_from_which_list_the_form_was_opened_and_that_is_signed_too() -> None:
    signed = SIGNER.sign(PLACE, "U0ADA", "V1", origin="planned:1:mine")
    assert SIGNER.read_origin(signed, "U0ADA", "V1") == "planned:1:mine"
    assert check(signed) == PLACE
    assert SIGNER.read_origin(SIGNER.sign(PLACE, "U0ADA", "V1"), "U0ADA", "V1") == ""
    *place, origin, signature = json.loads(signed)
    for changed in (
        [*place, signature],
        [*place, {**origin, "from": "planned:1:team"}, signature],
        [*place, {**origin, "more": ""}, signature],
        [*place, origin, origin, signature],
        [origin, *place, signature],
    ):
        with pytest.raises(ForeignForm):
            SIGNER.read_origin(json.dumps(changed), "U0ADA", "V1")
    with pytest.raises(ForeignForm):
        SIGNER.read_origin(signed, "U0GUS", "V1")


NESTED = "[" * 1_500 + "]" * 1_500
NONSENSE = [
    *("", "null", "{}", "[]", "1", "[1", '"é"', '["é"]', r'["\ud800"]', NESTED),
    *('[{}, ""]', '[{"from": 1}, ""]', f'[{{"from": {NESTED}}}, ""]'),
]


@pytest.mark.parametrize("metadata", NONSENSE)
def test_metadata_that_makes_no_sense_does_not_count(metadata: str) -> None:
    with pytest.raises(ForeignForm):
        check(metadata)
