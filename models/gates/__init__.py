"""The gates of a release: sound, quantised without loss, the same on phone and hub, and its bars."""
