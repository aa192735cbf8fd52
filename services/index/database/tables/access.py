"""The tables of access: keys, uploads, remembered answers, webhooks, devices, share links."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from services.index.database.tables import (
    at_column,
    id_column,
    metadata,
    site_column,
    study_column,
)

api_keys = Table(
    "api_keys",
    metadata,
    id_column(),
    site_column(),
    Column("role", String, nullable=False),
    Column("name", String, nullable=False),
    Column("secret_hash", String(64), nullable=False),
    at_column("created_at"),
    at_column("revoked_at", nullable=True),
    at_column("last_used_at", nullable=True),
    Index(None, "site"),
)

uploads = Table(
    "uploads",
    metadata,
    id_column(),
    site_column(),
    Column("owner", String, nullable=False),
    Column("length", BigInteger),
    Column("offset", BigInteger, nullable=False),
    Column("metadata", JSON, nullable=False),
    at_column("created_at"),
    at_column("expires_at"),
    Column("state", String, nullable=False),
    Column("outcome", JSON, nullable=False),
    Index(None, "state", "expires_at"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("site", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("request_hash", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("media_type", String, nullable=False),
    at_column("expires_at"),
    Index(None, "expires_at"),
)

webhooks = Table(
    "webhooks",
    metadata,
    id_column(),
    site_column(),
    Column("url", Text, nullable=False),
    Column("secret", String, nullable=False),
    Column("events", JSON, nullable=False),
    at_column("created_at"),
    Column("disabled", Boolean, nullable=False),
    Index(None, "site"),
)

devices = Table(
    "devices",
    metadata,
    id_column(),
    site_column(),
    Column("name", String, nullable=False),
    Column("public_key", String, nullable=False),
    at_column("enrolled_at"),
    at_column("last_seen_at", nullable=True),
    Column("release", String, nullable=False),
    at_column("revoked_at", nullable=True),
    Column("status", JSON(none_as_null=True)),  # as it said at its last contact
    at_column("erase_at", nullable=True),
    Column("group_name", String, nullable=False, server_default=""),
    at_column("rotate_at", nullable=True),  # since then it is asked for a new key
    at_column("key_at", nullable=True),  # since when it has this key; null: since its enrolment
    Column("earlier_key", String),  # of cases that it had sealed before
    Index(None, "site"),
)

# What a programme gives to the devices of a site; nothing: each decides for itself.
device_settings = Table(
    "device_settings",
    metadata,
    Column("site", String, primary_key=True),
    Column("given", JSON, nullable=False),
    at_column("changed_at"),
)

# The same for a group of them, over what the site gives.
device_groups = Table(
    "device_groups",
    metadata,
    Column("site", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("given", JSON, nullable=False),
    at_column("changed_at"),
)

device_codes = Table(
    "device_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    site_column(),
    Column("made_by", String, nullable=False),
    at_column("created_at"),
    at_column("expires_at"),
    at_column("used_at", nullable=True),
    Column("group_name", String, nullable=False, server_default=""),
)

shares = Table(
    "shares",
    metadata,
    id_column(),
    study_column(),
    site_column(),
    Column("created_by", String, nullable=False),
    at_column("created_at"),
    at_column("expires_at"),
    Column("revoked_by", String),
    at_column("revoked_at", nullable=True),
    Index(None, "study_id"),
)

sessions = Table(
    "sessions",
    metadata,
    id_column(),
    site_column(),
    Column("subject", String, nullable=False),
    Column("role", String, nullable=False),
    Column("via", String, nullable=False),
    Column("credential", String, nullable=False),
    Column("name", String, nullable=False),
    Column("address", String, nullable=False),
    Column("browser", String, nullable=False),
    at_column("created_at"),
    at_column("expires_at"),
    at_column("ended_at", nullable=True),
    Column("issuer_session", String),  # ``sid`` of a sign-on: its issuer ends it by that name
    Index(None, "site", "subject"),
    Index(None, "expires_at"),
    Index(None, "issuer_session"),
)

accounts = Table(
    "accounts",
    metadata,
    id_column(),
    site_column(),
    Column("login", String, nullable=False),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("password_hash", String, nullable=False),
    at_column("created_at"),
    Column("created_by", String, nullable=False),
    at_column("disabled_at", nullable=True),
    Column("failures", Integer, nullable=False),
    at_column("locked_until", nullable=True),
    Column("external", String),
    Index(None, "site"),
    Index(None, "external", "site", unique=True),
    UniqueConstraint("login"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("secret_hash", String(64), primary_key=True),
    Column("account_id", String(36), nullable=False),
    site_column(),
    at_column("created_at"),
    at_column("expires_at"),
    at_column("used_at", nullable=True),
    Index(None, "account_id"),
)

passkeys = Table(
    "passkeys",
    metadata,
    id_column(),
    site_column(),
    Column("account_id", String(36), nullable=False),
    Column("credential_id", String, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("name", String, nullable=False),
    at_column("created_at"),
    at_column("last_used_at", nullable=True),
    Column("challenge_at", BigInteger, nullable=False),
    Index(None, "account_id"),
    UniqueConstraint("credential_id"),
)

# Append-only, as the audit trail that it closes.
audit_seals = Table(
    "audit_seals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("mac", String(64), nullable=False),
    at_column("at"),
)
