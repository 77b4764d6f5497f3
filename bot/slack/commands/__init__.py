"""The slash command, the message shortcut, and the commands of leads."""
