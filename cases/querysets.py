"""The querysets of the models. Every read for a user starts at `visible_to(user)`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Case as When_Case
from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, Subquery, Sum, Value, When
from django.utils import timezone

from cases.rules.ledger import Kind
from cases.rules.queue import Band
from cases.rules.stops import Channel
from cases.searching import Among, Fold, compact, fold, key_text, phone_text, words_of
from nova.lib.databases import hold_row
from nova.lib.dates import local_date, start_of_day
from nova.lib.documents import Document, NobodysDocument, parse_document
from nova.lib.phones import phone_variants

if TYPE_CHECKING:
    from accounts.models import User

CENTS = Decimal("0.01")
OPEN_STAGES = ("en_gestion", "promesa")
NOT_IN_QUEUE = 99  # sorts after every band
# The statuses that rules name directly, besides the defaults of the stages (DESIGN §3.5).
WORKING_SLUG = "en-gestion"
UNTOUCHED_SLUG = "sin-gestion"  # a case leaves it with its first gestión
ARRANGED_SLUG = "con-arreglo"  # of a case with an active arrangement
WAIVED_SLUG = "pagada-con-quita"  # of a case of which something was waived
NAMED_SLUGS = (WORKING_SLUG, UNTOUCHED_SLUG, ARRANGED_SLUG, WAIVED_SLUG)
# The entries that make up the recovery: a reversal subtracts the amount of its payment (DESIGN §6).
RECOVERED = Q(kind__in=[Kind.PAYMENT, Kind.REVERSAL])
# A question about some cases says what its rows are not. One that said what they are (`kind = 'payment'`) could also be
# answered by an index of payments alone, made for a list of all of them by day. While the statistics are those of a
# load, when there was none, PostgreSQL believes that index empty, and reads it from end to end: every payment of the
# agency for those of one case. From what rows are not it cannot conclude that the index has them all.
NO_PAYMENT = [Kind.PLACEMENT, Kind.ADJUSTMENT, Kind.REVERSAL]
NOT_PENDING = ["fulfilled", "broken", "cancelled"]
NOT_ACTIVE = ["proposed", "awaiting_approval", "completed", "lapsed", "cancelled", "rejected"]
Owned = TypeVar("Owned", bound="CaseOwnedQuerySet")


def in_cents(total: Any) -> Decimal:
    """A sum in ARS, rounded to cents: SQLite sums in floating point."""
    return Decimal(total or 0).quantize(CENTS) + 0  # a sum of floats may be a little below zero: −0.00 is 0.00


def is_number(text: str) -> bool:
    """Whether a search text is a document ("DNI 20.111.222"), a phone or a key of digits, and not words."""
    if not any(char.isalpha() for char in text):
        return any(char.isdecimal() for char in text)
    return document_of(text) != Document()


def document_of(text: str) -> Document:
    """The document in a search text; empty when there is none."""
    try:
        return parse_document(text)
    except NobodysDocument as nobodys:
        return nobodys.document
    except ValueError:
        return Document()


def with_words(rows: Any, text: str, path: str = "") -> Any:
    """The rows whose debtor (at `path`) has every word in the name; accents, case and punctuation do not matter.

    Two letters are the beginning of a word.
    """
    words = words_of(text)
    if not words:
        return rows.none()
    for word in words:
        found = Q(**{f"{path}search_text__contains": word})
        if len(word) == 2:  # the beginning of a word: an index of trigrams has those, but no two letters anywhere
            starts = Q(**{f"{path}search_text__startswith": word})
            found = starts | Q(**{f"{path}search_text__contains": f" {word}"})
        rows = rows.filter(found)
    return rows


# From so many digits on, a part of a phone and the beginning of a DNI or key find something.
PART = 4
# Of what has the same part of a number, so many rows are looked at: a part that thousands have says nothing.
PARTIAL_MATCHES = 1000


def with_digits(digits: str) -> Q:
    """Debtors whose DNI begins with these digits; a range, for which the index of any collation serves."""
    start = digits.lstrip("0")
    return Q(dni__gte=start, dni__lte=f"{start}99999999") if start else Q(pk__in=[])


def phone_parts(digits: str) -> list[str]:
    """The digits that a stored number may contain: without the 0 of long distance and the 15 of mobiles."""
    part = digits.lstrip("0")
    parts = [part, part.removeprefix("15")] if part.startswith("15") and len(part) >= PART + 2 else [part]
    return [each for each in parts if len(each) >= PART]


def digits_of(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())


def partly(text: str) -> str:
    """The digits of a search that may be part of a number; empty when they are too few, or the zeros are a key's."""
    digits = digits_of(text)
    return digits if len(digits.lstrip("0")) >= PART and not digits.startswith("00") else ""


