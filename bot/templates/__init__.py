"""Texts that agents choose from: found by name, filled in, and read from one of two sources."""
