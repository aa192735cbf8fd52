"""A hub under a steady load while each of its parts is killed and stopped in turn."""
