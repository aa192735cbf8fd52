"""What fada-read needs to know of a release: `python -m edge.android.phases OUT [RELEASE]`.

Writes OUT/phases.json (prompts, grammars, what judges the heads, the words of their findings, and the rules
of phase 3, as the hub has them) and puts text.gguf beside it, mmproj.gguf where the text model reads images,
the heads as heads.json and heads.bin, and the self-test with its sample: that folder goes to the phone. The
release is verified first.
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge.android import heads, selftest
from edge.android.grammar import gbnf
from services.domain import fetal_sex_filter, mapping
from services.domain.mapping import rules
from services.domain.report import UNREVIEWED
from services.reading.releases.manifest import Manifest
from services.reading.releases.registry import open_release, trust_of
from services.reading.releases.release import Release, hash_file
from services.reading.text import prompting
from services.reading.text.prompting import FIELDS, Prompts

FILE = "phases.json"
STORE = Path("models/releases")
SUMS = "SHA256SUMS"
INSTALLER = Path(__file__).parent / "termux" / "install.sh"


def phases(manifest: Manifest) -> dict[str, Any]:
    """Prompt and grammar of each phase; phases that the release has no prompt for are left out."""
    prompts = manifest.prompts

    def form(prompt: str, bound: prompting.Schema) -> dict[str, str]:
        return {"prompt": prompts.after(prompt), "grammar": gbnf(bound, prompts)}

    document: dict[str, Any] = {
        "label": UNREVIEWED,
        "release": f"{manifest.name} {manifest.version} {manifest.sha256}",
        "side": manifest.side,
        "text_side": manifest.text_side,
        "before": prompts.before,
        "follows_plane": manifest.has_heads,
        "interpret": {},
        "groups": _groups(prompts, form),
        "rules": _rules(manifest.has_heads),
        "withhold": withheld(),
    }
    if manifest.has_heads:
        document["heads"] = judgement(manifest)
    if prompts.classify:
        document["classify"] = form(
            prompts.classify, prompting.classification_schema(manifest.classes)
        )
    if prompts.interpret:
        planes = manifest.planes if manifest.has_heads else ()
        for plane in ("", *planes):
            closed = {k: dict(v) for k, v in manifest.sentences.get(plane, {}).items()}
            bound = prompting.interpretation_schema(closed)
            document["interpret"][plane] = form(prompts.interpretation(plane or None), bound)
    return document


def judgement(manifest: Manifest) -> dict[str, Any]:
    """What the hub's judge knows of a release with heads: labels, thresholds, and phase 3 by plane;
    where its text model reads their findings, the tables of the line and of its words, too."""
    labels = {
        name: getattr(manifest, name) for name in (
            "planes", "masks", "boxes", "keypoints", "subplanes", "structures_by_plane",
            "keypoints_by_plane",
        )
    }  # fmt: skip
    words = manifest.words if manifest.reads_findings else None
    return {
        **({} if words is None else {"words": asdict(words)}),
        "side": manifest.side,
        "labels": labels,
        "calibration": asdict(manifest.thresholds),
        "mapping": {plane: asdict(mapping.map_plane(plane)) for plane in manifest.planes},
        "withhold": withheld(),
    }


def withheld() -> dict[str, Any]:
    """What tells the fetal sex, or may, in a text about the fetus."""
    return {"words": fetal_sex_filter.FETAL_WORDS, "symbols": fetal_sex_filter.SYMBOLS}


def _groups(prompts: Prompts, form: Any) -> dict[str, dict[str, dict[str, str]]]:
    """Detect and segment of each group of structures; segment only where there are masks."""
    groups: dict[str, dict[str, dict[str, str]]] = {}
    for name, group in mapping.GROUPS.items():
        groups[name] = {}
        if prompts.detect:
            groups[name]["detect"] = form(
                prompts.detect, prompting.detection_schema(group.structures)
            )
        if prompts.segment and group.masks:
            groups[name]["segment"] = form(
                prompts.segment, prompting.segmentation_schema(group.masks)
            )
    return groups


def _rules(heads: bool) -> dict[str, Any]:
    """The tables of phase 3; lists keep the order in which they are looked through. Where ``heads``
    name the plane, its own table answers before FADA's labels."""
    return {
        "own": dict(rules.OWN_PLANES) if heads else {},
        "specific": {label: rules.LABEL_SEARCHES[label] for label in sorted(rules.SPECIFIC)},
        "labels": dict(rules.LABEL_SEARCHES),
        "label_words": rules.LABEL_WORDS,
        "plane_fields": rules.PLANE_FIELDS,
        "planes": rules.PLANES,
        "fields": FIELDS,
        "weights": list(rules.WEIGHTS.items()),
        "dampened_field": rules.DAMPENED_FIELD,
        "dampened": rules.DAMPENED,
        "unmeasured": rules.UNMEASURED,
        "groups": [[name, mapping.GROUPS[name].structures] for name in rules.GROUP_NAMES],
        "words": {name: list(words) for name, words in rules.WORDS.items()},
        "aliases": {name: list(words) for name, words in rules.ALIASES.items()},
        "alias_score": rules.ALIAS_SCORE,
        "organs": rules.ORGANS,
        "compatible": {name: list(others) for name, others in rules.COMPATIBLE.items()},
        "second_share": rules.SECOND_SHARE,
        "else": rules.ELSE,
    }


def put(release: Release, out: Path) -> None:
    """Everything of a verified release that the phone needs, in one folder; what one before it had there
    and this one has not is removed."""
    out.mkdir(parents=True, exist_ok=True)
    sources = _text_files(release)
    for name in {release.text.name, release.mmproj.name} - {source.name for source in sources}:
        (out / name).unlink(missing_ok=True)
    for source in sources:
        if not (out / source.name).exists() or not (out / source.name).samefile(source):
            shutil.copyfile(source, out / source.name)
    if release.graph is None:
        heads.remove(out)
    if release.graph is not None:
        heads.put(release.graph, out)
    (out / FILE).write_text(json.dumps(phases(release.manifest), indent=1))


def _text_files(release: Release) -> tuple[Path, ...]:
    if not release.manifest.has_text:
        return ()
    return (release.text,) if release.manifest.reads_findings else (release.text, release.mmproj)


def seal(out: Path) -> None:
    """SHA256SUMS of all that goes to the phone, so that what came by cable is known to be whole."""
    files = sorted(p for p in out.iterdir() if p.is_file() and p.name != SUMS)
    lines = [f"{hash_file(path)}  {path.name}\n" for path in files]
    (out / SUMS).write_text("".join(lines))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("release", type=Path, nargs="?", help="a folder; else the present release")
    args = parser.parse_args()
    store = args.release.parent if args.release else STORE
    release = open_release(store, trust_of(store), args.release.name if args.release else "")
    put(release, args.out)
    selftest.put(release, args.out)
    shutil.copyfile(INSTALLER, args.out / INSTALLER.name)
    seal(args.out)
    print(f"{args.out}: {', '.join(sorted(p.name for p in args.out.iterdir()))}")
    print("Next: bring that folder to a phone, as edge/android/README.md says.")


if __name__ == "__main__":
    main()
