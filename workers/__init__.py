"""Job in, report out: the workers, what they publish, and the sweeper that mends."""
