"""Slack's side of the bot: the two transports, who may do what, and the listeners.

What people use has a package each: the form, the buttons of cards, lists of messages, commands.
"""
