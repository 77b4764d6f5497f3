"""What people see in Slack of a request: its card, its thread, and how they are kept up to date."""
