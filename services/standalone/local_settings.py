"""The settings of a hub whose state lies in one folder: its secrets and ports, all on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from services.settings import Settings
from services.standalone.ports import HOST
from services.standalone.secrets import Secrets


def settings_of(home: Path, own: Secrets, ports: Mapping[str, int]) -> Settings:
    """What ``fada up`` with this folder gives its programs, before its options."""
    return Settings(
        home=home,
        index_url=f"sqlite:///{home / 'fada.db'}",
        broker_url=SecretStr(f"redis://:{own.broker_password}@{HOST}:{ports['valkey']}/0"),
        originals=(home / "originals").as_uri(),
        s3_endpoint=f"{HOST}:{ports['s3']}",
        s3_access_key=SecretStr(own.s3_access_key),
        s3_secret_key=SecretStr(own.s3_secret_key),
        triton_grpc=f"{HOST}:{ports['triton_grpc']}",
        triton_shared_memory=True,
        host=HOST,
        port=ports["gateway"],
        secret_key=SecretStr(own.page_key),
        metrics_port=ports["worker_metrics"],
        sweeper_metrics_port=ports["sweeper_metrics"],
    )
