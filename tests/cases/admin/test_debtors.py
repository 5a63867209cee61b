"""Debtors with their phones in the admin."""

import re
from datetime import timedelta

import pytest
from auditlog.models import LogEntry
from django.utils import timezone

from cases import services
from cases.models import Case, Debtor, StopFlag
from tests.factories import ActivityFactory, CaseFactory, DebtorFactory, DebtorPhoneFactory
from tests.queries import queries_do_not_grow

pytestmark = pytest.mark.django_db
LIST = "/admin/cases/debtor/"
NO_PHONES = {"phones-TOTAL_FORMS": "0", "phones-INITIAL_FORMS": "0"}


def test_adding_reads_documents_and_phones_as_people_write_them(staff_client):
    data = {
        "last_name": "Gómez",
        "dni": "20.737.173",
        "phones-TOTAL_FORMS": "1",
        "phones-INITIAL_FORMS": "0",
        "phones-0-number": "011 15-4444-5555",
        "phones-0-kind": "mobile",
        "phones-0-state": "unverified",
    }
    assert staff_client.post(f"{LIST}add/", data).status_code == 302
    debtor = Debtor.objects.get()
    assert (debtor.dni, debtor.cuit, debtor.phones.get().number) == ("20737173", None, "+5491144445555")


@pytest.mark.parametrize(
    ("typed", "field", "reason"),
    [
        ({"dni": "123"}, "dni", "«123» no es un DNI"),
        ({"dni": "11.111.111"}, "dni", "es un número de relleno, que no es de nadie: déjelo vacío"),
        ({"cuit": "30-00000000-7"}, "cuit", "es un número de relleno"),
        ({"cuit": "20-12345678-1"}, "cuit", "cuyo dígito verificador no coincide"),
        ({"email": "x"}, "email", "una dirección de correo electrónico válida"),
        ({"dni": "20737173"}, "__all__", "Ya existe un deudor con ese DNI"),
    ],
)
def test_wrong_data_is_refused_beside_its_field(staff_client, typed, field, reason):
    DebtorFactory(dni="20737173")
    response = staff_client.post(f"{LIST}add/", {"last_name": "Sosa", **NO_PHONES, **typed})
    errors = response.context["adminform"].form.errors
    assert list(errors) == [field]
    assert reason in errors[field][0]
    assert Debtor.objects.count() == 1


@pytest.mark.parametrize("text", ["gomez", "20.737.173", "11 4444-5555"])
def test_debtor_is_found(admin_client, text):
    debtor = DebtorFactory(last_name="Gómez", dni="20737173")
    DebtorPhoneFactory(debtor=debtor, number="+5491144445555")
    DebtorFactory(last_name="Otro")
    assert list(admin_client.get(LIST, {"q": text}).context["cl"].result_list) == [debtor]


