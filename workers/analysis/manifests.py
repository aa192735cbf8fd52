"""The manifests that a worker judges by: of the release in use, and of the one that answered."""

from __future__ import annotations

from pathlib import Path

from services.domain.errors import (
    InferenceUnavailable,
    InvalidModelOutput,
    NotFound,
    ReleaseRefused,
)
from services.reading.releases import registry
from services.reading.releases.manifest import Manifest
from services.reading.releases.release import read_manifest
from services.reading.releases.signature import Trust


class Manifests:
    """Read once for each release; which one is present is asked anew each time (a small file)."""

    def __init__(self, folder: Path, release: str = "") -> None:
        """``release`` names the one to use; empty: the active one, else the newest."""
        self._folder, self._release = folder, release
        self._known: dict[str, Manifest] = {}

    def active(self) -> Manifest:
        """The manifest of the release in use.

        Raises:
            InferenceUnavailable: there is none that passes. No study is at fault for that.
        """
        try:
            return self._named(self._release or registry.active_name(self._folder, self._trust()))
        except (NotFound, ReleaseRefused) as error:
            raise InferenceUnavailable(f"No release can be read: {error.detail}") from error

    def of_answer(self, release: str) -> Manifest:
        """The manifest of "name version sha256", as the model server signs its answers.

        Raises:
            InvalidModelOutput: a release answered that this worker does not have: nothing could be
                judged by its labels.
        """
        name, _, rest = release.partition(" ")
        version, _, sha256 = rest.partition(" ")
        try:
            manifest = self._named(f"{name}-{version}")
        except (NotFound, ReleaseRefused) as error:
            raise InvalidModelOutput("A release answered that is not known here.") from error
        if manifest.sha256 != sha256:
            raise InvalidModelOutput("The release that answered is not the one that is known here.")
        return manifest

    def _named(self, name: str) -> Manifest:
        if name not in self._known:
            if name not in registry.names(self._folder):
                raise NotFound(f"There is no release {name[:80]!r} here.")
            self._known[name] = read_manifest(self._folder / name, self._trust())
        return self._known[name]

    def _trust(self) -> Trust:
        """Read anew: a release can be imported, with the key of who imports it, while we run."""
        return registry.trust_of(self._folder)
