"""What searches cost as an archive grows."""
