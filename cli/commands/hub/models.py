"""``fada models``: releases of the model on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli import report_text
from services.domain.errors import ReleaseRefused
from services.reading.releases import registry
from services.reading.releases.release import MANIFEST, load, read_manifest
from services.settings import settings

app = typer.Typer(
    no_args_is_help=True,
    help="""Model releases: signed folders, verified before anything in them is read.

    A hub that runs changes to the activated release between two studies, without losing one.
    """,
)
StoreOption = Annotated[
    Path | None, typer.Option("--store", help="Folder of releases; default: FADA_RELEASES.")
]


def release_folder(given: Path | None) -> Path:
    """The folder of releases: the given one, else that of the hub of this machine, else FADA's own."""
    if given is not None:
        return given
    own = settings().home.expanduser() / "releases"
    return own if own.is_dir() else settings().releases


@app.command("list")
def list_releases(folder: StoreOption = None) -> None:
    """What is here, what is trusted, and which one is in use."""
    place = release_folder(folder)
    trust = registry.trust_of(place)
    used = registry.active_name(place, trust) if registry.names(place) else ""
    table = Table("", "release", "licence", "signed by", "state", box=None)
    for name in registry.names(place):
        try:
            manifest = read_manifest(place / name, trust)
            row = (manifest.licence, manifest.signed_by, "trusted")
        except ReleaseRefused as error:
            row = ("", "", f"[red]{error.detail}[/]")
        table.add_row("●" if name == used else "", name, *row)
    report_text.console().print(table)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A release.")],
) -> None:
    """Check signature, sizes, hashes and file forms of one release.

    Example:  fada models verify models/releases/fada-nano-0.7.0
    """
    release = load(folder, registry.trust_of(folder.parent))
    console = report_text.console()
    console.print(f"{release.manifest.id}  {release.manifest.sha256}")
    for name, entry in release.manifest.files.items():
        console.print(f"  {name}  {entry.size} bytes  {entry.sha256}")
    console.print("[green]sound[/]")


@app.command()
def activate(
    name: Annotated[str, typer.Argument(help="As 'fada models list' shows it.")] = "",
    back: Annotated[bool, typer.Option("--back", help="The one that was in use before.")] = False,
    rollback: Annotated[bool, typer.Option(help="Allow an older version.")] = False,
    folder: StoreOption = None,
) -> None:
    """Make a release the one in use. It is verified wholly first; if it fails the present one stays.

    Examples:

      fada models activate fada-nano-0.7.0

      fada models activate --back
    """
    place = release_folder(folder)
    trust = registry.trust_of(place)
    if back == bool(name):
        raise typer.BadParameter("give the name of a release, or --back")
    used = (
        registry.go_back(place, trust)
        if back
        else registry.activate(place, name, trust, rollback=rollback)
    )
    report_text.console().print(f"{used.id} is in use")