def test_debtor_with_cases_is_not_deleted(admin_client):
    debtor = CaseFactory().debtor
    assert "tiene casos" in admin_client.get(f"{LIST}{debtor.pk}/delete/").content.decode()
    admin_client.post(f"{LIST}{debtor.pk}/delete/", {"post": "yes"})
    assert Debtor.objects.filter(pk=debtor.pk).exists()
    alone = DebtorPhoneFactory().debtor
    assert admin_client.post(f"{LIST}{alone.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Debtor.objects.filter(pk=alone.pk).exists()


def test_phone_with_gestiones_is_refused_in_words(admin_client):
    phone = DebtorPhoneFactory()
    ActivityFactory(case=CaseFactory(debtor=phone.debtor), phone=phone)
    data = {
        "last_name": "Gómez",
        "phones-TOTAL_FORMS": "1",
        "phones-INITIAL_FORMS": "1",
        "phones-0-id": phone.pk,
        "phones-0-debtor": phone.debtor_id,
        "phones-0-number": phone.number,
        "phones-0-kind": phone.kind,
        "phones-0-state": phone.state,
        "phones-0-DELETE": "on",
    }
    response = admin_client.post(f"{LIST}{phone.debtor_id}/change/", data)
    assert response.status_code == 200
    assert phone.debtor.phones.count() == 1


def test_edit_leaves_a_trail_without_the_search_column(admin_client, admin_user):
    debtor = DebtorFactory(first_name="Ana", last_name="Gómez", dni="20737173")
    admin_client.post(f"{LIST}{debtor.pk}/change/", {"last_name": "Gomes", "dni": "20737173", **NO_PHONES})
    entry = LogEntry.objects.get_for_object(debtor).filter(action=LogEntry.Action.UPDATE).get()
    assert entry.changes["last_name"] == ["Gómez", "Gomes"]
    assert "search_text" not in entry.changes
    assert entry.actor == admin_user


def test_rows_add_no_queries(admin_client):
    DebtorFactory.create_batch(2)
    admin_client.get(LIST)
    assert queries_do_not_grow(lambda: admin_client.get(LIST), lambda: DebtorFactory.create_batch(9)) <= 12


def test_every_control_of_a_phone_has_a_name(admin_client):
    phone = DebtorPhoneFactory()
    page = admin_client.get(f"{LIST}{phone.debtor_id}/change/").text
    for name, label in [("number", "Número"), ("kind", "Tipo"), ("state", "Estado"), ("note", "Nota")]:
        assert re.search(rf'name="phones-0-{name}"[^>]*aria-label="{label}"', page), name
    assert re.search(r'name="phones-0-DELETE"[^>]*aria-label="Eliminar"', page)


def test_what_was_saved_is_quoted_with_one_kind_of_mark(admin_client):
    page = admin_client.post(f"{LIST}add/", {"last_name": "Gómez", **NO_PHONES}, follow=True).text
    assert "«<a" in page
    assert "”" not in page


def test_admin_stops_a_person_and_lifts_it(admin_client, admin_user, gestor_user):
    case = CaseFactory(assigned_to=gestor_user)
    other = CaseFactory(debtor=case.debtor)
    page = f"{LIST}{case.debtor_id}/change/"
    assert f"{LIST}{case.debtor_id}/stop/" in admin_client.get(page).content.decode()
    assert admin_client.post(f"{LIST}{case.debtor_id}/stop/", {"channel": "all"}).status_code == 422
    sent = {"channel": "all", "reason": "abogado"}
    assert admin_client.post(f"{LIST}{case.debtor_id}/stop/", sent).status_code == 302
    stop = StopFlag.objects.get()
    assert (stop.case, stop.set_by) == (None, admin_user)
    assert set(Case.objects.values_list("stopped_at", flat=True)) == {stop.since}

    lift = f"/admin/cases/stopflag/{stop.pk}/lift/"
    assert lift in admin_client.get(page).content.decode()
    shown = admin_client.get(lift).content.decode()
    assert "Deudas abiertas de la persona" in shown
    assert admin_client.post(lift, {"next_action_at": "2020-01-01T10:00"}).status_code == 422
    when = timezone.localtime() + timedelta(days=2)
    done = admin_client.post(lift, {"next_action_at": f"{when:%Y-%m-%dT%H:%M}", "reason": "Lo pidió."})
    assert done.status_code == 302
    assert not Case.objects.filter(stopped_at__isnull=False).exists()
    assert other.activities.get().notes.endswith("Lo pidió.")
    assert lift not in admin_client.get(page).content.decode()


def test_stops_are_decisions_of_admins(staff_client, gestor_user):
    case = CaseFactory()
    stop = services.set_stop(debtor=case.debtor, by=gestor_user, reason="reclamo")
    for path in (f"{LIST}{case.debtor_id}/stop/", f"/admin/cases/stopflag/{stop.pk}/lift/"):
        assert staff_client.get(path).status_code == 403
        assert staff_client.post(path, {"channel": "all", "reason": "reclamo"}).status_code == 403
        assert path not in staff_client.get(f"{LIST}{case.debtor_id}/change/").content.decode()
    stop.refresh_from_db()
    assert stop.lifted_at is None


def test_list_of_stops_finds_the_person(admin_client, gestor_user):
    found, other = CaseFactory(debtor__last_name="Ñancupil"), CaseFactory()
    for case in (found, other):
        services.set_stop(debtor=case.debtor, by=gestor_user, reason="reclamo")
    page = admin_client.get("/admin/cases/stopflag/?q=nancupil&standing=1").content.decode()
    assert f"/admin/cases/debtor/{found.debtor_id}/" in page
    assert f"/admin/cases/debtor/{other.debtor_id}/" not in page
    one = f"/admin/cases/stopflag/{found.debtor.stops.get().pk}/"
    assert f"{one}lift/" in admin_client.get(f"{one}change/").content.decode()
