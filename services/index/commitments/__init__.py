"""Storage commitment: what a PACS was asked to vouch for, and what machines ask of the hub."""
