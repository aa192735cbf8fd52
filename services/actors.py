"""Those who act at a site, as people call them: readers, keys and phones."""

from __future__ import annotations

from collections.abc import Mapping

from services.domain.examination.source import Entry, Source, SourceKind
from services.index.port import Transaction


def names_of(tx: Transaction, site: str) -> dict[str, str]:
    """By subject, the name of key, person or phone."""
    return {
        **{f"key:{key.id}": key.name for key in tx.keys.find(site)},
        **{f"person:{account.id}": account.name for account in tx.accounts.find(site)},
        **{f"device:{device.id}": device.name for device in tx.devices.find(site)},
    }


def source_of(entry: Entry, names: Mapping[str, str]) -> Source:
    """Who entered something. ``names``: by subject (``names_of``)."""
    kind, _, identity = entry.author.partition(":")
    return Source(
        SourceKind.PHONE if kind == "device" else SourceKind.PERSON,
        names.get(entry.author) or identity or entry.author,
        entry.at,
    )
