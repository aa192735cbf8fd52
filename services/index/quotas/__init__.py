"""What sites may store, and what they have used of it."""
