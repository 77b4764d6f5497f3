"""The commands beside ``run``."""
