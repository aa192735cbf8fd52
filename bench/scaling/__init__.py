"""A hub of several gateways and workers: run small on one machine, and simulated large."""
