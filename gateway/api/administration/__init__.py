"""Running a site: people and keys, destinations and deliveries, audit, queue and releases."""
