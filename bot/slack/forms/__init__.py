"""The form: what an agent types, who the customer is and whether a message may go out."""
