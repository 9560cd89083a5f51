"""What Alembic runs: the migrations on the connection that it was given, inside the caller's transaction."""

from alembic import context

from service.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
