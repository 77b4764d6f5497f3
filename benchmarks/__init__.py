"""Benchmarks: what people notice of the bot, compared with targets and with other programs."""
