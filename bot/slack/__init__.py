"""Slack's side of the bot: listeners, the form, buttons, and the two transports."""
