"""A local stand-in for Slack, as strict as Slack's documentation, to try and test the bot."""

from .app import LocalSlack
from .assumptions import ASSUMPTIONS, Assumption
from .config import SlackConfig

__all__ = ["ASSUMPTIONS", "Assumption", "LocalSlack", "SlackConfig"]
