"""All faults and attacks that the system must survive, against the real parts: ``make drill``."""
