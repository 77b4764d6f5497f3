"""The rules file: what a lead may set, its defaults, and how a file is read.

A file with mistakes is refused with all of them at once, each with its line and what to write
instead. No value of the file is repeated in that: somebody may have pasted a token.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from bot.rules.rule_sections import DigestRules, PrivacyRules, Section
from bot.rules.rule_values import (
    ITEMS,
    ChannelId,
    Date,
    Domain,
    Effect,
    GroupId,
    OptionalChannelId,
    Switch,
    TimeOfDay,
    TimeZone,
    UserId,
    one_of,
    whole,
)
from bot.rules.rules_problems import explain, explain_syntax
from bot.rules.rules_toml import find_lines, line_of
from bot.rules.template_rules import TemplateRules

Users = Annotated[tuple[UserId, ...], ITEMS]
Groups = Annotated[tuple[GroupId, ...], ITEMS]


class AccessRules(Section):
    """Who may use the bot, and where. With three empty lists: every full member, everywhere."""

    users: Users = Field(default=(), description="Ids of people who may use the bot.")
    groups: Groups = Field(
        default=(), description="Ids of user groups whose members may use the bot."
    )
    channels: Annotated[tuple[ChannelId, ...], ITEMS] = Field(
        default=(),
        description="Ids of the channels where the bot may be used. Empty: in every channel.",
    )
    guests: Switch = Field(default=False, description="Whether guests may use the bot.")
    shared_channels: Switch = Field(
        default=False,
        description="Whether it may be used in channels shared with other organisations.",
    )


class LeadRules(Section):
    """Who is a lead: leads pause, override and opt customers in again."""

    users: Users = Field(default=(), description="Ids of people who are leads.")
    groups: Groups = Field(default=(), description="Ids of user groups whose members are leads.")


class LimitRules(Section):
    """How often customers may be messaged, and how much one agent may do."""

    same_text_hours: Annotated[int, whole(0, 720)] = Field(
        default=24,
        description="For how many hours a customer can't get the same text again. 0: off.",
    )
    recent_minutes: Annotated[int, whole(0, 10_080)] = Field(
        default=30,
        description="For how many minutes agents are told who messaged a customer. 0: off.",
    )
    per_customer: Annotated[int, whole(0, 1_000)] = Field(
        default=5,
        description="How many messages one customer may get in per_customer_hours. 0: off.",
    )
    per_customer_hours: Annotated[int, whole(1, 720)] = Field(
        default=24, description="The hours in which messages to one customer are counted."
    )
    per_agent: Annotated[int, whole(0, 100_000)] = Field(
        default=60, description="How many messages one agent may send in per_agent_minutes. 0: off."
    )
    per_agent_minutes: Annotated[int, whole(1, 1_440)] = Field(
        default=60, description="The minutes in which one agent's messages are counted."
    )
    lookups: Annotated[int, whole(0, 100_000)] = Field(
        default=60, description="How many look-ups one agent may make in lookup_minutes. 0: off."
    )
    lookup_minutes: Annotated[int, whole(1, 1_440)] = Field(
        default=10, description="The minutes in which one agent's look-ups are counted."
    )


class QuietHours(Section):
    """When customers aren't messaged, in their own time zone."""

    enabled: Switch = Field(default=False, description="Whether there are quiet hours at all.")
    start: TimeOfDay = Field(
        default="20:00", description="When they start, in the customer's time."
    )
    end: TimeOfDay = Field(
        default="08:00", description="When they end; before the start: next morning."
    )
    weekends: Switch = Field(
        default=False, description="Whether all of Saturday and Sunday is quiet."
    )
    holidays: Annotated[tuple[Date, ...], ITEMS] = Field(
        default=(), description="Dates that are quiet the whole day, such as 2026-12-25."
    )

    @field_validator("end")
    @classmethod
    def _differs_from_start(cls, end: str, info: ValidationInfo) -> str:
        if end == info.data.get("start"):
            raise ValueError("is the same as quiet_hours.start: choose another time for one.")
        return end