class CarteraQuerySet(models.QuerySet):
    def active(self) -> CarteraQuerySet:
        return self.filter(is_active=True)

    def hold(self, pk: int) -> Any:
        """The cartera, which nobody deactivates or activates until the transaction ends; others may hold it too."""
        return hold_row(self, pk)  # type: ignore[type-var]

    def named(self, name: str) -> Any:
        """The cartera of this name, whatever its accents, case and composition; None without one."""
        return self.alias(folded=Fold("name")).filter(folded=fold(" ".join(name.split()))).first()


class CaseStatusQuerySet(models.QuerySet):
    def active(self) -> CaseStatusQuerySet:
        return self.filter(is_active=True)

    def default_of(self, stage: str) -> Any:
        """The status that rules set when they move a case to this stage. Runs a query."""
        return self.get(stage=stage, is_stage_default=True)

    def working(self) -> Any:
        """`en-gestion`, the status of a case after its promise has ended (DESIGN §3.5). Runs a query."""
        return self.get(slug=WORKING_SLUG)

    def arranged(self) -> Any:
        """`con-arreglo`, the status of a case with an active arrangement (DESIGN §3.8). Runs a query."""
        return self.get(slug=ARRANGED_SLUG)

    def waived(self) -> Any:
        """`pagada-con-quita`, that of a case which a waiver settled. Runs a query."""
        return self.get(slug=WAIVED_SLUG)


class DebtorQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> DebtorQuerySet:
        """Everybody for an admin, for a gestor the people of whom they hold a debt (DESIGN §2)."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_admin:
            return self.all()
        cases = apps.get_model("cases", "Case").objects.filter(assigned_to=user.pk)
        return self.filter(pk__in=cases.values("debtor")) if user.is_gestor else self.none()

    def search(self, text: str) -> DebtorQuerySet:
        """Debtors by DNI, CUIT, phone or words of the name; accents and case do not matter."""
        text = text.replace("\x00", "").strip()
        if not text:
            return self.none()
        if is_number(text):
            digits = digits_of(text)
            # A CUIL contains the DNI, so it also finds a person stored with the DNI alone.
            dnis = {digits.lstrip("0"), document_of(text).dni}
            by_document = self.filter(Q(dni__in=dnis) | Q(cuit=digits))
            by_phone = self.filter(phones__number__in=phone_variants(text))
            found = by_document.order_by().values("pk").union(by_phone.order_by().values("pk"))
            if not (part := partly(text)):
                return self.filter(pk__in=found)
            # Read at once: with the few that match, the database needs no second guess about the others.
            pks = set(found.values_list("pk", flat=True))
            pks |= set(self.order_by().filter(with_digits(part)).values_list("pk", flat=True)[:PARTIAL_MATCHES])
            for phone in phone_parts(part):
                by_part = self.order_by().annotate(digits=phone_text("phones__number")).filter(digits__contains=phone)
                pks |= set(by_part.values_list("pk", flat=True)[:PARTIAL_MATCHES])
            return self.filter(pk__in=pks)
        return with_words(self, text)


class DebtorPhoneQuerySet(models.QuerySet):
    def usable(self) -> DebtorPhoneQuerySet:
        """Phones that are not marked as bad, the good ones first."""
        return self.exclude(state="bad").order_by(When_Case(When(state="good", then=0), default=1), "id")

    def offered(self) -> DebtorPhoneQuerySet:
        """The usable ones but for those of the workplace, where other people answer (DESIGN §3.6)."""
        return self.usable().exclude(kind="work")


class CaseQuerySet(models.QuerySet):
    # Whose cases these are (id), where they are those of one gestor: a search then looks at their people alone.
    holder: int | None = None

    def _clone(self) -> CaseQuerySet:
        clone = super()._clone()  # type: ignore[misc]
        clone.holder = self.holder
        return clone

    def visible_to(self, user: User) -> CaseQuerySet:
        """Every case for an admin, the assigned ones for a gestor, none for anybody else (DESIGN §2)."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_admin:
            return self.all()
        if not user.is_gestor:
            return self.none()
        own = self.filter(assigned_to=user)
        own.holder = user.pk
        return own

    def listed(self) -> CaseQuerySet:
        """With the relations that every list of cases shows."""
        return self.select_related("debtor", "cartera", "status", "assigned_to")

    def opened(self) -> CaseQuerySet:
        """`listed`, and whether the person has what most have none of, on any debt: their screen does not ask again."""
        debts, own = {"case__debtor": OuterRef("debtor")}, {"debtor": OuterRef("debtor")}
        models = {name: apps.get_model("cases", name) for name in ("Promise", "Arrangement", "Document", "StopFlag")}
        return self.listed().annotate(
            has_promises=Exists(models["Promise"].objects.filter(**debts)),
            has_plans=Exists(models["Arrangement"].objects.filter(**debts)),
            has_papers=Exists(models["Document"].objects.filter(**debts)),
            has_stops=Exists(models["StopFlag"].objects.standing().filter(**own)),
        )

    def books(self) -> Any:
        """What a settlement asks of each case, in one statement: `owed` (ARS; None without entries), `paid_on` of
        the last payment that stands, and whether there is any promise or arrangement that it may change.
        """
        models = {name: apps.get_model("cases", name).objects for name in ("LedgerEntry", "Promise", "Arrangement")}
        own = {name: rows.filter(case=OuterRef("pk")).order_by() for name, rows in models.items()}
        sums = own["LedgerEntry"].signed().values("case").annotate(total=Sum("signed_amount")).values("total")
        paid = own["LedgerEntry"].effective_payments().order_by("-value_date").values("value_date")
        return self.order_by().values(
            "pk",
            owed=Subquery(sums),
            paid_on=Subquery(paid[:1]),
            has_promises=Exists(own["Promise"].exclude(status="cancelled")),
            has_plans=Exists(own["Arrangement"].exclude(status__in=["cancelled", "rejected"])),
        )

    def open(self) -> CaseQuerySet:
        return self.filter(stage__in=OPEN_STAGES)

    def stopped(self) -> CaseQuerySet:
        return self.open().filter(stopped_at__isnull=False)

    def worked(self) -> CaseQuerySet:
        """Open cases of active carteras: what queues, alerts and shares are about."""
        return self.open().filter(in_active_cartera=True)

    def split_people(self, gestores: Any) -> Any:
        """`debtor` of the people whose open debts several of these gestores hold, in order."""
        held = self.worked().filter(assigned_to__in=gestores).order_by()
        counted = held.values("debtor").annotate(lowest=Min("assigned_to"), highest=Max("assigned_to"))
        return counted.filter(lowest__lt=F("highest")).order_by("debtor")

    def unassigned(self) -> CaseQuerySet:
        return self.filter(assigned_to__isnull=True)

    def in_queue(self, gestor: User, now: datetime | None = None) -> CaseQuerySet:
        """The eligible cases of a gestor, in the order of the queue (DESIGN §4)."""
        return self.filter(assigned_to=gestor).due(now or timezone.now())

    def due(self, now: datetime) -> CaseQuerySet:
        """The eligible cases, in the order of the queue, which is one of a single gestor."""
        eligible = self.worked().filter(Q(next_action_at__lte=now) | Q(next_action_at__isnull=True), stopped_at=None)
        return eligible.order_by("queue_band", F("next_action_at").asc(nulls_last=True), "-balance", "id")

    def one_a_person(self) -> CaseQuerySet:
        """Of these cases the one that stands for each person: first band, then larger balance, then id (DESIGN §4).

        Computed, because who is eligible changes with the clock, without a write. The database walks the index of the
        queue and looks, for each case of a page, for a better one of the same person. Filter by band and place
        afterwards: what is filtered before decides which cases of a person count.
        """
        same_band = Q(queue_band=OuterRef("queue_band"))
        larger = Q(balance__gt=OuterRef("balance")) | Q(balance=OuterRef("balance"), id__lt=OuterRef("id"))
        better = Q(queue_band__lt=OuterRef("queue_band")) | (same_band & larger)
        return self.filter(~Exists(self.order_by().filter(better, debtor=OuterRef("debtor"))))

    def work_first(self, now: datetime) -> CaseQuerySet:
        """The eligible cases in the order of the queue (DESIGN §4), then the others by next action."""
        due = Q(next_action_at__lte=now) | Q(next_action_at__isnull=True)
        eligible = Q(stage__in=OPEN_STAGES, stopped_at__isnull=True, in_active_cartera=True) & due
        band = When_Case(
            When(eligible, then=F("queue_band")),
            default=Value(NOT_IN_QUEUE),
            output_field=models.SmallIntegerField(),
        )
        balance = When_Case(
            When(eligible, then=F("balance")),
            default=Value(0),
            output_field=models.DecimalField(max_digits=15, decimal_places=2),
        )
        return self.order_by(band, F("next_action_at").asc(nulls_last=True), balance.desc(), "id")

    def ordered_by(self, ordering: str) -> CaseQuerySet:
        """By a field (descending with a `-`), then by id. Cases without a last payment come last on both databases."""
        name, is_descending = ordering.removeprefix("-"), ordering.startswith("-")
        nulls_last = True if name == "last_payment_date" else None  # elsewhere it would prevent the use of an index
        field = F(name).desc(nulls_last=nulls_last) if is_descending else F(name).asc(nulls_last=nulls_last)
        return self.order_by(field, "-id" if is_descending else "id")

    def by_next_action(self) -> CaseQuerySet:
        """In the order of the index `case_by_gestor`: for a common name, the database reads only its first entries."""
        return self.order_by(F("next_action_at").asc(nulls_last=True), "id")

    def after_in_queue(self, case: Any) -> CaseQuerySet:
        """The cases of a queue after the place that `case` has (or had when it was read). Runs no query."""
        due: dict[str, Any] = {"next_action_at": case.next_action_at}
        later = Q(next_action_at__gt=case.next_action_at) | Q(next_action_at__isnull=True)
        if case.next_action_at is None:
            due, later = {"next_action_at__isnull": True}, Q(pk__in=[])
        smaller = Q(balance__lt=case.balance) | Q(balance=case.balance, id__gt=case.pk)
        within = Q(queue_band=case.queue_band) & (later | (Q(**due) & smaller))
        return self.filter(queue_band__gte=case.queue_band).filter(Q(queue_band__gt=case.queue_band) | within)

    def before_in_queue(self, case: Any) -> CaseQuerySet:
        """The cases of a queue before the place that `case` has, the nearest first. Runs no query."""
        due: dict[str, Any] = {"next_action_at": case.next_action_at}
        earlier = Q(next_action_at__lt=case.next_action_at)
        if case.next_action_at is None:
            due, earlier = {"next_action_at__isnull": True}, Q(next_action_at__isnull=False)
        larger = Q(balance__gt=case.balance) | Q(balance=case.balance, id__lt=case.pk)
        within = Q(queue_band=case.queue_band) & (earlier | (Q(**due) & larger))
        return self.filter(queue_band__lte=case.queue_band).filter(Q(queue_band__lt=case.queue_band) | within).reverse()

    def count_by_band(self) -> dict[int, int]:
        """The number of cases of each band that is not empty. Runs a query."""
        return dict(self.order_by().values_list("queue_band").annotate(count=Count("pk")))

    def people_by_band(self) -> dict[int, int]:
        """The number of people whose first band is each one, where there are any. Runs a query."""
        people = self.order_by().values("debtor").annotate(band=Min("queue_band"))
        counts = people.aggregate(**{f"band_{band}": Count("debtor", filter=Q(band=band)) for band in Band})
        return {int(band): counts[f"band_{band}"] for band in Band if counts[f"band_{band}"]}

    def idle(self, since: datetime) -> CaseQuerySet:
        """Open cases without a gestión after `since`; an untouched case counts from its creation."""
        untouched = Q(last_activity_at__isnull=True, created_at__lt=since)
        return self.worked().filter(Q(last_activity_at__lt=since) | untouched, stopped_at__isnull=True)

    def search(self, text: str) -> CaseQuerySet:
        """Cases by nro_cliente, DNI, CUIT, phone or name; a text that is the key of a case finds only that key.

        Numbers become a union of index look-ups. Words run a query at once, to see whether they are a key.
        """
        text = text.replace("\x00", "").strip()
        if not text:
            return self
        if is_number(text):
            return self._with_number(text)
        with_key = self.filter(nro_cliente=text)
        if with_key.exists():
            return with_key
        may_be_key = " " not in text and any(char.isdecimal() for char in text) and len(text) >= PART - 1
        if may_be_key and (pks := [*self.with_key(text)[:PARTIAL_MATCHES], *self.with_extra(text)[:PARTIAL_MATCHES]]):
            return self.filter(pk__in=pks)
        return self._with_words(text)

    def _with_words(self, text: str) -> CaseQuerySet:
        """By name, at a cost that no name decides: of one gestor's people, those with the words; else the few people
        who have several words. What is left to the database are common names among all cases, which it finds at once in
        the order of the list, and single rare ones, for which it has an index. Several words run a query.
        """
        debtors, words = apps.get_model("cases", "Debtor").objects.order_by(), words_of(text)
        if not words:
            return self.none()
        if self.holder is not None:
            held = self.model._base_manager.filter(assigned_to=self.holder).order_by()
            people = with_words(debtors.filter(Among("pk", held.values("debtor"))), text)
            return self.filter(Among("debtor", people.values("pk")))
        if len(words) > 1:
            # It takes the words for independent, and would look for people who may not exist in the order of the list.
            people = debtors.filter(Among("pk", with_words(debtors, text).values("pk")))
            pks = list(people.values_list("pk", flat=True)[: PARTIAL_MATCHES + 1])
            if len(pks) <= PARTIAL_MATCHES:
                return self.filter(debtor__in=pks)
        return with_words(self, text, "debtor__")

    def with_key(self, text: str) -> Any:
        """`pk` of the cases whose key is this text, or begins with it; zeros in front count only where they are typed.

        The beginning is a matter of four digits or more, or of three characters with a letter.
        """
        start = text.upper().lstrip("0")
        keyed = self.order_by().annotate(key=key_text())
        if not start or len(text) < (PART if start.isdecimal() else PART - 1):
            return keyed.filter(key=start).values_list("pk", flat=True)
        found = keyed.filter(key__startswith=start)
        if text.startswith("0"):
            found = found.filter(Q(nro_cliente__istartswith=text) | Q(key=start))
        return found.values_list("pk", flat=True)

    def with_extra(self, text: str) -> Any:
        """`pk` of the cases of which the creditor says a text with these letters and digits in what is searched of it
        (`Case.extra_text`): four or more, a digit among them, so that a name looks at names alone.
        """
        part = compact(text)
        if len(part) < PART or not any(char.isdecimal() for char in part):
            return self.none().values_list("pk", flat=True)
        return self.order_by().exclude(extra_text="").filter(extra_text__contains=part).values_list("pk", flat=True)

    def _with_number(self, text: str) -> CaseQuerySet:
        """By key, document or phone, whole or in part. Runs a few queries at once, each an index look-up: their union
        inside of one query would be planned for a whole table.
        """
        debtors = apps.get_model("cases", "Debtor").objects
        own = self.order_by()
        pks = set(self.with_key(text)[:PARTIAL_MATCHES]) | set(self.with_extra(text)[:PARTIAL_MATCHES])
        digits = digits_of(text)
        dnis = {digits.lstrip("0"), document_of(text).dni}
        people = debtors.filter(Q(dni__in=dnis) | Q(cuit=digits)).order_by().values("pk")
        callers = debtors.filter(phones__number__in=phone_variants(text)).order_by().values("pk")
        pks |= set(own.filter(debtor__in=people.union(callers)).values_list("pk", flat=True))
        if part := partly(text):
            with_dni = debtors.filter(with_digits(part)).order_by().values("pk")
            pks |= set(own.filter(debtor__in=with_dni).values_list("pk", flat=True)[:PARTIAL_MATCHES])
            for phone in phone_parts(part):
                by_part = own.annotate(digits=phone_text("debtor__phones__number")).filter(digits__contains=phone)
                pks |= set(by_part.values_list("pk", flat=True)[:PARTIAL_MATCHES])
        return self.filter(pk__in=pks)


