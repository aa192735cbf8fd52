"""Alembic's environment: migrations run on the connection that services.index.database.migrate opens."""

from __future__ import annotations

from alembic import context

from services.index.database.tables import (  # noqa: F401  (each adds its tables to the metadata)
    access,
    cases,
    commitments,
    destinations,
    erasure,
    messaging,
    metadata,
    objects,
    orders,
    patients,
    progress,
    workitems,
)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
