"""What follows the command is split into customer and message, and nothing typed is lost."""

import re
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.rules.address_search import address_length
from bot.slack.commands.command import show_help
from bot.slack.commands.command_text import is_slip, is_subcommand, split_command
from bot.text import sendable

JANE = "jane@example.com"
JANE_LINKED = f"<mailto:{JANE}|{JANE}>"
PHONE = "+44 20 7946 0018"
PHONE_LINKED = f"<tel:+442079460018|{PHONE}>"


@pytest.mark.parametrize(
    ("text", "customer", "message"),
    [
        ("", "", ""),
        ("  \n ", "", ""),
        # an email first
        (JANE, JANE, ""),
        (f"{JANE} Your order is ready", JANE, "Your order is ready"),
        (f"  {JANE}   Your order  is ready ", JANE, "Your order  is ready"),
        (f"{JANE}\nYour order is ready", JANE, "Your order is ready"),
        (f"{JANE}\r\nDear Jane\n\nAll is ready", JANE, "Dear Jane\n\nAll is ready"),
        (f"{JANE}\u00a0Your order", JANE, "Your order"),
        (f"{JANE}, your order", f"{JANE},", "your order"),
        (f"“{JANE}” Your order", f"“{JANE}”", "Your order"),
        (f"{JANE_LINKED} Your order", JANE, "Your order"),
        (f"{JANE_LINKED}\nYour order", JANE, "Your order"),
        (f"{JANE_LINKED}: your order", f"{JANE}:", "your order"),
        (
            "jane@<http://example.com|example.com> Hi",
            JANE,
            "Hi",
        ),
        (f"\u200b{JANE} Hi", f"\u200b{JANE}", "Hi"),
        ("jane@example Hi", "jane@example", "Hi"),
        # a phone number first
        (PHONE, PHONE, ""),
        (f"{PHONE} Your order is ready", PHONE, "Your order is ready"),
        (f"{PHONE}\nYour order is ready", PHONE, "Your order is ready"),
        (f"{PHONE} 2 parcels wait", PHONE, "2 parcels wait"),
        (f"{PHONE} 12:30 suits us", PHONE, "12:30 suits us"),
        (f"{PHONE} (2 parcels) wait", PHONE, "(2 parcels) wait"),
        ("+44\u00a020\u00a07946\u00a00018\u00a0hi", PHONE, "hi"),
        ("+442079460018. Hi", "+442079460018.", "Hi"),
        (f"{PHONE_LINKED} 2 parcels", "+442079460018", "2 parcels"),
        ("+44 20 7946 0019999 hello", "+44 20 7946 0019999", "hello"),
        # pasted
        ("+44‑20‑7946‑0018 Your order is ready", "+44‑20‑7946‑0018", "Your order is ready"),
        ("+44‑20‑7946‑00 Your order is ready", "+44‑20‑7946‑00", "Your order is ready"),
        ("tel:+44-20-7946-0018 Your order", "tel:+44-20-7946-0018", "Your order"),
        ("0044 20 7946 0018 Your order", "0044 20 7946 0018", "Your order"),
        (f"Jane Doe <{JANE}> Your order", f"Jane Doe <{JANE}>", "Your order"),
        (f"Jane Doe &lt;{JANE_LINKED}&gt; Your order", f"Jane Doe <{JANE}>", "Your order"),
        (f"Jane Doe <mailto:{JANE}> Your order", f"Jane Doe <mailto:{JANE}>", "Your order"),
        (f"mailto:{JANE} Your order", f"mailto:{JANE}", "Your order"),
        (f"mailto:{JANE_LINKED} Your order", f"mailto:{JANE}", "Your order"),
        (f"<mailto:{JANE}> Your order", f"<mailto:{JANE}>", "Your order"),
        (f"&lt;{JANE}&gt;\nYour <b>order</b>", f"<{JANE}>", "Your <b>order</b>"),
        (f"{JANE}\n{PHONE}\n\nYour order", f"{JANE} {PHONE}", "Your order"),
        (f"{JANE} <bob@example.com> Your order", f"{JANE} <bob@example.com>", "Your order"),
        (f"{JANE} &amp; {JANE_LINKED} Your order", f"{JANE} & {JANE}", "Your order"),
        # a message only
        ("Your order is ready", "", "Your order is ready"),
        (f"Hello jane, ask {JANE_LINKED} now", "", f"Hello jane, ask {JANE} now"),
        ("12 parcels wait", "", "12 parcels wait"),
        ("Hello jane, ask bob@example.com", "", "Hello jane, ask bob@example.com"),
        ("Dear all\nsecond line", "", "Dear all\nsecond line"),
        ("<https://example.com/x|example.com> is new", "", "https://example.com/x is new"),
        # as Slack escapes and links
        (f"{JANE} Tom &amp; Jerry &lt;3 1 &gt; 0", JANE, "Tom & Jerry <3 1 > 0"),
        (f"{JANE} &amp;lt; stays", JANE, "&lt; stays"),
        (
            f"{JANE} See <https://example.com/a?b=1&amp;c=2|example.com/a>.",
            JANE,
            "See https://example.com/a?b=1&c=2.",
        ),
        (f"{JANE} See https://example.com/a?b=1 now", JANE, "See https://example.com/a?b=1 now"),
        (f"{JANE} Write to {JANE_LINKED}", JANE, f"Write to {JANE}"),
        (f"{JANE} <@U0ADA> <!channel> *x* :tada:", JANE, "<@U0ADA> <!channel> *x* :tada:"),
        (f"{JANE} payload= \x00 𝔘", JANE, "payload=  𝔘"),
        (f"{JANE} :wave: hi:", JANE, ":wave: hi:"),
    ],
)
def test_a_command_is_split_into_customer_and_message(
    text: str, customer: str, message: str
) -> None:
    assert split_command(text, None) == (customer, message)