class CaseOwnedQuerySet(models.QuerySet):
    """Rows that belong to a case, visible to the users who see the case."""

    def visible_to(self: Owned, user: User) -> Owned:
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_admin:
            return self.all()
        return self.filter(case__assigned_to=user) if user.is_gestor else self.none()

    def search(self: Owned, text: str) -> Owned:
        """Rows of the cases that `CaseQuerySet.search` finds, in the same two ways. Words run a query at once."""
        text = text.replace("\x00", "").strip()
        if not text:
            return self
        cases = self.model._meta.get_field("case").related_model.objects
        if is_number(text) or cases.filter(nro_cliente=text).exists():
            return self.filter(case__in=cases.search(text).values("pk"))
        return with_words(self, text, "case__debtor__")


class LedgerEntryQuerySet(CaseOwnedQuerySet):
    def update(self, **kwargs: Any) -> int:
        raise TypeError("The ledger is append-only: post a reversal or an adjustment.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("The ledger is append-only: post a reversal or an adjustment.")

    def signed(self) -> LedgerEntryQuerySet:
        """With `signed_amount`: what each entry adds to the balance of its case, in ARS."""
        return self.annotate(signed_amount=When_Case(When(kind=Kind.PAYMENT, then=-F("amount")), default=F("amount")))

    def recovered(self, start: date, end: date) -> LedgerEntryQuerySet:
        """The payments and reversals with a value date from `start` to `end`, both included (DESIGN §6)."""
        return self.filter(RECOVERED, value_date__range=(start, end))

    def recovered_by(self, gestor: User, start: date, end: date) -> LedgerEntryQuerySet:
        """`recovered`, only the entries credited to a gestor."""
        return self.recovered(start, end).filter(credited_to=gestor)

    def effective_payments(self) -> LedgerEntryQuerySet:
        """Payments without a reversal, for questions about some cases (see NO_PAYMENT)."""
        return self.exclude(kind__in=NO_PAYMENT).filter(reversal__isnull=True)

    def latest_by_case(self) -> dict[int, date]:
        """The latest value date of the entries of each case, by case id. Runs a query."""
        return dict(self.order_by().values_list("case_id").annotate(latest=Max("value_date")))


class SavedListQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> SavedListQuerySet:
        """One's own and those that are shared; none for who works no cases."""
        if not user.is_authenticated or not user.is_active or not (user.is_admin or user.is_gestor):
            return self.none()
        return self.filter(Q(owner=user) | Q(shared=True))

    def listed(self) -> SavedListQuerySet:
        return self.select_related("owner").order_by("name", "id")


class StopFlagQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> StopFlagQuerySet:
        """Every stop for an admin; those of the people of whom a gestor holds a debt."""
        people = apps.get_model("cases", "Debtor").objects.visible_to(user)
        return self.filter(debtor__in=people.values("pk"))

    def standing(self) -> StopFlagQuerySet:
        return self.filter(lifted_at__isnull=True)

    def stopping(self) -> StopFlagQuerySet:
        """Standing stops of every channel: those that take debts out of queues and bulk runs."""
        return self.standing().filter(channel=Channel.ALL)

    def of_case(self, case: Any) -> StopFlagQuerySet:
        """The stops of the person and of this debt of theirs."""
        return self.filter(Q(case__isnull=True) | Q(case=case.pk), debtor=case.debtor_id)


class ActivityResultQuerySet(models.QuerySet):
    def active(self) -> ActivityResultQuerySet:
        return self.filter(is_active=True)


class ActivityQuerySet(CaseOwnedQuerySet):
    def standing(self) -> ActivityQuerySet:
        """Without the voided ones; timelines, counts and KPIs use this."""
        return self.filter(voided_at__isnull=True)

    def by_people(self) -> ActivityQuerySet:
        return self.standing().filter(is_system=False)

    def with_parts(self) -> ActivityQuerySet:
        """With what each one recorded beside its result, null for nothing: `paid` and `promised` (ARS), `promised_on`,
        `plan_status` and `plan_instalments`. For a few rows: five look-ups each.
        """

        def part(model: str, name: str, *only: Q) -> Subquery:
            rows = apps.get_model("cases", model).objects.filter(*only, activity=OuterRef("pk"))
            return Subquery(rows.order_by("-pk").values(name)[:1])

        return self.annotate(
            paid=part("LedgerEntry", "amount", ~Q(kind__in=NO_PAYMENT)),
            promised=part("Promise", "amount"),
            promised_on=part("Promise", "promise_date"),
            plan_status=part("Arrangement", "status"),
            plan_instalments=part("Arrangement", "instalments"),
        )


class PromiseQuerySet(CaseOwnedQuerySet):
    def pending(self) -> PromiseQuerySet:
        """For questions about some cases (see NO_PAYMENT)."""
        return self.exclude(status__in=NOT_PENDING)

    def pending_of_all(self) -> PromiseQuerySet:
        """The same for questions about all cases, which the index `promise_due` answers."""
        return self.filter(status="pending")

    def computed(self) -> PromiseQuerySet:
        """Promises whose outcome follows from the ledger: neither cancelled nor historic (DESIGN §3.3)."""
        return self.exclude(status="cancelled").filter(is_historic=False)


def waived_in_all() -> Subquery:
    """What an arrangement has forgiven by now, in ARS, positive; null for nothing."""
    entries = apps.get_model("cases", "LedgerEntry").objects.filter(reason="waiver", arrangement=OuterRef("pk"))
    return Subquery(entries.order_by().values("arrangement").annotate(total=-Sum("amount")).values("total"))


class ArrangementQuerySet(CaseOwnedQuerySet):
    def active(self) -> ArrangementQuerySet:
        """For questions about some cases (see NO_PAYMENT)."""
        return self.exclude(status__in=NOT_ACTIVE)

    def active_of_all(self) -> ArrangementQuerySet:
        """The same for questions about all cases, which the index `arrangement_to_look_at` answers."""
        return self.filter(status="active")

    def awaiting(self) -> ArrangementQuerySet:
        """Requests that wait for an admin, the oldest first; those that have expired too, until they are looked at."""
        return self.filter(status="awaiting_approval").order_by("created_at", "id")

    def standing(self, now: datetime) -> ArrangementQuerySet:
        """Of proposals and requests those that have not expired by now."""
        since = local_date(now) - timedelta(days=settings.PROPOSAL_DAYS)
        return self.filter(created_at__gte=start_of_day(since))

    def computed(self) -> ArrangementQuerySet:
        """Those whose outcome follows from the ledger: accepted and neither cancelled nor historic (DESIGN §3.8)."""
        return self.filter(status__in=["active", "completed", "lapsed"], is_historic=False)

    def accepted(self) -> ArrangementQuerySet:
        return self.filter(accepted_at__isnull=False)

    def restated(self, since: date = date.min) -> ArrangementQuerySet:
        """Active ones on whose case the creditor stated another total, on `since` or later (DESIGN §3.8)."""
        return self.active_of_all().filter(restated_on__gte=since)

    def kept_ended(self, since: date) -> ArrangementQuerySet:
        """Those that stay ended since that day or later, though their ledger says otherwise (DESIGN §3.8)."""
        return self.filter(stays_ended_since__gte=since)

    def waived_beyond(self) -> ArrangementQuerySet:
        """Completed ones that forgave more than was agreed, because the creditor had added to the debt."""
        agreed = When_Case(
            When(base_balance__gt=F("agreed_total"), then=F("base_balance") - F("agreed_total")),
            default=Value(Decimal("0.00")),
            output_field=models.DecimalField(max_digits=15, decimal_places=2),
        )
        # Half a cent: SQLite sums in floating point.
        found = self.filter(status="completed", is_historic=False).annotate(
            waived=waived_in_all(), agreed_waiver=agreed
        )
        return found.filter(waived__gt=F("agreed_waiver") + Decimal("0.005"))


class InstalmentQuerySet(models.QuerySet):
    def asked(self) -> InstalmentQuerySet:
        """The unpaid ones of arrangements that run: what is asked of the debtor, as a pending promise is.

        In the words of the index `instalment_unpaid`.
        """
        return self.exclude(status="paid").filter(arrangement__status="active")


class OfferQuerySet(models.QuerySet):
    def for_case(self, case: Any, months: int) -> OfferQuerySet:
        """The active offers of the cartera of a case and those of all, which its months in arrears reach."""
        ours = Q(cartera__isnull=True) | Q(cartera=case.cartera_id)
        return self.filter(ours, is_active=True, arrears_from_months__lte=months).order_by("position", "id")


class DiscountLimitQuerySet(models.QuerySet):
    def for_cartera(self, cartera_id: int) -> DiscountLimitQuerySet:
        """The rows of a cartera and the general ones; which of them apply is `rules.arrangements.limit_of_role`."""
        return self.filter(Q(cartera__isnull=True) | Q(cartera=cartera_id)).order_by("id")


class DocumentQuerySet(CaseOwnedQuerySet):
    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("A paper that was issued is voided, not deleted.")

    def valid(self) -> DocumentQuerySet:
        """Those that were not voided."""
        return self.filter(voided_at__isnull=True)

    def listed(self) -> DocumentQuerySet:
        """Newest first, without what a list does not show: the file and its words."""
        return self.defer("file", "content", "texts").select_related("issued_by").order_by("-id")
