"""An examination's summary as lines of text."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from cli.counts import counted
from services.domain.biometry import weeks_and_days
from services.publish.pdf_strings import Words

_WORDS = Words("en")
_FACTS = {
    "last_period": _WORDS("period"), "heart_rate": "Heart rate", "fluid_impression": _WORDS("fluid")
}  # fmt: skip
_REASONS = {
    "lmp_only": "by last period; no scan dates it",
    "lmp_agrees": "by last period; the earliest scan agrees",
    "scan_only": "by scan; no last period is known",
    "lmp_differs": "by the earliest scan, which differs from the last period",
}


def headline(row: dict[str, Any]) -> str:
    """What a row says first; empty: nothing."""
    said = row.get("headline") or {}
    code = said.get("code", "")
    if code in ("below_3rd", "below_10th"):
        fetus = f", fetus {said['fetus']}" if said.get("fetus") else ""
        return f"{said['measure']} below {code.removeprefix('below_')} centile{fetus}"
    return {"identity_clash": "whose study? decide", "readers_differ": "hub and phone differ"}.get(
        code, ""
    )


def name(text: str) -> str:
    """DICOM PN text for people."""
    groups = [group.replace("^", " ").strip() for group in text.split("=")]
    return escape(" / ".join(group for group in groups if group))


def mm(values: dict[str, float]) -> str:
    """``HC 290.0  AC 260.0``, in mm."""
    return "  ".join(f"{measure} {value:.1f}" for measure, value in values.items())


def summary(body: dict[str, Any]) -> list[str]:
    """The lines of one examination."""
    return [
        *_who(body), *_dating(body), *_biometry(body), *_facts(body["facts"]), *_earlier(body["earlier"]),
    ]  # fmt: skip


def _who(body: dict[str, Any]) -> list[str]:
    patient, clash = body["patient"], body["clash"]
    lines = []
    if patient is not None:
        born = f", born {patient['birth_date']}" if patient["birth_date"] else ""
        lines.append(f"[bold]{escape(patient['number'])}[/]  {name(patient['name'])}{born}")
    for one in clash["fields"] if clash is not None else ():
        recorded = one["recorded"] or "nothing"
        lines.append(
            f"[red]{one['field']}: recorded {escape(recorded)}, received {escape(one['received'])}[/]"
        )
    if clash is not None:
        lines.append("[red]Nothing of it is sent out until a person has decided whose it is.[/]")
    return lines


def _dating(body: dict[str, Any]) -> list[str]:
    summary, dating = body["summary"], body["summary"]["dating"]
    if dating is None:
        return ["age: nothing dates this pregnancy"]
    age = weeks_and_days(summary["ga_days"]) if summary["ga_days"] is not None else "unknown"
    why = _REASONS.get(dating["reason"], dating["reason"])
    return [f"age {age} {why}; due {dating['due']}"]


def _biometry(body: dict[str, Any]) -> list[str]:
    """Of several fetuses one after the other."""
    lines = []
    for one in body.get("fetuses") or [{"fetus": "", "summary": body["summary"]}]:
        lines += [f"fetus {one['fetus']}:"] if one["fetus"] else []
        lines += [*_measures(one["summary"]), *_weight(one["summary"]), *_growth(one["summary"])]
    unassigned = body["summary"].get("unassigned") or []
    if unassigned:
        values = ", ".join(f"{one['measure']} {one['mm']:.1f} mm" for one in unassigned)
        lines.append(f"of a fetus that nobody has named, and in no mean: {values}")
    return lines


def _measures(summary: dict[str, Any]) -> list[str]:
    lines = []
    for one in summary["measures"]:
        dated, centile = one["dating"], one["centile"]
        age = f"  {dated['text']} ({dated['equation']})" if dated else ""
        stands = f"  {_place(centile)}" if centile else ""
        lines.append(f"  {one['measure']:<4} {one['mm']:6.1f} mm{age}{stands}")
    if summary["not_assessed"]:
        lines.append(f"  not assessed: {', '.join(summary['not_assessed'])}")
    return lines


def _weight(summary: dict[str, Any]) -> list[str]:
    weight = summary["weight"]
    if weight is None:
        return []
    centile = weight["centile"]
    stands = f"  {_place(centile)}" if centile else ""
    low, high = weight["low_grams"], weight["high_grams"]
    return [
        f"  weight {weight['grams']:.0f} g ({low:.0f} to {high:.0f}; {weight['equation']}){stands}"
    ]


def _growth(summary: dict[str, Any]) -> list[str]:
    lines = []
    for one in summary["growth"]:
        unit, digits = ("g", 0) if one["measure"] == "EFW" else ("mm", 1)
        grown = f"{one['before']:.{digits}f} → {one['now']:.{digits}f} {unit}"
        lines.append(f"  {one['measure']}: {grown} in {counted(one['days'], 'day')}")
    return lines


def _place(centile: dict[str, Any]) -> str:
    """``3rd centile (chart)``; below the first and above the 99th no number is said."""
    value, chart = centile["centile"], centile["chart"]
    if value < 1 or value > 99:
        return f"{'below the 1st' if value < 1 else 'above the 99th'} centile ({chart})"
    whole = round(value)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(whole % 10, "th")
    return f"{whole}{'th' if whole in (11, 12, 13) else ending} centile ({chart})"


def _facts(facts: dict[str, Any]) -> list[str]:
    if not facts["version"]:
        return []
    lines = [
        f"entered by {facts.get('author_name') or facts['author']}, version {facts['version']}:"
    ]
    said = ((_name_of(key), _said(key, value)) for key, value in facts["values"].items())
    return lines + [escape(f"  {name}: {words}") for name, words in said if words]


def _name_of(key: str) -> str:
    """What the printed report calls a fact."""
    return _FACTS.get(key) or (_WORDS(key) if _WORDS.knows(key) else key.replace("_", " "))


def _said(key: str, value: Any) -> str:
    """An answer in the words of the printed report; empty for what says which image counts or shows whom."""
    if key in ("chosen", "fetus_images"):
        return ""
    if key == "parity":
        return f"{value.get('gravida', '–')} / {value.get('para', '–')}"
    if key == "placenta":
        low = value.get("low")
        lies = [] if low is None else [_WORDS("low" if low else "not_low")]
        return ", ".join([_WORDS(value["site"]), *lies] if value.get("site") else lies)
    if key == "fluid":
        return f"{_WORDS(value['kind'])} {value['mm']:g} mm"
    if key == "anatomy":
        return "; ".join(f"{_WORDS(part)} {_WORDS(state).lower()}" for part, state in value.items())
    if key == "heart_rate":
        return f"{value}/min"
    coded = key in ("presentation", "heart_activity", "fluid_impression")
    return _WORDS(value) if coded else str(value)


def _earlier(earlier: list[dict[str, Any]]) -> list[str]:
    lines = ["earlier examinations:"] if earlier else []
    for one in earlier:
        age = weeks_and_days(one["ga_days"]) if one["ga_days"] is not None else ""
        lines.append(f"  {one['day']}  {age}  {mm(one['mm'])}  {one['study']['id']}")
    return lines
