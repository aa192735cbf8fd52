"""The tables of what happened and what is to be sent: events, outbox, deliveries."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from services.index.database.tables import at_column, id_column, metadata, site_column

outbox = Table(
    "outbox",
    metadata,
    id_column(),
    Column("topic", String, nullable=False),
    Column("subject", String, nullable=False),  # the job or delivery that it is about
    Column("payload", JSON, nullable=False),
    at_column("created_at"),
    at_column("due_at"),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Index(None, "due_at"),
    Index(None, "topic", "due_at"),
    Index(None, "subject"),
)

# When a job of a site was last begun, urgent and routine by themselves: sites take turns.
site_queues = Table(
    "site_queues",
    metadata,
    Column("site", String, primary_key=True),
    Column("urgent", Boolean, primary_key=True),
    at_column("served_at"),
)

# ``seq`` counts without gaps and in the order of commit, so that a reader never misses one: each
# writer holds its site's row of ``event_counters`` until it commits.
event_counters = Table(
    "event_counters",
    metadata,
    Column("site", String, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("site", String, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("type", String, nullable=False),
    Column("study_id", String(36), nullable=False),
    Column("payload", JSON, nullable=False),
    at_column("created_at"),
    Index(None, "study_id", "seq"),
)

# One thing for one receiver: an event for a webhook, or a result for a destination.
deliveries = Table(
    "deliveries",
    metadata,
    id_column(),
    site_column(),
    Column("kind", String, nullable=False),
    Column("study_id", String(36), nullable=False),
    Column("webhook_id", String(36)),  # of a webhook, with
    Column("event_seq", BigInteger),
    Column("version", Integer),  # of a push
    Column("destination_id", String(36)),  # null in rows from before there were destinations
    Column("results", JSON),  # what the result is: services.domain.routing.ResultKind
    Column("objects", JSON),  # what became of each object: sop_uid, kind, state, code
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error_code", String, nullable=False),  # of the last attempt
    at_column("created_at"),
    at_column("next_attempt_at"),
    at_column("finished_at", nullable=True),
    Index(None, "state", "next_attempt_at"),
    Index(None, "site", "state"),
    Index(None, "destination_id", "state"),
)
