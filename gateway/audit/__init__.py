"""The audit trail: who read what, and the seals over it."""
