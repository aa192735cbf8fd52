"""``fada secret``: another secret for the hub, on its own machine; what the old one kept stays readable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.domain.errors import Conflict
from services.settings import Settings, settings

app = typer.Typer(
    no_args_is_help=True,
    help="""The hub's secret: it signs sessions and links, seals the audit trail and encrypts credentials.

    Run where the hub runs, with its settings. 'rotate', start the hub again, 'reseal'.
    """,
)
HomeOption = Annotated[
    Path | None, typer.Option(help="Folder of a hub of 'fada up'; FADA_HOME, else the usual one.")
]


@app.command()
def rotate(home: HomeOption = None) -> None:
    """Put a fresh secret before the present one, which reads only from the next start on.

    Where FADA_SECRET_KEY holds the secret, it is for you to set: the command says how.
    """
    from services.credentials import next_secret
    from services.standalone import folder_hub, secrets

    given = settings()
    if given.secret_key.get_secret_value():
        raise Conflict(
            "FADA_SECRET_KEY holds the secret. Make another (openssl rand -hex 32), set FADA_SECRET_KEY"
            " to NEW,OLD for every program, start them again, then run 'fada secret reseal'."
        )
    folder = (home or given.home).expanduser()
    kept, file = folder / folder_hub.SECRETS, folder / "secret.key"
    if kept.is_file():
        secrets.take_over(kept, next_secret(secrets.load(kept).page_key))
    elif file.is_file():
        secrets.write_private(file, next_secret(file.read_text().strip()))
    else:
        raise Conflict(f"{folder} holds no hub. Name its folder with --home.")
    typer.echo("Start the hub again, then run 'fada secret reseal'.")


@app.command()
def reseal(home: HomeOption = None) -> None:
    """Encrypt the credentials of destinations under the present secret.

    After it nothing but links, sessions and seals of before needs the old secret.
    """
    from services.credentials import seal_again, secrets_of
    from services.index import open_index

    given = _settings_of(home)
    index = open_index(given.index_url)
    try:
        with index.begin() as tx:
            count = tx.destinations.seal_again(lambda sealed: seal_again(given, sealed))
    finally:
        index.close()
    typer.echo(
        f"{count} credentials are under the present secret; {len(secrets_of(given))} are known."
    )


def _settings_of(home: Path | None) -> Settings:
    from services.standalone import folder_hub, ports, secrets
    from services.standalone.local_settings import settings_of

    given = settings()
    folder = (home or given.home).expanduser()
    kept = folder / folder_hub.SECRETS
    if "index_url" in given.model_fields_set or not kept.is_file():
        return given
    return settings_of(folder, secrets.load(kept), ports.kept(folder / folder_hub.NOTED))
