"""Readers, targets and augmentation for folders in the manifest.csv form."""
