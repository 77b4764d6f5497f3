"""What people see of a request in Slack: its card and its thread."""
