"""A stand-in for Slack, as strict as what Slack publishes, for trying and testing the bot."""

from .app import LocalSlack
from .assumptions import ASSUMPTIONS, Assumption
from .config import SlackConfig

__all__ = ["ASSUMPTIONS", "Assumption", "LocalSlack", "SlackConfig"]
