"""Copies of images without the patient: header by PS3.15's Basic Profile, pixels without written words."""
