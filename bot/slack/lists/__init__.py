"""The lists of messages: the Home tab, and what the commands for lists show."""
