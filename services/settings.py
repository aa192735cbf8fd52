"""All settings, read from the environment once (prefix ``FADA_``), frozen. Nothing else reads it.

The defaults suit one machine and bind to loopback. Secrets have no defaults.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every field is ``FADA_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix="FADA_", frozen=True, extra="ignore")

    # state
    home: Path = Field(Path("~/.local/share/fada"), description="Folder for spool and local state")
    index_url: str = Field("sqlite:///fada.db", description="SQLAlchemy URL, SQLite or PostgreSQL")

    # broker
    broker_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    visibility_timeout: int = Field(660, description="s; above job_hard_limit")
    restore_interval: int = Field(2, description="s between kombu's sweeps of unacknowledged tasks")

    # object store (any S3)
    originals: str = Field(
        "",
        description="file:///folder for what was received, on a disk that gateway, workers and"
        " sweeper share; empty: it lies in S3 too",
    )
    s3_endpoint: str = "127.0.0.1:8333"
    s3_public_endpoint: str = ""
    s3_access_key: SecretStr = SecretStr("")
    s3_secret_key: SecretStr = SecretStr("")
    s3_bucket: str = "fada"
    s3_region: str = "us-east-1"
    s3_secure: bool = False

    # inference
    runner: str = Field("triton", description="triton, or inprocess where there is no server")
    triton_grpc: str = "127.0.0.1:8001"
    triton_shared_memory: bool = False
    inference_deadline: float = Field(60.0, description="s for one call")
    releases: Path = Path("models/releases")
    release: str = Field("", description="release to use; empty: the active one, else the newest")

    # gateway
    host: str = "127.0.0.1"
    port: int = 8042
    public_url: str = ""
    gateway_processes: int = Field(1, ge=1, le=64, description="processes that share its port")
    max_instance_bytes: int = 512 * 2**20
    max_request_bytes: int = 2 * 2**30
    max_inflated_bytes: int = Field(1 * 2**30, description="after deflate, gzip or ZIP")
    max_pixels: int = Field(2**31, description="rows x columns x frames x samples of one instance")
    max_frames: int = 3000
    max_zip_entries: int = 2000
    request_seconds: float = Field(600.0, description="a body may not take longer")
    stall_seconds: float = Field(20.0, description="a body may not pause longer")
    parse_memory_bytes: int = 1536 * 2**20
    parse_seconds: float = 30.0
    upload_days: float = 7.0
    idempotency_hours: float = 48.0
    presign_seconds: int = 300
    max_outbox: int = Field(100_000, description="above it, uploads are answered 503")
    rate_per_second: float = Field(
        200.0,
        description="requests of one caller to all processes of a gateway; ten times that at once",
    )

    # DIMSE
    dimse_port: int = Field(0, description="0: no C-STORE SCP")
    dimse_aet: str = "FADA"
    dimse_site: str = "default"
    dimse_peers: str = Field(
        "", description="AE titles that may store, comma-separated; empty: any on loopback"
    )
    dimse_max_pdu: int = 131072
    dimse_max_associations: int = 10

    # jobs
    job_attempts: int = 3
    job_soft_limit: int = Field(540, description="s")
    job_hard_limit: int = Field(600, description="s")
    lease_seconds: int = Field(60, description="a worker renews at a third of it")
    sweep_seconds: float = 2.0
    promote_seconds: float = Field(
        600.0, description="a routine job that waits longer joins the urgent ones"
    )
    orphan_share: float = Field(
        0.05, description="of all objects; with more orphans the sweeper deletes nothing"
    )
    worker_processes: int = Field(0, description="processes that read; 0: one for each two cores")
    key_frames: int = Field(8, description="most frames of one cine that are analysed")

    # access
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_jwks_url: str = ""
    oidc_site_claim: str = "fada_site"
    oidc_role_claim: str = "fada_role"
    secret_key: SecretStr = Field(SecretStr(""), description="signs share links and page sessions")

    # publish
    push_stow_url: str = ""
    push_stow_token: SecretStr = SecretStr("")
    push_dimse: str = Field("", description="AET@host:port of a PACS for C-STORE")
    push_site: str = Field("", description="the only site whose results are pushed; empty: all")
    webhook_allow_private: bool = Field(False, description="let webhooks reach private addresses")

    # the command line
    hub_url: str = Field("", description="hub that `fada` talks to; empty: the remembered one")
    hub_key: SecretStr = Field(SecretStr(""), description="its key; empty: the remembered one")
    config: Path = Field(Path("~/.config/fada"), description="where `fada` remembers hub and key")

    # seen
    log_level: str = "INFO"
    metrics_port: int = Field(0, description="worker metrics; 0: none")
    sweeper_metrics_port: int = Field(0, description="sweeper metrics; 0: none")
    metrics_host: str = "127.0.0.1"
    otel_endpoint: str = ""

    def has_pacs(self, site: str) -> bool:
        """Whether results of this site are pushed to a PACS."""
        configured = bool(self.push_stow_url or self.push_dimse)
        return configured and self.push_site in ("", site)

    @property
    def share(self) -> float:
        """Of a limit, what each process of the gateway grants."""
        return 1 / self.gateway_processes

    @property
    def spool(self) -> Path:
        """The folder for request bodies that are not committed yet."""
        return self.home.expanduser() / "spool"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
