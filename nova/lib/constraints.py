"""Constraints of tables that people write to while a migration runs."""

from typing import Any

from django.db import migrations


class AddConstraintLive(migrations.AddConstraint):
    """In two steps on PostgreSQL: new rows are checked at once, the others while people work.

    For migrations that are not atomic; a run that was interrupted may be repeated.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model, name = to_state.apps.get_model(app_label, self.model_name), schema_editor.quote_name
        table, constraint = name(model._meta.db_table), name(self.constraint.name)
        schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint}")
        added = str(self.constraint.create_sql(model, schema_editor))
        schema_editor.execute(f"{added} NOT VALID", params=None)
        schema_editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")
