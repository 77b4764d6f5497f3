"""Sections of the rules file about what is shown: the digest, and what customers write. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.rules.rule_values import Switch, TimeOfDay, one_of


class Section(BaseModel):
    """A section of the rules file."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Every(StrEnum):
    """How often the digest is posted."""

    OFF = "off"
    DAY = "day"
    WEEK = "week"


class Weekday(StrEnum):
    """A day of the week, in the order of ``datetime.weekday``."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class DigestRules(Section):
    """The digest: figures about all messages, posted in the outcomes channel for all channels."""

    every: Annotated[Every, one_of(*Every)] = Field(
        default=Every.OFF, description="How often: for each day, or for seven days at a time."
    )
    at: TimeOfDay = Field(
        default="08:00", description="When it's posted, in the organisation's time zone."
    )
    weekday: Annotated[Weekday, one_of(*Weekday)] = Field(
        default=Weekday.MONDAY, description="On which day, if it's posted once a week."
    )
    chart: Switch = Field(
        default=True, description="Whether it has a chart, if the workspace takes one."
    )


class PrivacyRules(Section):
    """What of a customer's own words is shown."""

    show_replies: Switch = Field(
        default=True, description="Whether the thread shows what a customer replied."
    )
