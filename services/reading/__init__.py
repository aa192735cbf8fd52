"""A release reads an image. The one code that hub, phone agent and evaluation run."""
