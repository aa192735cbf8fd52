"""Programs that make a release."""
