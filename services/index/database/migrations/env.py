"""Alembic's environment: migrations run on the connection that services.index.database.migrate opens."""

from __future__ import annotations

from alembic import context

from services.index.database import tables_access as _access  # noqa: F401  (adds its tables to the metadata)
from services.index.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
