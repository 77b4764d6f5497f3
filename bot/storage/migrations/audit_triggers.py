"""Triggers that let rows be added to the audit log, and refuse everything else.

They stop mistakes and stolen rights of the bot. Whoever owns the table can drop them.
https://www.sqlite.org/lang_createtrigger.html
https://www.postgresql.org/docs/current/sql-createtrigger.html
"""

from __future__ import annotations

import sqlalchemy as sa

_REFUSAL = "the audit log can only be added to"

# INSERT OR REPLACE deletes a row without the trigger for DELETE, so an entry must be a new one.
_SQLITE = (
    *(
        f"CREATE TRIGGER audit_no_{what.lower()} BEFORE {what} ON audit "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for what in ("UPDATE", "DELETE")
    ),
    "CREATE TRIGGER audit_follows BEFORE INSERT ON audit "
    "WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit) "
    "OR NEW.prev IS NOT coalesce((SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), '') "
    "BEGIN SELECT RAISE(ABORT, 'an entry of the audit log must follow the last one'); END",
)
# The state is one of a broken constraint, so that both databases answer with an IntegrityError.
_POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
    f"BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit "
    "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()",
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
)


def create_audit_triggers(connection: sa.Connection) -> None:
    """Create the triggers on a table ``audit`` that has none yet."""
    is_postgresql = connection.dialect.name == "postgresql"
    for statement in _POSTGRESQL if is_postgresql else _SQLITE:
        connection.exec_driver_sql(statement)
