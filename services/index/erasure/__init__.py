"""Erasure of women and studies, its certificates, and retention."""