class ContentRules(Section):
    """What a message may contain."""

    secrets: Annotated[Effect, one_of(Effect.BLOCK, Effect.WARN, Effect.OFF)] = Field(
        default=Effect.BLOCK, description="Tokens and keys in the text."
    )
    cards: Annotated[Effect, one_of(Effect.BLOCK, Effect.WARN, Effect.OFF)] = Field(
        default=Effect.WARN, description="Numbers in the text that look like payment card numbers."
    )
    links: Annotated[Effect, one_of(Effect.OFF, Effect.WARN, Effect.APPROVE, Effect.BLOCK)] = Field(
        default=Effect.OFF, description="Links to domains that aren't in the list of domains."
    )
    domains: Annotated[tuple[Domain, ...], ITEMS] = Field(
        default=(), description="Domains that links may lead to, with all their subdomains."
    )


class ApprovalRules(Section):
    """Which messages wait until a second person has approved them."""

    overrides: Switch = Field(
        default=False, description="Messages for which a lead overrides a rule."
    )
    first_message: Switch = Field(default=False, description="The first message to each customer.")
    everything: Switch = Field(default=False, description="Every message.")
    expires_minutes: Annotated[int, whole(1, 43_200)] = Field(
        default=1_440, description="For how many minutes a message waits for approval."
    )
    users: Users = Field(
        default=(), description="Ids of people who may approve. None at all: the leads."
    )
    groups: Groups = Field(default=(), description="Ids of user groups whose members may approve.")
    channel: OptionalChannelId = Field(
        default="", description="Id of a channel where approvers are told that a message waits."
    )


class RulesFile(Section):
    """The rules about who may message whom, how often and with what text."""

    timezone: TimeZone = Field(
        default="UTC", description="The organisation's time zone, such as Europe/Berlin."
    )
    access: AccessRules = Field(
        default=AccessRules(), description="Who may use the bot, and where."
    )
    leads: LeadRules = Field(default=LeadRules(), description="Who is a lead.")
    limits: LimitRules = Field(default=LimitRules(), description="How often, and how much.")
    quiet_hours: QuietHours = Field(
        default=QuietHours(), description="When customers aren't messaged."
    )
    content: ContentRules = Field(default=ContentRules(), description="What a message may contain.")
    approval: ApprovalRules = Field(
        default=ApprovalRules(), description="Which messages a second person has to approve."
    )
    templates: TemplateRules = Field(
        default=TemplateRules(), description="Texts that agents choose from."
    )
    privacy: PrivacyRules = Field(
        default=PrivacyRules(), description="What of a customer's own words is shown."
    )
    digest: DigestRules = Field(default=DigestRules(), description="Figures about all messages.")


class Rules(RulesFile):
    """The rules that a file contains, and which version of the file that was."""

    version: str = "defaults"


DEFAULTS = Rules()


@dataclass(frozen=True)
class Problem:
    """One mistake in a rules file; the sentence says what's wrong and what to do."""

    line: int  # counted from 1
    sentence: str


class BadRules(Exception):
    """A rules file has mistakes; ``problems`` has them all, from its top down."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(f"line {one.line}: {one.sentence}" for one in problems))
        self.problems = problems


def read_file(file: Path) -> Rules:
    """Return the rules in a file; raise BadRules, or OSError if it can't be read."""
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadRules((Problem(line, "This isn't UTF-8: save the file as UTF-8."),)) from None
    return read_rules(text)


def read_rules(text: str) -> Rules:
    """Return the rules in the text of a file; raise BadRules with all mistakes."""
    try:
        settings = tomllib.loads(text)
        lines = find_lines(text)
    except (ValueError, RecursionError) as error:
        raise BadRules((Problem(*explain_syntax(error, text)),)) from None
    try:
        sections = RulesFile.model_validate(settings)
    except ValidationError as error:
        problems = {
            Problem(
                line_of(lines, one["loc"]),
                explain(RulesFile, one["loc"], one["type"], one["msg"]),
            )
            for one in error.errors(include_input=False, include_url=False)
        }
        ordered = sorted(problems, key=lambda one: (one.line, one.sentence))
        raise BadRules(tuple(ordered)) from None
    version = sha256(text.encode()).hexdigest()[:12]
    return Rules(**dict(sections), version=version)
