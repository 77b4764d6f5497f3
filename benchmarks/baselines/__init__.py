"""The programs that the bot is compared with."""
