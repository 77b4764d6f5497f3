"""Benchmarks: what the bot costs, measured side by side with what it could be compared to."""
