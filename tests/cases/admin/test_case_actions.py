"""Actions on the list of cases: each asks first, says what it did, and leaves an Activity and an audit record."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from accounts.models import AuditEvent
from cases.admin import case_actions
from cases.models import Activity, Case, Promise
from tests.factories import ActivityFactory, CarteraFactory, CaseFactory, GestorFactory, PromiseFactory, status
from tests.queries import queries_do_not_grow
from tests.steps import pay

pytestmark = pytest.mark.django_db
LIST = "/admin/cases/case/"


def ask(client, action, cases, query="", **extra):
    data = {"action": action, "index": "0", ACTION_CHECKBOX_NAME: [case.pk for case in cases], **extra}
    return client.post(LIST + query, data)


def answer(client, action, cases, query="", **extra):
    """The confirmation page posts the same without the index, with the count it showed."""
    data = {"action": action, ACTION_CHECKBOX_NAME: [case.pk for case in cases], "confirmed": str(len(cases)), **extra}
    return client.post(LIST + query, data, follow=True)


def texts(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


@pytest.mark.parametrize(
    "action", ["assign_to_gestor", "unassign", "share_among_gestores", "change_status", "delete_untouched"]
)
def test_each_action_asks_first_and_changes_nothing(admin_client, gestor_user, action):
    cases = CaseFactory.create_batch(3, assigned_to=gestor_user)
    response = ask(admin_client, action, cases)
    assert response.status_code == 200
    page = response.content.decode()
    assert "3 casos" in page
    assert str(cases[0].debtor) in page
    assert 'href="/admin/cases/case/"' in page, "a way out"
    assert set(Case.objects.values_list("assigned_to", "status__slug")) == {(gestor_user.pk, "sin-gestion")}
    assert not Activity.objects.exists()


def test_assign(admin_client, admin_user, gestor_user):
    cases = CaseFactory.create_batch(3)
    response = answer(admin_client, "assign_to_gestor", cases, gestor=gestor_user.pk)
    assert "Casos asignados: 3." in texts(response)
    assert set(Case.objects.values_list("assigned_to", flat=True)) == {gestor_user.pk}
    assert list(Activity.objects.values_list("is_system", "created_by")) == [(True, admin_user.pk)] * 3
    assert AuditEvent.objects.filter(action="assigned", actor=admin_user).count() == 3


@pytest.mark.parametrize("who", ["inactive", "admin", "nobody"])
def test_assign_refuses_whoever_is_no_active_gestor(admin_client, admin_user, who):
    inactive = GestorFactory(is_active=False)
    case = CaseFactory()
    chosen = {"inactive": inactive.pk, "admin": admin_user.pk, "nobody": ""}[who]
    response = answer(admin_client, "assign_to_gestor", [case], gestor=chosen)
    assert response.status_code == 422
    assert "gestor" in response.context["form"].errors
    case.refresh_from_db()
    assert case.assigned_to is None


def test_unassign_says_how_many_already_were(admin_client, gestor_user):
    cases = [CaseFactory(assigned_to=gestor_user), CaseFactory()]
    response = answer(admin_client, "unassign", cases)
    assert "Casos sin asignar: 1. 1 ya estaban así." in texts(response)
    assert not Case.objects.filter(assigned_to__isnull=False).exists()


def test_share_in_equal_parts_among_the_chosen(admin_client, gestor_user, other_gestor):
    outsider = GestorFactory()
    cases = CaseFactory.create_batch(5)
    answer(admin_client, "share_among_gestores", cases, gestores=[gestor_user.pk, other_gestor.pk])
    assert sorted([gestor_user.cases.count(), other_gestor.cases.count(), outsider.cases.count()]) == [0, 2, 3]


def test_share_among_everyone(admin_client, gestor_user, other_gestor):
    answer(admin_client, "share_among_gestores", CaseFactory.create_batch(4), everyone="on")
    assert (gestor_user.cases.count(), other_gestor.cases.count()) == (2, 2)


def test_share_asks_for_somebody(admin_client, gestor_user):
    response = answer(admin_client, "share_among_gestores", CaseFactory.create_batch(2))
    assert response.status_code == 422
    assert "Elija al menos un gestor" in response.content.decode()


def test_change_status_reports_the_refused_with_the_reason(admin_client, admin_user):
    owing, paid = CaseFactory(), CaseFactory()
    pay(paid, paid.amount, by=admin_user)
    response = answer(admin_client, "change_status", [owing, paid], status=status("contactado").pk)
    assert "Casos que cambiaron de estado: 1." in texts(response)
    assert f"Sin cambiar: 1. El caso no tiene saldo: ya está pagado. ({paid})" in texts(response)
    owing.refresh_from_db()
    assert owing.status.slug == "contactado"


def test_uncollectible_in_bulk_cancels_promises_as_one_by_one(admin_client):
    promise = PromiseFactory()
    answer(admin_client, "change_status", [promise.case], status=status("incobrable").pk)
    promise.refresh_from_db()
    assert promise.status == Promise.Status.CANCELLED
    event = AuditEvent.objects.get(action="status")
    assert (event.before["status"], event.after["status"]) == ("sin-gestion", "incobrable")


def test_everything_the_filter_finds_not_only_the_page(admin_client, gestor_user, monkeypatch):
    monkeypatch.setattr("cases.admin.case.CaseAdmin.list_per_page", 2)
    cartera = CarteraFactory()
    cases = CaseFactory.create_batch(5, cartera=cartera)
    other = CaseFactory()
    query = f"?cartera__id__exact={cartera.pk}"
    page = ask(admin_client, "assign_to_gestor", cases[:2], query, select_across="1")
    html = page.content.decode()
    assert "5 casos" in html
    assert html.count(f'name="{ACTION_CHECKBOX_NAME}"') == 1, "the filter says which, not a list of ids"
    answer(admin_client, "assign_to_gestor", cases[:1], query, gestor=gestor_user.pk, select_across="1", confirmed="5")
    assert gestor_user.cases.count() == 5
    other.refresh_from_db()
    assert other.assigned_to is None


def test_a_list_that_moved_meanwhile_is_asked_again(admin_client, gestor_user):
    cases = CaseFactory.create_batch(2)
    data = {"gestor": gestor_user.pk, "select_across": "1", "confirmed": "1"}
    response = answer(admin_client, "assign_to_gestor", cases, **data)
    assert response.status_code == 409
    assert "La lista cambió" in response.content.decode()
    assert gestor_user.cases.count() == 0


def test_too_many_are_refused_in_words(admin_client, monkeypatch):
    monkeypatch.setattr(case_actions, "ASSIGN", case_actions.ASSIGN._replace(limit=1))
    response = admin_client.post(
        LIST,
        {"action": "assign_to_gestor", "index": "0", ACTION_CHECKBOX_NAME: [c.pk for c in CaseFactory.create_batch(2)]},
        follow=True,
    )
    assert "el máximo por vez es 1" in texts(response)


def test_only_untouched_cases_are_deleted(admin_client):
    mistake, worked = CaseFactory(), ActivityFactory().case
    response = answer(admin_client, "delete_untouched", [mistake, worked])
    assert "Casos eliminados: 1." in texts(response)
    assert "De baja" in texts(response)
    assert list(Case.objects.all()) == [worked]


def test_django_own_deletion_is_not_offered(admin_client):
    CaseFactory()
    assert "delete_selected" not in admin_client.get(LIST).content.decode()


def test_queries_do_not_grow_with_the_cases(admin_client, gestor_user):
    cases = CaseFactory.create_batch(2)

    def assign():
        sent = {"action": "assign_to_gestor", "confirmed": len(cases), "gestor": gestor_user.pk}
        answer = admin_client.post(LIST, {**sent, ACTION_CHECKBOX_NAME: [case.pk for case in cases]})
        assert answer.status_code == 302

    def more():
        cases[:] = CaseFactory.create_batch(20)

    admin_client.get(LIST)
    assert queries_do_not_grow(assign, more) <= 25
    assert gestor_user.cases.count() == 22
