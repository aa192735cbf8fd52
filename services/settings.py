"""All settings, read from the environment once (prefix ``FADA_``), frozen. Nothing else reads it.

The defaults suit one machine and bind to loopback. Secrets have no defaults.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.domain.errors import InvalidInput


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
    triton_tls: bool = Field(False, description="gRPC to the model server over TLS")
    triton_tls_ca: str = Field("", description="PEM file: who signs its certificate; empty: public")
    triton_tls_certificate: str = Field("", description="PEM file: the hub's own, where it asks")
    triton_tls_key: str = Field("", description="PEM file: the key of that certificate")
    inference_deadline: float = Field(60.0, description="s for one call")
    releases: Path = Path("models/releases")
    release: str = Field("", description="release to use; empty: the active one, else the newest")

    # gateway
    host: str = "127.0.0.1"
    port: int = 8042
    public_url: str = ""
    trusted_proxies: str = Field(
        "",
        description="addresses and networks, comma-separated, whose X-Forwarded-For and -Proto are"
        " believed; empty: none",
    )
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
    upload_device_bytes: int = Field(
        4 * 2**30,
        description="of the spool: unfinished resumable uploads of one sender, and what its requests"
        " bring, by whatever door",
    )
    upload_site_bytes: int = Field(16 * 2**30, description="the same of one site")
    spool_reserve_bytes: int = Field(
        2**30, description="of the spool's disk, kept free of what comes; below it: 503"
    )
    disk_warn_share: float = Field(
        0.85, gt=0, le=1, description="of a disk that is used: above it the hub warns"
    )
    disk_refuse_share: float = Field(
        0.95, gt=0, le=1, description="above it nothing new is taken; nothing is deleted for room"
    )
    idempotency_hours: float = 48.0
    presign_seconds: int = 300
    max_outbox: int = Field(100_000, description="above it, uploads are answered 503")
    rate_per_second: float = Field(
        200.0,
        description="requests of one caller to all processes of a gateway; ten times that at once",
    )

    cors_origins: str = Field(
        "",
        description="origins of viewers, comma-separated, e.g. https://ohif.example; empty: none",
    )

    # DIMSE
    dimse_port: int = Field(0, description="0: no C-STORE SCP")
    dimse_aet: str = "FADA"
    dimse_site: str = "default"
    dimse_peers: str = Field(
        "",
        description="AE titles that may store, and have a worklist, comma-separated; empty: any on"
        " loopback may store",
    )
    dimse_sites: dict[str, str] = Field(
        default_factory=dict,
        description='site by calling AE title, as JSON: {"US2": "clinic-a"}; others: dimse_site',
    )
    dimse_query_peers: str = Field(
        "", description="AE titles that may query and retrieve, comma-separated; empty: none"
    )
    dimse_max_pdu: int = 131072
    dimse_networks: str = Field(
        "", description="networks that may connect, e.g. 10.1.0.0/16,192.168.4.7; empty: any"
    )
    dimse_max_associations: int = 40
    dimse_associations_per_peer: int = Field(8, description="of one address at once")
    dimse_tls_certificate: str = Field("", description="PEM file with certificate and key: TLS")
    dimse_tls_ca: str = Field("", description="PEM file: clients need a certificate by these")

    # HL7 v2 by MLLP: orders (ORM, OMG) and news of patients (ADT)
    hl7_port: int = Field(0, description="0: no HL7 listener")
    hl7_site: str = "default"
    hl7_sites: dict[str, str] = Field(
        default_factory=dict,
        description='site by sending facility (MSH-4), as JSON: {"WARD9": "clinic-a"}',
    )
    hl7_senders: str = Field(
        "", description="sending applications (MSH-3), comma-separated; empty: any on loopback"
    )
    hl7_networks: str = Field("", description="networks that may connect; empty: any")
    hl7_tls_certificate: str = Field("", description="PEM file with certificate and key: TLS")
    hl7_tls_ca: str = Field("", description="PEM file: senders need a certificate by these")

    # jobs
    quiet_seconds: float = Field(
        60.0, ge=0, description="a study is read when no image of it has come for so long"
    )
    quiet_seconds_of: dict[str, float] = Field(
        default_factory=dict, description='the same for single sites, as JSON: {"clinic-a": 20}'
    )
    job_attempts: int = 3
    job_soft_limit: int = Field(540, description="s")
    job_hard_limit: int = Field(600, description="s")
    lease_seconds: int = Field(60, description="a worker renews at a third of it")
    sweep_seconds: float = 2.0
    promote_seconds: float = Field(
        600.0,
        description="a site's routine jobs get a turn at least so often while urgent ones wait",
    )
    orphan_share: float = Field(
        0.05, description="of all objects; with more orphans the sweeper deletes nothing"
    )
    worker_processes: int = Field(
        0, description="processes that read; 0: one for each two cores, two at least"
    )
    worker_silent_seconds: float = Field(
        60.0, gt=0, description="a worker without a heartbeat for so long is started again"
    )
    image_seconds: float = Field(
        90.0, description="opening one image, and decoding one frame, may not take a worker longer"
    )
    worker_memory_bytes: int = Field(
        2 * 2**30, description="a process that reads and holds more is replaced after its job"
    )
    key_frames: int = Field(8, description="most frames of one cine that are analysed")

    # access
    oidc_issuer: str = ""
    oidc_audience: str = Field("", description="of bearer tokens for the API; empty: none is taken")
    oidc_jwks_url: str = ""
    oidc_client_id: str = Field("", description="of the pages' sign-on; empty: it is not offered")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="empty: a public client")
    oidc_name: str = Field(
        "", description='what "Sign in with ..." names; empty: the issuer\'s host'
    )
    oidc_scope: str = "openid profile"
    oidc_session_hours: float = Field(12.0, gt=0, le=12, description="until the next sign-on")
    oidc_site_claim: str = "fada_site"
    oidc_role_claim: str = "fada_role"
    oidc_group_claim: str = "groups"
    oidc_groups: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict,
        description='site and role of each group, as JSON: {"sonographers": "clinic-a:sonographer"};'
        " empty: the claims of site and role themselves",
    )
    second_factor_sites: str = Field(
        "",
        description="sites, comma-separated, where a password needs a passkey beside it; *: all",
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="the hub's secret: signs sessions and links, seals the audit trail, encrypts"
        " credentials; after a comma those before it, which read only",
    )

    # publish: a PACS named here becomes a site's first destination, once; see docs/destinations.md
    push_stow_url: str = ""
    push_stow_token: SecretStr = SecretStr("")
    push_dimse: str = Field("", description="AET@host:port of a PACS for C-STORE")
    push_site: str = Field("", description="the only site whose results are pushed; empty: all")
    commitment_seconds: float = Field(
        3600.0,
        ge=1,
        le=6 * 3600,
        description="a PACS that was asked for storage commitment has so long to report",
    )
    webhook_allow_private: bool = Field(False, description="let webhooks reach private addresses")

    # the command line
    hub_url: str = Field("", description="hub that `fada` talks to; empty: the remembered one")
    hub_key: SecretStr = Field(SecretStr(""), description="its key; empty: the remembered one")
    config: Path = Field(Path("~/.config/fada"), description="where `fada` remembers hub and key")

    # seen
    log_level: str = "INFO"
    metrics_token: SecretStr = Field(
        SecretStr(""),
        description="bearer token that reads the gateway's /metrics; empty: keys only",
    )
    metrics_port: int = Field(0, description="worker metrics; 0: none")
    sweeper_metrics_port: int = Field(0, description="sweeper metrics; 0: none")
    metrics_host: str = "127.0.0.1"
    otel_endpoint: str = ""

    @field_validator("oidc_groups", mode="before")
    @classmethod
    def _groups(cls, given: Any) -> Any:
        """Raises ValueError: no JSON."""
        return json.loads(given or "{}") if isinstance(given, str) else given

    def quiet_time(self, site: str) -> float:
        """Seconds without a further image after which a study of this site is read."""
        return self.quiet_seconds_of.get(site, self.quiet_seconds)

    @property
    def longest_quiet(self) -> float:
        """The longest quiet time of any site, in seconds."""
        return max([self.quiet_seconds, *self.quiet_seconds_of.values()])

    def demands_passkey(self, site: str) -> bool:
        """Whether a password alone does not open the pages there."""
        named = {one.strip() for one in self.second_factor_sites.split(",")}
        return bool(named & {site, "*"})

    @property
    def cors_origin_list(self) -> list[str]:
        """Origins other than the hub's own whose pages may ask it; none by default."""
        return [one.strip().rstrip("/") for one in self.cors_origins.split(",") if one.strip()]

    @property
    def share(self) -> float:
        """Of a limit, what each process of the gateway grants."""
        return 1 / self.gateway_processes

    @property
    def spool(self) -> Path:
        """The folder for request bodies that are not committed yet."""
        return self.home.expanduser() / "spool"

    @property
    def originals_folder(self) -> Path | None:
        """Where originals lie; None: in the object store. Raises InvalidInput: it is no folder."""
        if not self.originals:
            return None
        url = urlsplit(self.originals)
        path = Path(unquote(url.path))
        if url.scheme != "file" or url.netloc not in ("", "localhost") or not path.is_absolute():
            raise InvalidInput("FADA_ORIGINALS has the form file:///folder, or is empty.")
        return path


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
