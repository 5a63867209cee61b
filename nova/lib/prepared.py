"""Queries whose SQL is made once.

Django makes the SQL of a query anew each time, which for a page of many small questions takes longer than their
answers. A `Prepared` query makes it the first time and then fills in the values: the database is asked the very same.
"""

from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any

from django.db import connections, models, router
from django.db.models.expressions import Expression


class Given(Expression):
    """The place of a value that comes with each run, or of the several values of an `__in`."""

    def __init__(self, name: str, output_field: models.Field) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", (self,)


class Prepared:
    """The rows of the queryset that `build` makes of places for values; `fields` are their types, by name.

    All that differs between two runs is a value, and none is None; the values of an `__in` are a list that is not
    empty. What `build` reads elsewhere (a setting, the clock) stays as it was the first time.
    """

    def __init__(self, build: Callable[..., Any], **fields: models.Field) -> None:
        self._build, self._fields = build, fields
        self._made: dict[str, _Made] = {}

    def __call__(self, **values: Any) -> list[Any]:
        """The rows with these values. Runs a query."""
        if values.keys() != self._fields.keys() or any(value is None or value == [] for value in values.values()):
            raise TypeError(f"A prepared query takes {', '.join(self._fields)}, each of which is something: {values}")
        alias = router.db_for_read(self._model)
        if alias not in self._made:
            self._made[alias] = _Made(self._queryset().using(alias))
        return self._made[alias].rows(values)

    def _queryset(self) -> Any:
        return self._build(**{name: Given(name, field) for name, field in self._fields.items()})

    @cached_property
    def _model(self) -> type[models.Model]:
        return self._queryset().model


class _Made:
    """A queryset with its SQL, for one database. Threads share it: each run has a compiler of its own."""

    def __init__(self, queryset: Any) -> None:
        self.queryset = queryset
        self.compiler = queryset.query.get_compiler(queryset.db)
        sql, self.params = self.compiler.as_sql()
        self.pieces = sql.split("%s")  # between them the values stand
        if len(self.pieces) != len(self.params) + 1:
            raise ValueError(f"A text of this query looks like the place of a value: {sql}")

    def rows(self, values: dict[str, Any]) -> list[Any]:
        connection = connections[self.queryset.db]
        sql, params = [self.pieces[0]], []
        for param, piece in zip(self.params, self.pieces[1:], strict=True):
            given = [param]
            if isinstance(param, Given):
                value, store = values[param.name], param.output_field.get_db_prep_value
                given = [store(each, connection) for each in (value if isinstance(value, list) else [value])]
            params += given
            sql += [", ".join(["%s"] * len(given)), piece]
        compiler = copy(self.compiler)
        compiler.connection = connection
        compiler.as_sql = lambda: ("".join(sql), params)
        query = _Run(self.queryset.query, get_compiler=lambda using: compiler)
        return list(self.queryset._iterable_class(_Run(self.queryset, query=query)))


class _Run:
    """A queryset, or its query, of one run: all is that of `made` but for what it has of its own."""

    def __init__(self, made: Any, **own: Any) -> None:
        self.__dict__.update(own, _made=made)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)


KEY, MOMENT = models.BigIntegerField(), models.DateTimeField()
