"""What an operator sees: health, readiness and metrics over HTTP."""
