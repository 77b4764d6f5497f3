"""Alembic's entry: run the steps in the transaction that ``upgrade`` began."""

from alembic import context

from bot.storage.metadata import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
