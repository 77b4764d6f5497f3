"""Serves HTTP within limits, and shows operators the health, the metrics and what was refused."""
