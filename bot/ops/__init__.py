"""What an operator sees over HTTP: health, readiness and metrics."""
