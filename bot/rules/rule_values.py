"""The kinds of values in the rules file; a wrong one is a sentence that says what to write."""

from __future__ import annotations

import re
from datetime import date, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import idna
from pydantic import BeforeValidator, Field

MOST_ITEMS = 1_000  # of a list


class Effect(StrEnum):
    """What a rule about the text does when it finds something."""

    OFF = "off"
    WARN = "warn"
    APPROVE = "approve"
    BLOCK = "block"


def whole(least: int, most: int) -> BeforeValidator:
    """Take a whole number; if the least is 0, that switches the rule off."""
    off = "; 0 switches the rule off" if least == 0 else ""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most:,}{off}.")
        return value

    return BeforeValidator(read, json_schema_input_type=Annotated[int, Field(ge=least, le=most)])


def one_of(*choices: StrEnum) -> BeforeValidator:
    """Take the name of one of these members of one set."""
    names = tuple(one.value for one in choices)

    def read(value: object) -> StrEnum:
        if not isinstance(value, str) or value not in names:
            raise ValueError("must be one of: " + ", ".join(f'"{name}"' for name in names) + ".")
        return type(choices[0])(value)

    return BeforeValidator(read, json_schema_input_type=Literal[tuple(names)])


def _matching(pattern: str, what: str) -> BeforeValidator:
    def read(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"must be {what}.")
        return value

    schema = Annotated[str, Field(pattern=f"^(?:{pattern})$")]
    return BeforeValidator(read, json_schema_input_type=schema)


def _read_switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false, without quotation marks.")
    return value


def _read_list(value: object) -> list[object] | tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("must be a list in square brackets, with a comma between its items.")
    if len(value) > MOST_ITEMS:
        raise ValueError(f"has {len(value):,} items: leave at most {MOST_ITEMS:,} in it.")
    return value


def _read_zone(value: object) -> str:
    try:
        if isinstance(value, str) and value and value.isascii():
            return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    near = get_close_matches(str(value), available_timezones(), 1)
    such = f"did you mean {near[0]}?" if near else "write one such as Europe/Berlin."
    raise ValueError(f"isn't a time zone that this machine knows: {such}")


def _read_date(value: object) -> date:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("must be a date such as 2026-12-25.")
    return value


def _read_domain(value: object) -> str:
    """Turn a domain into the form that is compared: small letters, others as xn--."""
    try:
        if isinstance(value, str) and "." in value.strip("."):
            domain = idna.encode(value.strip().rstrip("."), uts46=True).decode()
            return domain.lower()
    except idna.IDNAError:
        pass
    raise ValueError(
        "must be a domain and nothing else, such as example.com; its subdomains are included."
    )


Switch = Annotated[bool, BeforeValidator(_read_switch)]
UserId = Annotated[str, _matching("[UW][A-Z0-9]+", "a Slack user id, such as U0123456789")]
GroupId = Annotated[
    str, _matching("S[A-Z0-9]+", "the id of a Slack user group, such as S0123456789")
]
ChannelId = Annotated[
    str, _matching("[CG][A-Z0-9]+", "the id of a Slack channel, such as C0123456789")
]
OptionalChannelId = Annotated[
    str, _matching("|[CG][A-Z0-9]+", 'the id of a Slack channel, such as C0123456789, or ""')
]
TimeOfDay = Annotated[
    str,
    _matching(
        "(?:[01][0-9]|2[0-3]):[0-5][0-9]", 'a time in quotation marks, from "00:00" to "23:59"'
    ),
]
TimeZone = Annotated[str, BeforeValidator(_read_zone)]
Date = Annotated[date, BeforeValidator(_read_date)]
Domain = Annotated[str, BeforeValidator(_read_domain)]
ITEMS = BeforeValidator(_read_list)  # of a tuple
