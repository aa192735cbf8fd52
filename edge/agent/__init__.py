"""`fada-edge`: analyse without a network, keep an outbox, sync when there is one."""
