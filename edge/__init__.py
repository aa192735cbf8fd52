"""The field: a phone (``phone/``, a web app) and an agent for a laptop or small box (``agent/``)."""
