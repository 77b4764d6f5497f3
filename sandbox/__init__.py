"""A local Slack and a local Genesys Cloud, to try and test the bot without an account."""
