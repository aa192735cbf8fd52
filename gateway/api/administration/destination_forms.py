"""What callers send about destinations and rules."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.domain.routing import ResultKind
from services.domain.work import DestinationKind

_PEM = 64 * 1024
_Short = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Words = Annotated[list[_Short], Field(max_length=50)]


class Options(BaseModel):
    """What is not secret of a destination; each kind uses its own."""

    model_config = ConfigDict(extra="forbid")

    tls: bool = Field(False, description="C-STORE and HL7: TLS (BCP 195)")
    ca: str = Field("", max_length=_PEM, description="PEM of the authorities to trust")
    calling_aet: str = Field("", max_length=16, description="C-STORE: the hub's own AE title")
    commitment: bool = Field(
        False, description="C-STORE: ask for storage commitment of what was stored"
    )
    commitment_wait: float = Field(
        2.0, ge=0, le=60, description="s in which a report may come on the same association"
    )
    sign_in: str = Field("none", pattern="^(none|basic|bearer|api_token|oauth2|smart)$")
    user: _Short = ""
    token_url: _Short = ""
    client_id: _Short = ""
    scope: _Short = ""
    key_id: _Short = ""
    alg: str = Field("", pattern="^(|RS384|ES384)$")
    receiving_application: _Short = ""
    receiving_facility: _Short = ""
    assigner: str = Field("", max_length=80, description="HL7: who gives the patient numbers")
    patient_system: _Short = Field("", description="FHIR: the server's system of patient numbers")
    order_system: _Short = Field(
        "", description="FHIR: the system of order numbers that came by HL7"
    )
    pdf: bool = Field(True, description="HL7: with the report as PDF")
    encryption: str = Field("", pattern="^(|starttls|tls|none)$", description="e-mail")
    sender: _Short = ""
    recipients: str = Field("", max_length=4000, description="e-mail: addresses, by comma")
    language: str = Field("", pattern="^(|en|fr|pt|sw|hi)$", description="of the e-mails")
    mapping: str = Field(
        "", max_length=_PEM, description="DHIS2: what each data element gets, YAML or JSON"
    )


class Credentials(BaseModel):
    """Kept encrypted, never given back. ``certificate`` and ``key`` are the hub's own, as PEM."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field("", max_length=8000)
    password: str = Field("", max_length=500)
    client_secret: str = Field("", max_length=2000)
    private_key: str = Field("", max_length=_PEM)
    certificate: str = Field("", max_length=_PEM)
    key: str = Field("", max_length=_PEM)
    secret: str = Field("", max_length=200, pattern="^(|whsec_[A-Za-z0-9+/=]+)$")


class DestinationIn(BaseModel):
    """A new destination. ``address``: AET@host:port, host:port, or a URL, as its kind needs."""

    name: _Name
    kind: DestinationKind
    address: str = Field(min_length=1, max_length=2000)
    options: Options = Options()
    credentials: Credentials = Credentials()
    by_default: bool = Field(True, description="gets what no rule decides on")


class DestinationChange(BaseModel):
    """What is not given stays. A new ``address`` or ``token_url`` needs the credentials anew, so that
    they are never sent where they were not meant for."""

    name: _Name | None = None
    address: str | None = Field(None, min_length=1, max_length=2000)
    options: Options | None = None
    credentials: Credentials | None = None
    by_default: bool | None = None


class RuleIn(BaseModel):
    """Conditions, all of which must hold (an empty one always does), and the destinations' ids."""

    results: list[ResultKind] = Field(default_factory=list, max_length=10)
    planes: _Words = []
    findings: _Words = []
    origins: _Words = []
    destinations: list[str] = Field(default_factory=list, max_length=50)


class RulesIn(BaseModel):
    """All rules of the site, in their order: the first that fits decides."""

    rules: list[RuleIn] = Field(max_length=100)


class SendIn(BaseModel):
    """``destination``: an id; without it the rules decide."""

    destination: str | None = Field(None, max_length=36)
