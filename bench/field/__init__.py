"""Phones on bad links: the drill of a case's way, and a fleet over days."""
