"""Uploads by people and phones: the web form, resumable uploads (tus), ZIP archives and images."""
