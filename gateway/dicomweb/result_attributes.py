"""The attributes of a QIDO-RS answer (PS3.18 tables 10.6.3-3 to 10.6.3-5), each with its VR."""

from __future__ import annotations

from typing import Any, Final

from gateway.dicomweb.matching import SearchQuery

# Empty where no value is known.
STUDY: Final = {
    "00080005": "CS", "00080020": "DA", "00080030": "TM", "00080050": "SH", "00080061": "CS",
    "00080090": "PN", "00081190": "UR", "00100010": "PN", "00100020": "LO", "00100030": "DA",
    "00100040": "CS", "0020000D": "UI", "00200010": "SH", "00201206": "IS", "00201208": "IS",
}  # fmt: skip
SERIES: Final = {
    "00080005": "CS", "00080060": "CS", "0008103E": "LO", "00081190": "UR", "0020000D": "UI",
    "0020000E": "UI", "00200011": "IS", "00201209": "IS", "00400244": "DA", "00400245": "TM",
    "00400275": "SQ",
}  # fmt: skip
INSTANCE: Final = {
    "00080005": "CS", "00080016": "UI", "00080018": "UI", "00080060": "CS", "00081190": "UR",
    "0020000D": "UI", "0020000E": "UI", "00200013": "IS",
}  # fmt: skip
# Absent where there is no value: availability, time zone, and what only images have.
IF_KNOWN: Final = frozenset(
    {"00080056", "00080201", "00280008", "00280010", "00280011", "00280100"}
)


def select(item: dict[str, Any], table: dict[str, str], query: SearchQuery) -> dict[str, Any]:
    """What is returned of one match: the table, what was asked for, what was matched."""
    whole = {tag: item.get(tag) or {"vr": vr} for tag, vr in table.items()} | item
    if query.include is None:
        return dict(sorted(whole.items()))
    keep = table.keys() | IF_KNOWN | query.include | frozenset(query.match)
    return {tag: whole[tag] for tag in sorted(whole) if tag in keep}
