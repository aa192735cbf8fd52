"""Orders: what was asked for, the procedure steps of machines, and how a study meets its order."""
