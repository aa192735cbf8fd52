"""Viewers of others on the hub's objects, in Chromium: OHIF and dwv, from an origin of their own."""
