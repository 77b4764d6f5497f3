"""Who the customer is and whether a message may go out."""
