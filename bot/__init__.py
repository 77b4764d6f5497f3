"""The bot: everything except the Genesys Cloud adapter and the sandbox.

The README shows how a notification travels through it.
"""
