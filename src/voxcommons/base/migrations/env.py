"""How Alembic runs the migrations: on the connection, and in the transaction, that base/database.py hands over.

Alembic runs this file itself, so it works where it stands; nothing of the program imports it.
"""

from __future__ import annotations

from alembic import context

# SQLite can take back changes of tables as PostgreSQL can, once its driver is kept from ending transactions; so a process
# that is killed in the middle of a migration leaves the tables as they were.
context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
