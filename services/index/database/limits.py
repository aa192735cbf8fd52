"""How long the index waits, in seconds."""

BUSY_SECONDS = 30.0  # a writer for another
PING_SECONDS = 3.0  # a pooled connection for the answer that it lives