@app.command("import")
def import_release(
    source: Annotated[str, typer.Argument(help="A folder, or a Hugging Face hub id.")],
    name: Annotated[str, typer.Option(help="Name of the release, e.g. fada-0.8b.")],
    version: Annotated[str, typer.Option(help="Three numbers, e.g. 1.0.0.")] = "1.0.0",
    base: Annotated[
        str, typer.Option(help="Base model of a PEFT adapter; default: the one that it names.")
    ] = "",
    about: Annotated[
        Path | None,
        typer.Option(help="JSON with prompts, licence and side; fada: as FADA's are published."),
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--sign-with", help="Private key (PEM); made if not there.")
    ] = None,
    serve: Annotated[
        str, typer.Option(help="llama.cpp (merged and converted) or transformers (as published).")
    ] = "llama.cpp",
    mmproj: Annotated[
        str, typer.Option(help="Numbers of the vision tower: f16, or q8_0 (half as large).")
    ] = "f16",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what is there and what is missing; change nothing."),
    ] = False,
    folder: StoreOption = None,
) -> None:
    """Bring in FADA's own weights: a PEFT adapter on its base, or a pair of GGUF files.

    An adapter is merged and converted, a GGUF pair is taken as it is, but for its tower where --mmproj
    q8_0 asks for it; what that costs its weights stands in the manifest. With --serve transformers
    base and adapter stay as they are, for a model server that has transformers (on a GPU). The
    weights do not say how they were asked: their prompts stand in prompts.json beside them, or in
    the file of --about. FADA's own, known by their published names, are asked as published.

    Examples:

      fada models import weights/fada-0.8b --name fada-0.8b

      fada models import org/FADA-SKD --name fada-4b --base base/ --about fada

      fada models import org/FADA-SKD --name fada-4b --base base/ --serve transformers

      fada models import weights/adapter --name fada-4b --base weights/base --dry-run
    """
    if serve not in ("llama.cpp", "transformers"):
        raise typer.BadParameter("--serve is llama.cpp or transformers")
    if mmproj not in ("f16", "q8_0"):
        raise typer.BadParameter("--mmproj is f16 or q8_0")
    if dry_run:
        _dry_run(Path(source), Path(base) if base else None, about)
        return
    from models.packaging.importing import Import, fetch
    from models.packaging.importing import import_release as bring
    from models.programs.releasing.package import signing_key

    place = release_folder(folder)
    key = signing_key(key_file or settings().config.expanduser() / "release-signing.key")
    request = Import(
        fetch(source),
        name,
        version,
        base=fetch(base) if base else None,
        about=about,
        serve=serve,
        vision_kind=mmproj,
    )
    made = bring(request, place, key)
    console = report_text.console()
    console.print(f"{made.manifest.id} is in {made.folder}")
    console.print(f"use it: fada models activate {made.manifest.id}")


def _dry_run(source: Path, base: Path | None, about: Path | None) -> None:
    """Nothing is fetched: a folder is looked at as it lies there."""
    from models.packaging.layout import inspect

    for place in (source, base):
        if place is not None and not place.is_dir():
            raise typer.BadParameter(f"{place} is no folder; a dry run fetches nothing")
    layout = inspect(source, base, about)
    console = report_text.console()
    console.print(f"{source}: {layout.kind or 'no weights that are known here'}", markup=False)
    table = Table(box=None, show_header=False)
    for part in layout.parts:
        table.add_row("[green]there[/]" if part.there else "[red]missing[/]", part.name, part.note)
    console.print(table)
    if not layout.is_whole:
        raise typer.Exit(5)
    console.print("Nothing is missing: the same command without --dry-run imports it.")


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of images.")],
    release: Annotated[
        str,
        typer.Option(help="A name in the store, or a release's folder; default: the one in use."),
    ] = "",
    manifest: Annotated[
        Path | None, typer.Option(help="CSV; default: manifest.csv in the folder.")
    ] = None,
    split: Annotated[list[str] | None, typer.Option(help="Only these; may be repeated.")] = None,
    text: Annotated[
        int, typer.Option(help="So many images get the text phases too; 0: none.")
    ] = 60,
    threads: Annotated[int, typer.Option(min=1)] = 1,
    out: Annotated[Path | None, typer.Option("--json", help="Write all figures here.")] = None,
    folder: StoreOption = None,
) -> None:
    """Measure a release on labelled images, through the code that the hub runs.

    Example:  fada evaluate --data fetal-us --split test --json figures.json
    """
    from models.programs.evaluating.evaluate import EvaluationRequest
    from models.programs.evaluating.evaluate import evaluate as measure

    place = release_folder(folder)
    if "/" in release or Path(release, MANIFEST).is_file():
        opened = load(Path(release), registry.trust_of(place))
    else:
        opened = registry.open_release(place, registry.trust_of(place), release)
    add_text = None
    if text and opened.manifest.has_text_model:
        from models.evaluation.text_observer import text_adder

        add_text = text_adder(opened, threads)
    request = EvaluationRequest(data, manifest, tuple(split or ()), text=text, threads=threads)
    figures, _ = measure(
        opened, request, add_text, progress=lambda line: typer.echo(line, err=True)
    )
    shown = json.dumps(figures, indent=1)
    if out is not None:
        out.write_text(shown + "\n", encoding="utf-8")
        report_text.console().print(f"saved {out}")
    else:
        print(shown)
