"""Everything that speaks Slack, decides, or remembers; the README draws a notification's way."""
