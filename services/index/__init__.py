"""The index: what is known, in one database. See ``port`` for what it promises."""

from services.index.sql_index import connect, open_index

__all__ = ["connect", "open_index"]
