"""What gateway and workers share: one folder a noun, each a port and its adapters."""
