"""The creditor's own columns that a cartera keeps (DESIGN §5): naming them, searching them, forgetting them."""

from collections.abc import Collection, Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, TextField, Value
from django.db.models.functions import Coalesce, Concat

from cases.models import Cartera, CarteraField, Case
from cases.rules.extra import LONGEST_LABEL, MOST_FIELDS, TOO_MANY
from cases.searching import ExtraValue, WithoutKey, compact_text
from nova.lib.databases import lock_row


@transaction.atomic
def keep_fields(*, cartera: Cartera, headers: Sequence[str]) -> list[str]:
    """Keep these columns of the creditor from now on. Returns the headers of all that are searched.

    Raises ValidationError (key fields) where they would be more than MOST_FIELDS.
    """
    stored = list(cartera.fields.values_list("header", "searchable"))
    missing = [header for header in headers if header not in dict(stored)]
    if len(stored) + len(missing) > MOST_FIELDS:
        raise ValidationError({"fields": [f"{TOO_MANY}."]})
    if missing:
        last = cartera.fields.aggregate(last=Max("order"))["last"] or 0
        CarteraField.objects.bulk_create(
            CarteraField(cartera=cartera, header=header, label=header[:LONGEST_LABEL], order=last + place)
            for place, header in enumerate(missing, 1)
        )
    return [header for header, searchable in stored if searchable]


@transaction.atomic
def refresh_searched_fields(*, cartera: Cartera) -> None:
    """After another choice of what is searched: write it anew for all cases. Some seconds for 100,000.

    Waits for an import into the cartera, whose cases have the choice of its start.
    """
    lock_row(Cartera.objects.only("pk"), cartera.pk)
    searched = cartera.fields.filter(searchable=True).values_list("header", flat=True)
    nothing, space = Value("", TextField()), Value(" ", TextField())
    pieces = [Coalesce(compact_text(ExtraValue("extra", Value(header))), nothing) for header in searched]
    cases = Case.objects.filter(cartera=cartera).order_by()
    if not pieces:
        cases.exclude(extra_text="").update(extra_text="")
        return
    spaced = [part for piece in pieces for part in (space, piece)]
    cases.exclude(extra={}).update(extra_text=Concat(nothing, *spaced, output_field=TextField()))


@transaction.atomic
def forget_fields(*, cartera: Cartera, headers: Collection[str]) -> int:
    """Erase what the cases of a cartera have under these headers, which it no longer keeps. Returns how many had."""
    lock_row(Cartera.objects.only("pk"), cartera.pk)
    changed = 0
    for header in headers:
        under_it = ExtraValue("extra", Value(header))
        having = Case.objects.alias(text=under_it).filter(cartera=cartera, text__isnull=False).order_by()
        changed += having.update(extra=WithoutKey("extra", Value(header)))
    refresh_searched_fields(cartera=cartera)
    return changed
