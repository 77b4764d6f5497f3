"""The buttons below cards and requests for approval, and the form that edits a message."""
