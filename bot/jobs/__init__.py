"""Durable jobs on DBOS: the queue, the workers' heartbeats, and the repair of lost jobs."""
