"""Work items (UPS), their subscribers, and what these are told."""
