"""The audit trail and the history of log-ins in the Django admin: read-only, in Spanish, of any size."""

import pytest
from auditlog.models import LogEntry
from axes.models import AccessFailureLog
from django.apps import apps
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, User
from accounts.trail import changes_table, shown
from tests import factories
from tests.queries import queries_do_not_grow, queries_of
from tests.steps import log_in

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/auditevent/"


def test_event_shows_before_and_after(admin_client: Client, admin_user: User) -> None:
    case = factories.CaseFactory()
    event = audit.record(
        AuditEvent.Action.STATUS,
        by=admin_user,
        target=case,
        before={"status": "sin-gestion", "next_action_at": None, "queue_band": 5},
        after={"status": "contactado", "next_action_at": "2026-11-25T03:00:00Z", "queue_band": 5},
        address="203.0.113.5",
    )

    page = admin_client.get(f"{LIST}{event.pk}/change/").text

    assert '<tr class="changed"><th scope="row">estado</th><td>sin-gestion</td><td>contactado</td></tr>' in page
    assert '<th scope="row">próxima acción</th><td>—</td><td>25/11/2026 00:00</td>' in page
    assert '<tr><th scope="row">prioridad</th><td>5</td><td>5</td></tr>' in page
    assert "203.0.113.5" in page
    assert f"caso {case.pk}" in page


def test_markup_in_the_trail_is_text(admin_client: Client) -> None:
    event = audit.record("login_failed", by=None, label="<script>x</script>", after={"<kbd>": "<samp>"})

    page = admin_client.get(f"{LIST}{event.pk}/change/").text + admin_client.get(LIST).text

    assert "<script>x" not in page
    assert "<kbd>" not in page
    assert "<samp>" not in page


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        ("", "—"),
        ("None", "—"),
        (True, "Sí"),
        ("False", "No"),
        (1, "1"),
        (0, "0"),
        ("2026-11-24", "24/11/2026"),
        ("2026-99-99", "2026-99-99"),
        ("1500.50", "1500.50"),
        ({"created": 2}, "created: 2"),
        (["a", None], "a, —"),
    ],
)
def test_values_are_shown_as_people_write_them(value: object, text: str) -> None:
    assert shown(value) == text


def test_nothing_to_show_is_a_dash() -> None:
    assert changes_table({}, {}) == "—"


def test_trail_is_found_by_label_action_and_date(admin_client: Client) -> None:
    audit.record("login_failed", by=None, label="intruso")
    audit.record("import", by=None, label="cartera.csv")

    assert "cartera.csv" not in admin_client.get(f"{LIST}?q=intru").text
    assert "intruso" not in admin_client.get(f"{LIST}?action__exact=import").text
    assert "intruso" in admin_client.get(LIST).text


@pytest.mark.parametrize(
    "model", ["accounts/auditevent", "axes/accesslog", "axes/accessfailurelog", "auditlog/logentry"]
)
def test_history_cannot_be_written(admin_client: Client, gestor_user: User, model: str) -> None:
    log_in(admin_client, "nadie", "x")
    log_in(admin_client, "ana.admin")
    row = apps.get_model(model.replace("/", ".")).objects.latest("pk")

    assert admin_client.get(f"/admin/{model}/").status_code == 200
    assert admin_client.get(f"/admin/{model}/add/").status_code == 403
    assert admin_client.post(f"/admin/{model}/{row.pk}/change/", {}).status_code == 403
    assert admin_client.post(f"/admin/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    row.refresh_from_db()


def test_list_of_many_costs_the_same(admin_client: Client) -> None:
    def more(count: int) -> None:
        audit.record_many(audit.event("login", by=factories.UserFactory(), label=str(n)) for n in range(count))

    more(1)
    few = queries_do_not_grow(lambda: admin_client.get(LIST), lambda: more(50))
    more(100)
    assert len(queries_of(lambda: admin_client.get(LIST))) <= few + 1  # the page's keys are found before its rows
    assert "?p=2" in admin_client.get(LIST).text


def test_titles_are_spanish(admin_client: Client) -> None:
    log_in(admin_client, "ana.admin")
    page = admin_client.get("/admin/").text + admin_client.get("/admin/axes/accesslog/").text

    for title in ["Historial de ingresos", "Ingresos fallidos", "Registros de auditoría", "Usuarios", "Ediciones"]:
        assert title in page
    assert "Access" not in page


def test_a_log_in_has_a_spanish_title(admin_client: Client) -> None:
    log_in(Client(), "nadie", "x")
    record = AccessFailureLog.objects.get()

    page = admin_client.get(f"/admin/axes/accessfailurelog/{record.pk}/change/").text

    assert f"nadie · {timezone.localtime(record.attempt_time):%d/%m/%Y %H:%M}" in page
    assert "Access" not in page


def test_money_and_counts_of_the_trail_are_in_words(admin_client: Client) -> None:
    after = {"created": 3, "total": "1234567.80", "balance": "-10.00", "amount": None}
    event = audit.record("import", by=None, label="cartera.csv", after=after)

    page = admin_client.get(f"{LIST}{event.pk}/change/").text

    assert '<th scope="row">creados</th><td>—</td><td>3</td>' in page
    assert '<th scope="row">importe total</th><td>—</td><td>$ 1.234.567,80</td>' in page
    assert '<th scope="row">saldo</th><td>—</td><td>-$ 10,00</td>' in page


def test_edits_tell_the_groups_and_leave_out_what_other_rows_say(admin_client: Client, user_user: User) -> None:
    user_user.groups.add(Group.objects.get(name="Administración de datos"))
    cartera = factories.CarteraFactory()
    groups = LogEntry.objects.get_for_object(user_user).filter(changes__has_key="groups").get()
    made = LogEntry.objects.get_for_object(cartera).get()

    page = admin_client.get(f"/admin/auditlog/logentry/{groups.pk}/change/").text
    assert '<th scope="row">grupos</th><td>—</td><td>Administración de datos</td>' in page
    assert timezone.localtime(groups.timestamp).strftime("%d/%m/%Y %H:%M") in page

    page = admin_client.get(f"/admin/auditlog/logentry/{made.pk}/change/").text
    assert cartera.name in page
    assert "cases.Case.None" not in page
