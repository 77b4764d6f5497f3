"""The slash command and the words that may follow it, and the message shortcut."""
