"""Sheets for those who check a language."""
