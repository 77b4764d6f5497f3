"""A local Slack and a local Genesys Cloud, for trying and testing the bot without any account."""
