"""A release's text model as one static program for Android phones (README.md)."""
