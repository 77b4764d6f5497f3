"""What happens to a request after Send: deliver, reconcile, follow its outcome."""
