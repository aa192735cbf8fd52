"""How the hub's records and stored objects are shown over HTTP: shared by the route packages."""
