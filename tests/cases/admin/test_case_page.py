"""Adding, editing and deleting a case in the admin: through the services, never past their rules."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from accounts.models import AuditEvent
from cases import services
from cases.models import Activity, Case, Debtor, LedgerEntry
from nova.lib import dates
from tests.factories import ActivityFactory, CarteraFactory, CaseFactory, DebtorFactory, PromiseFactory, status
from tests.queries import queries_do_not_grow
from tests.steps import pay

pytestmark = pytest.mark.django_db
EDITED = ["nro_cliente", "entity", "initial_amount", "next_action_at", "notes", "status", "assigned_to"]


def url(case, page="change"):
    return f"/admin/cases/case/{case.pk}/{page}/"


def posted(client, case, **typed):
    """What a browser posts after reading the page and typing over some fields."""
    form = client.get(url(case)).context["adminform"].form
    data = {"read_version": str(form["read_version"].value())}
    for name in EDITED:
        field = form[name].field
        for key, widget in ((name, field.widget), (f"initial-{name}", field.hidden_widget())):
            value = widget.format_value(form[name].value())
            data[key] = (value[0] if value else "") if isinstance(value, list) else value or ""
    return {**data, **typed}


def test_adding_posts_the_placement(admin_client, admin_user, gestor_user):
    cartera, debtor = CarteraFactory(), DebtorFactory()
    response = admin_client.post(
        "/admin/cases/case/add/",
        {
            "cartera": cartera.pk,
            "debtor": debtor.pk,
            "nro_cliente": "A-1",
            "amount": "$ 12.345,60",
            "placed_on": f"{dates.today():%d/%m/%Y}",
            "assigned_to": gestor_user.pk,
        },
    )
    assert response.status_code == 302
    case = Case.objects.get()
    assert (case.amount, case.balance, case.assigned_to) == (Decimal("12345.60"), Decimal("12345.60"), gestor_user)
    entry = LedgerEntry.objects.get()
    assert (entry.kind, entry.amount, entry.created_by) == ("placement", Decimal("12345.60"), admin_user)
    assert AuditEvent.objects.filter(action="placement", target_id=case.pk, actor=admin_user).exists()


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"amount": "0"}, "amount"), ({"amount": "mucho"}, "amount"), ({"placed_on": "01/01/2999"}, "placed_on")],
)
def test_adding_refuses_what_is_wrong_in_words(admin_client, typed, field):
    data = {"cartera": CarteraFactory().pk, "debtor": DebtorFactory().pk, "amount": "1", "placed_on": "01/01/2020"}
    response = admin_client.post("/admin/cases/case/add/", {**data, **typed})
    assert field in response.context["adminform"].form.errors
    assert not Case.objects.exists()


def test_a_key_already_used_in_the_cartera_is_refused(admin_client):
    other = CaseFactory(nro_cliente="7")
    data = {"cartera": other.cartera_id, "debtor": DebtorFactory().pk, "amount": "1", "placed_on": "01/01/2020"}
    response = admin_client.post("/admin/cases/case/add/", {**data, "nro_cliente": "7"})
    assert "ya tiene un caso con ese número" in response.content.decode()
    case = CaseFactory(cartera=other.cartera, nro_cliente="8")
    response = admin_client.post(url(case), posted(admin_client, case, nro_cliente="7"))
    assert response.status_code == 422
    assert "ya tiene un caso con ese número" in response.content.decode()


def test_edit_writes_fields_status_and_gestor_with_their_records(admin_client, admin_user, gestor_user):
    case = CaseFactory()
    data = posted(admin_client, case, notes="Cuidado", status=status("contactado").pk, assigned_to=gestor_user.pk)
    assert admin_client.post(url(case), data).status_code == 302
    case.refresh_from_db()
    assert (case.notes, case.status.slug, case.assigned_to) == ("Cuidado", "contactado", gestor_user)
    assert set(AuditEvent.objects.filter(target_type="case", target_id=case.pk).values_list("action", flat=True)) == {
        "edited",
        "status",
        "assigned",
    }
    assert {activity.type for activity in case.activities.all()} == {Activity.Type.STATUS, Activity.Type.NOTE}


@pytest.mark.parametrize("next_action_at", [None, datetime(2026, 11, 25, 13, 5, 33, 700, tzinfo=UTC)])
def test_saving_without_a_change_writes_nothing(admin_client, next_action_at):
    """Not even the seconds of a moment that the page shows to the minute."""
    case = CaseFactory(next_action_at=next_action_at)
    before = Case.objects.values().get()
    assert admin_client.post(url(case), posted(admin_client, case)).status_code == 302
    assert Case.objects.values().get() == before
    assert not AuditEvent.objects.filter(target_type="case").exists()


def test_money_cannot_be_typed(admin_client):
    case = CaseFactory()
    data = posted(admin_client, case, notes="x", amount="1", balance="1", creditor_total="1")
    admin_client.post(url(case), data)
    case.refresh_from_db()
    assert (case.amount, case.balance, case.creditor_total) == (Decimal(10000), Decimal(10000), Decimal(10000))


def test_a_case_with_debt_is_not_paid_by_hand(admin_client):
    case = CaseFactory()
    data = posted(admin_client, case, status=status("pagada").pk, notes="nota escrita")
    response = admin_client.post(url(case), data)
    assert response.status_code == 422
    page = response.content.decode()
    assert "El caso tiene saldo" in page
    assert "nota escrita" in page
    case.refresh_from_db()
    assert (case.status.slug, case.notes) == ("sin-gestion", ""), "nothing of it is written"


def test_stale_form_says_what_changed_and_keeps_what_was_typed(admin_client, gestor_user):
    case = CaseFactory(notes="vieja", entity="Banco", next_action_at=datetime(2026, 11, 25, 13, 5, 33, tzinfo=UTC))
    data = posted(admin_client, case, notes="lo que escribí")
    services.edit_case(case=case, by=gestor_user, changes={"notes": "lo del otro", "entity": "Financiera"})
    response = admin_client.post(url(case), data)
    assert response.status_code == 409
    page = response.content.decode()
    assert "Otra persona cambió el caso" in page
    assert "lo del otro" in page
    assert [label for label, _read, _now in response.context["conflict"]] == ["Entidad", "Notas"], "and nothing else"
    assert ">lo que escribí</textarea>" in page.replace("\r\n", "").replace("\n", "")
    assert 'value="Financiera"' in page, "what this person did not touch is the other's"
    case.refresh_from_db()
    assert case.notes == "lo del otro"
    form = response.context["adminform"].form
    again = {**data, **{name: form[name].data for name in ["notes", "entity", "read_version"]}}
    again |= {f"initial-{name}": form.data[f"initial-{name}"] for name in EDITED}
    assert admin_client.post(url(case), again).status_code == 302
    case.refresh_from_db()
    assert (case.notes, case.entity) == ("lo que escribí", "Financiera")


def test_stale_form_writes_moments_as_people_do(admin_client, gestor_user):
    case = CaseFactory(next_action_at=datetime(2026, 11, 25, 13, 5, tzinfo=UTC))
    data = posted(admin_client, case, notes="x")
    moved = {"next_action_at": datetime(2026, 11, 26, 3, 0, tzinfo=UTC)}
    services.edit_case(case=case, by=gestor_user, changes=moved)
    response = admin_client.post(url(case), data)
    assert response.context["conflict"] == [("Próxima acción", "mié 25/11/2026 10:05", "jue 26/11/2026")]


def test_page_shows_a_screen_of_history_and_where_the_rest_is(admin_client, gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    ActivityFactory.create_batch(12, case=case)
    PromiseFactory(case=case)
    response = admin_client.get(url(case))
    ledger, promises, activities = response.context["history"]
    assert [len(panel.rows) for panel in (ledger, promises, activities)] == [1, 1, 8]
    assert f"/admin/cases/activity/?case__id__exact={case.pk}" in response.content.decode()
    assert admin_client.get(activities.more).context["cl"].result_count == 12


def test_history_adds_no_queries(admin_client, gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    ActivityFactory(case=case)
    pay(case, 10, by=gestor_user)
    admin_client.get(url(case))

    def more():
        ActivityFactory.create_batch(4, case=case)
        for _ in range(4):
            pay(case, 10, by=gestor_user)

    assert queries_do_not_grow(lambda: admin_client.get(url(case)), more) <= 16


def test_untouched_case_is_deleted_with_its_placement_and_debtor(admin_client):
    case = CaseFactory()
    assert "¿Está seguro" in admin_client.get(url(case, "delete")).content.decode()
    assert admin_client.post(url(case, "delete"), {"post": "yes"}).status_code == 302
    assert not Case.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert not Debtor.objects.exists()


def test_case_with_history_is_not_deleted_and_the_page_says_what_to_do(admin_client):
    case = ActivityFactory().case
    page = admin_client.get(url(case, "delete")).content.decode()
    assert "De baja" in page
    assert 'name="post"' not in page
    assert admin_client.post(url(case, "delete"), {"post": "yes"}).status_code == 200
    assert Case.objects.filter(pk=case.pk).exists()


def test_inactive_gestor_stays_where_they_are_and_is_not_given_more(admin_client, gestor_user, other_gestor):
    case, free = CaseFactory(assigned_to=gestor_user), CaseFactory()
    gestor_user.is_active = False
    gestor_user.save()
    assert admin_client.post(url(case), posted(admin_client, case, notes="x")).status_code == 302
    response = admin_client.post(url(free), posted(admin_client, free, assigned_to=gestor_user.pk))
    assert "assigned_to" in response.context["adminform"].form.errors