@pytest.mark.parametrize(
    ("country", "customer", "message"),
    [("GB", "020 7946 0018", "2 parcels"), (None, "020 7946 0018 2", "parcels")],
)
def test_a_number_without_a_country_ends_where_the_default_country_s_numbers_end(
    country: str | None, customer: str, message: str
) -> None:
    """Without a default it's wrong anyway: the form says so, and the agent sees both fields."""
    assert split_command("020 7946 0018 2 parcels", country) == (customer, message)


@pytest.mark.parametrize(
    ("text", "customer", "message"),
    [
        pytest.param(":wave: Hello", "", ":wave: Hello", id="emoji first"),
        pytest.param("Dear customer:", "", "Dear customer:", id="colon last"),
        pytest.param(f"{PHONE} See below:", PHONE, "See below:", id="colon last, phone"),
    ],
)
def test_punctuation_at_the_ends_of_a_message_is_kept(
    text: str, customer: str, message: str
) -> None:
    assert split_command(text, None) == (customer, message)


@pytest.mark.parametrize("sign", [",", ";"])
def test_a_comma_or_semicolon_ends_a_phone_number(sign: str) -> None:
    customer, message = split_command(f"{PHONE}{sign} 2 parcels wait", None)
    assert (customer.rstrip(",;"), message) == (PHONE, "2 parcels wait")


@pytest.mark.parametrize("space", ["\t", "\u202f", "\u2003", "\u3000"])
def test_any_white_space_ends_an_email(space: str) -> None:
    assert split_command(f"{JANE}{space}Your order", None) == (JANE, "Your order")


def test_angle_brackets_that_a_person_typed_are_kept() -> None:
    text = f"{JANE} see &lt;https://example.com&gt;"
    assert split_command(text, None) == (JANE, "see <https://example.com>")


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _significant(text: str) -> list[str]:
    return [s for s in text if not s.isspace() and unicodedata.category(s) not in ("Cc", "Cs")]


@pytest.mark.parametrize("customer", [JANE, JANE_LINKED, PHONE, ""])
@given(typed=st.text(st.characters(), max_size=200))
@example(typed="line one\n\nline two &amp; <3 @here")
@example(typed="wait:")
def test_nothing_visible_in_a_typed_message_is_lost(customer: str, typed: str) -> None:
    assume(not re.search(r"<(mailto:|tel:|https?://)", typed))
    assume(not (customer == PHONE and re.match(r"[\s,;:]*[,;:]", typed)))  # may part the two
    split = split_command(f"{customer} {_escape(typed)}", None)
    plain = JANE if customer == JANE_LINKED else customer
    assert _significant("".join(split)) == _significant(plain + typed)
    is_parted = not re.match(r"[.,;:]", typed) and not address_length(typed.strip(), None)
    if customer in (JANE, JANE_LINKED) and is_parted:
        assert split[0] == plain


@pytest.mark.parametrize("customer", [f"Jane <{JANE}>", JANE_LINKED, "+44‑20‑7946‑0018"])
@given(typed=st.text(st.characters(), max_size=60))
def test_no_message_begins_with_an_address(customer: str, typed: str) -> None:
    _, message = split_command(f"{customer} {_escape(typed)}", None)
    assert address_length(message, None) in (0, address_length(sendable(typed).strip(), None))


@pytest.mark.parametrize(
    "typed",
    [
        *("list", "status", "stop", "STOP", "cancel", "--version", "v", "über-mich"),
        *(f"status {JANE}", f"cancel {JANE_LINKED}", f"history  {PHONE}", "help list"),
    ],
)
def test_one_word_with_or_without_an_address_is_no_message(typed: str) -> None:
    assert is_subcommand(typed, None)


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", JANE, PHONE, f"Jane <{JANE}>", "Tel.: +442079460018"),
        *(
            "Hello!",
            "Your order is ready",
            "stop by",
            "help me please",
            f"Ask {JANE} for it",
            "4711",
        ),
        *("您的订单已准备好", "คำสั่งซื้อของคุณพร้อมแล้ว"),
    ],
)
def test_anything_else_may_be_a_customer_or_a_message(typed: str) -> None:
    assert not is_subcommand(typed, None)


@pytest.mark.parametrize(
    ("rest", "is_one"),
    [
        ("", False),
        ("now", True),
        ("it now", True),
        ("of your order", False),
        (JANE, False),
        ("4711", False),
    ],
)
def test_a_word_or_two_after_a_command_are_a_slip_and_more_is_a_message(
    rest: str, is_one: bool
) -> None:
    assert is_slip(rest) is is_one


def test_help_shows_the_command_name_and_that_nothing_is_sent_yet() -> None:
    shown = show_help("/acme")
    assert "/acme jane@example.com" in shown.text
    assert "/proactive" not in shown.text
    assert "Nothing is sent before you press Send" in shown.text


def test_help_names_templates_when_they_are_on_and_every_way_to_choose_outcomes() -> None:
    assert "#delayed" in show_help("/acme", has_templates=True).text
    said = show_help("/acme").text
    assert "#delayed" not in said
    assert all(f"/acme outcomes {way} " in said for way in ("here", "here all", "off"))


def test_help_says_what_the_command_does_not_know_and_where_to_look_instead() -> None:
    shown = show_help("/acme", "status\u202e")
    assert shown.text.startswith('I don\'t know "status". ')
    assert "Each message has a card that shows where it stands." in shown.text
    assert show_help("/acme").text in shown.text
