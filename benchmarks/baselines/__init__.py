"""What the bot is compared to: the least that its framework, another one, and none can do."""
