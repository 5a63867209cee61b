"""Checks of the tables themselves, for errors after restoring a dump or editing by hand."""

from collections.abc import Iterator

from django.apps import apps
from django.db import connection, models

from cases import rollups
from cases.models import CaseStatus
from cases.querysets import ARRANGED_SLUG, WAIVED_SLUG, WORKING_SLUG
from cases.transfer.verify.finding import Finding, rows

# The apps with our own data; the tables of Django and its libraries only refer to them.
OWN_APPS = frozenset({"accounts", "cases", "contact", "dashboards"})


def rows_point_to_rows() -> Iterator[Finding]:
    """Foreign keys without a row: from SQLite with foreign keys off, or a dump restored with triggers disabled."""
    if connection.vendor != "sqlite":
        yield from _orphans()
        return
    for table, row, parent, _key in rows("PRAGMA foreign_key_check"):
        yield Finding(f"Tabla {table}, fila {row}: apunta a una fila de {parent} que no existe.")


def _orphans() -> Iterator[Finding]:
    """One statement for each table and foreign key, which PostgreSQL executes as a hash join."""
    name = connection.ops.quote_name
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label not in OWN_APPS:
            continue
        for key in model._meta.concrete_fields:
            if not isinstance(key, models.ForeignKey):
                continue
            table, parent = model._meta.db_table, key.related_model._meta.db_table
            column, target = name(str(key.column)), name(str(key.target_field.column))
            found = rows(
                f"SELECT c.{name(str(model._meta.pk.column))} FROM {name(table)} c WHERE c.{column} IS NOT NULL "  # noqa: S608 (our models)
                f"AND NOT EXISTS (SELECT 1 FROM {name(parent)} p WHERE p.{target} = c.{column})"
            )
            for (row,) in found:
                yield Finding(f"Tabla {table}, fila {row}: apunta a una fila de {parent} que no existe.")


def sequences_are_ahead() -> Iterator[Finding]:
    """Otherwise the next row would get an id that exists. SQLite has no sequences to check."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            key = model._meta.pk
            if not isinstance(key, models.AutoField | models.BigAutoField):
                continue
            table, column = model._meta.db_table, str(key.column)
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{table}"', column])
            sequence = cursor.fetchone()[0]
            if sequence is None:
                yield Finding(f"Tabla {table}: no tiene secuencia para {column}.")
                continue
            name = connection.ops.quote_name
            cursor.execute(
                f"SELECT s.last_value + CASE WHEN s.is_called THEN 1 ELSE 0 END, "  # noqa: S608 (names of the catalogue)
                f"(SELECT MAX({name(column)}) FROM {name(table)}) FROM {sequence} s"
            )
            upcoming, highest = cursor.fetchone()
            if highest is not None and upcoming <= highest:
                yield Finding(f"Tabla {table}: la secuencia daría {upcoming} y ya hay hasta {highest}.")


def rules_find_their_statuses() -> Iterator[Finding]:
    defaults = set(CaseStatus.objects.filter(is_stage_default=True, is_active=True).values_list("stage", flat=True))
    for stage in CaseStatus.Stage.values:
        if stage not in defaults:
            yield Finding(f"La etapa {stage} no tiene un estado predeterminado activo.")
    named = {
        WORKING_SLUG: CaseStatus.Stage.EN_GESTION,
        ARRANGED_SLUG: CaseStatus.Stage.PROMESA,
        WAIVED_SLUG: CaseStatus.Stage.PAGADA,
    }
    found = set(CaseStatus.objects.filter(slug__in=named).values_list("slug", "stage"))
    for slug, stage in named.items():
        if (slug, stage.value) not in found:
            yield Finding(f"Falta el estado «{slug}» en la etapa {stage.value}, al que las reglas pasan los casos.")


def rollups_are_what_they_sum() -> Iterator[Finding]:
    """The sums that the dashboard reads (`cases.rollups`) equal those of the tables. Only PostgreSQL stores them."""
    if not rollups.is_kept():
        return
    for drift in rollups.drifts():
        for row in rows(drift.sql):
            key = ", ".join(f"{name}={value}" for name, value in zip(drift.key, row, strict=False) if value is not None)
            excess = ", ".join(
                f"{name} {value:+}" for name, value in zip(drift.sums, row[len(drift.key) :], strict=True) if value
            )
            yield Finding(f"{drift.table} ({key}) se aparta de las tablas: {excess}. Rehágalos con rebuild_rollups.")
