"""``fada backup`` and ``fada restore``: a hub as a folder, and a hub out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from cli import report_text
from services.domain.errors import Conflict, InvalidInput, ObjectCorrupt
from services.settings import Settings, settings

if TYPE_CHECKING:
    from services.backup.folder import Folder

HomeOption = Annotated[
    Path | None, typer.Option(help="Folder of a hub of 'fada up'; default: FADA_HOME.")
]


def backup(
    to: Annotated[Path, typer.Argument(help="Folder of backups; made if it is not there.")],
    recipient: Annotated[
        list[str] | None,
        typer.Option("--for", help="Encrypt for this recipient (age1…); may be repeated."),
    ] = None,
    new_identity: Annotated[
        Path | None,
        typer.Option(help="Make a new identity in this file, and encrypt for it."),
    ] = None,
    keep: Annotated[
        int, typer.Option(min=0, help="Keep only so many of the newest backups; 0: all.")
    ] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be copied; write nothing.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Copy index, objects and the hub's secret into a folder, while the hub works.

    A hub of 'fada up' is found by its folder; any other by FADA_INDEX_URL, FADA_S3_… and
    FADA_SECRET_KEY, as its programs have them. The second backup into the same folder copies only
    what is new. Without --for, whoever reads the folder reads the patients' data.

    Examples:

      fada backup /mnt/disk/fada

      fada backup /mnt/disk/fada --new-identity fada.key      then keep fada.key elsewhere

      fada backup /mnt/disk/fada --for age1qy… --keep 14
    """
    from services.backup.encryption import Encryption
    from services.backup.folder import Folder
    from services.backup.make import back_up, plan
    from services.storage import connect as storage

    recipients = list(recipient or ())
    if new_identity is not None and not dry_run:
        recipients.append(_make_identity(new_identity))
    folder, console = Folder(to, Encryption.to(recipients)), report_text.console()
    with _hub(home, at_rest=False) as given:
        if dry_run:
            if there := (to / "fada-backup.json").exists():
                folder.open()
            planned = plan(given, folder if there else None)
            console.print(
                f"{planned.objects} objects, {_size(planned.object_bytes)};"
                f" to copy: {planned.copied}, {_size(planned.copied_bytes)}, and the index"
            )
            return
        folder.prepare(recipients)
        store = storage.connect(given)
        try:
            with _bar("objects") as progress:
                made = back_up(given, store, folder, progress)
        finally:
            store.close()
    removed = folder.keep(keep) if keep else 0
    console.print(
        f"{to / made.name}: {made.objects} objects, {_size(made.object_bytes)};"
        f" new: {made.copied}, {_size(made.copied_bytes)}", soft_wrap=True
    )  # fmt: skip
    if removed:
        console.print(f"{removed} objects of older backups are removed")
    if not recipients:
        console.print("It is not encrypted: keep it as you keep patients' files.")
    if made.missing:
        raise ObjectCorrupt(
            f"{len(made.missing)} objects were not in the store, or damaged; the manifest names them."
        )


def restore(
    source: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="Folder of backups.")
    ],
    name: Annotated[str, typer.Option(help="Which one; default: the newest.")] = "",
    identity: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="File of the identity that decrypts."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Give up what the hub holds now.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every hash of the backup; change nothing.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Make a hub of a backup. The hub must not run, and must be empty unless --replace is given.

    Every byte is checked against its hash. The index comes last: a restore that was interrupted goes
    on with the same command.

    Examples:

      fada restore /mnt/disk/fada --dry-run

      fada restore /mnt/disk/fada --identity fada.key
    """
    from services.backup.encryption import Encryption
    from services.backup.folder import Folder
    from services.backup.restore import check

    folder = Folder(source, Encryption.of(identity) if identity else Encryption())
    folder.open()
    name = name or (folder.names() or [""])[-1]
    console = report_text.console()
    if dry_run:
        with _bar("checked") as progress:
            manifest = check(folder, name, progress)
        console.print(f"{name}: index and {manifest.objects} objects are as they were written")
        return
    _restore(folder, name, home, replace)
    console.print(
        "Start the hub. What was erased since this backup: 'fada erasures again CERTIFICATE…'"
    )


def _restore(folder: Folder, name: str, home: Path | None, replace: bool) -> None:
    from services.backup.restore import restore as put_back
    from services.backup.restore import secret_of
    from services.standalone import folder_hub, secrets
    from services.storage import connect as storage

    secret = secret_of(folder, name)
    with _hub(home, at_rest=True) as given:
        if not _of_folder():
            _same_secret(given, secret)
        store = storage.connect(given)
        try:
            with _bar("objects") as progress:
                done = put_back(given, store, folder, name, replace=replace, progress=progress)
        finally:
            store.close()
        if _of_folder():
            secrets.take_over(given.home / folder_hub.SECRETS, secret)
    console = report_text.console()
    console.print(f"{name}: {done.manifest.objects - done.missing} objects and the index are back")
    if done.before:
        console.print(f"the index that was here lies in {done.before}", soft_wrap=True)
    if done.missing:
        console.print(f"{done.missing} objects were missing when the backup was made")


def _of_folder() -> bool:
    """Whether the hub is one of ``fada up``: nothing names an index elsewhere."""
    return "index_url" not in settings().model_fields_set


@contextmanager
def _hub(home: Path | None, *, at_rest: bool) -> Iterator[Settings]:
    if _of_folder():
        from services.standalone import folder_hub

        with folder_hub.opened(home or settings().home, at_rest=at_rest) as given:
            yield given
    else:
        from services.credentials import with_secret

        yield with_secret(settings())


def _same_secret(given: Settings, secret: str) -> None:
    if given.secret_key.get_secret_value() != secret:
        raise Conflict(
            "FADA_SECRET_KEY is another than the backup's: credentials and seals could not be read. "
            "Set it to secret_key in the backup's hub.json ('age -d' opens an encrypted one)."
        )


def _make_identity(path: Path) -> str:
    from services.backup.encryption import new_identity
    from services.standalone.secrets import write_private

    if path.exists():
        raise InvalidInput(f"{path} is there already: an identity is never overwritten.")
    content, recipient = new_identity()
    write_private(path, content)
    report_text.console().print(
        f"identity in {path}: without it the backup cannot be read\nrecipient: {recipient}",
        soft_wrap=True,
    )
    return recipient


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal; nothing elsewhere."""
    console = report_text.console()
    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


def _size(count: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
