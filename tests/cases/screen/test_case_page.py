"""GET /cases/<id> and what is recorded there."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from accounts.models import User
from cases import services
from cases.desk import chips
from cases.models import Activity, Case, DebtorPhone, LedgerEntry, Promise
from nova.lib import dates
from nova.lib.said import read_moment, show_day
from tests import factories
from tests.queries import queries_do_not_grow
from tests.steps import pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(gestor_user: User) -> Case:
    return factories.CaseFactory(assigned_to=gestor_user, debtor__last_name="Núñez", debtor__first_name="Ana")


@pytest.fixture
def following(gestor_user: User) -> Case:
    return factories.CaseFactory(assigned_to=gestor_user, amount=Decimal("500.00"))


def gestion(**fields: Any) -> dict[str, Any]:
    """What a form posts when one only picks a result."""
    result = fields.pop("code", "NC")
    return {
        "token": "abc",
        "type": "call",
        "result": factories.result(result).pk if result else "",
        "notes": "",
        **fields,
    }


def test_an_adjustment_says_why_on_screen_and_in_the_administration(
    gestor_client: Client, admin_client: Client, gestor_user: User, case: Case
) -> None:
    terms = services.ArrangementTerms(first_due_on=dates.today(), system="direct", instalments=2)
    services.propose_arrangement(case=case, by=gestor_user, terms=terms, accept=True, accepted_how="phone")
    page = gestor_client.get(f"/cases/{case.pk}")
    assert "· Interés del convenio" in " ".join(page.text.split())
    assert "Ajuste: Interés del convenio" in admin_client.get(f"/admin/cases/case/{case.pk}/change/").text


def test_the_whole_person(gestor_client: Client, gestor_user: User, other_gestor: User, case: Case) -> None:
    factories.DebtorPhoneFactory(debtor=case.debtor, number="+5491144445555")
    factories.DebtorPhoneFactory(debtor=case.debtor, number="+5491166667777", state=DebtorPhone.State.BAD)
    own = factories.CaseFactory(debtor=case.debtor, assigned_to=gestor_user, amount=Decimal("2500.00"))
    others = factories.CaseFactory(debtor=case.debtor, assigned_to=other_gestor, amount=Decimal("1000.00"))

    page = gestor_client.get(f"/cases/{case.pk}").text

    assert 'href="tel:+5491144445555"' in page
    assert 'href="https://wa.me/5491144445555?text=' in page
    assert "tel:+5491166667777" not in page
    assert "$ 13.500,00" in page  # the three debts together
    assert f'href="/cases/{own.pk}"' in page
    assert f'href="/cases/{others.pk}"' not in page
    assert "Olga Gestora" in page


def test_saving_records_and_goes_to_the_next(
    gestor_client: Client, gestor_user: User, case: Case, following: Case
) -> None:
    answer = gestor_client.post(f"/cases/{case.pk}/activities", gestion(notes="Suena y corta", then="next"))

    assert answer.url == f"/cases/{following.pk}"
    activity = Activity.objects.get()
    assert (activity.case, activity.result.code, activity.notes) == (case, "NC", "Suena y corta")
    assert "Gestión guardada: Núñez, Ana" in gestor_client.get(answer.url).text
    assert "Suena y corta" in gestor_client.get(f"/cases/{case.pk}").text


def test_saving_the_last_one_leads_to_the_empty_queue(gestor_client: Client, case: Case) -> None:
    answer = gestor_client.post(f"/cases/{case.pk}/activities", gestion(then="next"))

    assert answer.url == "/dashboard-gestor"


def test_saving_keeps_the_filters(gestor_client: Client, case: Case, following: Case) -> None:
    address = f"/cases/{case.pk}/activities?cartera={case.cartera_id}"

    assert gestor_client.post(address, gestion(then="next")).url == f"/dashboard-gestor?cartera={case.cartera_id}"
    assert gestor_client.post(address, gestion(token="b")).url == f"/cases/{case.pk}?cartera={case.cartera_id}"


def test_everything_in_one_save(gestor_client: Client, case: Case) -> None:
    day = dates.today() + timedelta(days=5)
    answer = gestor_client.post(
        f"/cases/{case.pk}/activities",
        gestion(
            code="PP",
            promise_amount="4.000,50",
            promise_date=day.isoformat(),
            with_payment="on",
            payment_amount="1.000",
            payment_reference="R-1",
            payment_method="cash",
        ),
    )

    assert answer.status_code == 303
    promise, payment = Promise.objects.get(), LedgerEntry.objects.get(kind="payment")
    assert (promise.amount, promise.promise_date) == (Decimal("4000.50"), day)
    assert (payment.amount, payment.reference, payment.method) == (Decimal("1000.00"), "R-1", "cash")
    assert promise.activity == payment.activity == Activity.objects.by_people().get()


@pytest.mark.parametrize(
    ("sent", "field", "sentence"),
    [
        ({"code": ""}, "result", "Elija un resultado o escriba una nota"),
        ({"code": "PP"}, "promise_date", "Elija para qué fecha lo prometió."),
        ({"code": "VLL"}, "next_action_at", "Indique el día y la hora"),
        ({"with_payment": "on"}, "payment_amount", "Escriba cuánto pagó."),
        ({"with_payment": "on", "payment_amount": "x1"}, "payment_amount", "no es un importe"),
        ({"with_payment": "on", "payment_amount": "10.001"}, "payment_confirm_overpayment", "supera el saldo"),
        ({"next_action_at": "2020-01-01T10:00"}, "next_action_at", "no puede quedar en el pasado"),
        ({"next_action_at": "9999-12-31T23:59"}, "next_action_at", "no puede ser posterior al año 2100"),
        (
            {"with_payment": "on", "payment_amount": "1", "payment_value_date": "0001-01-01"},
            "payment_value_date",
            "anterior",
        ),
        ({"code": "PP", "promise_amount": "1", "promise_date": "9999-12-31"}, "promise_date", "entre hoy y el"),
        ({"notes": "x" * 5001}, "notes", "5000"),
        ({"notes": "a\x00b"}, "notes", "nulos"),
        ({"status": "1e9"}, "status", "una opción válida"),
        ({"token": ""}, "token", "requerido"),
        ({"type": "payment"}, "type", "una opción válida"),
        ({"phone": "999999"}, "phone", "una opción válida"),
    ],
)
def test_a_refusal_stands_at_its_field_and_keeps_the_text(
    gestor_client: Client, case: Case, sent: dict[str, Any], field: str, sentence: str
) -> None:
    typed = {"notes": "" if sent.get("code") == "" else "lo que escribí", **sent}
    answer = gestor_client.post(f"/cases/{case.pk}/activities", gestion(**typed))

    assert answer.status_code == 422
    assert sentence in " ".join(answer.context["screen"].gestion_form.errors[field])
    assert f"{escape(typed['notes'])}</textarea>" in answer.text
    assert not Activity.objects.exists()


def test_the_overpayment_is_recorded_once_confirmed(gestor_client: Client, case: Case) -> None:
    sent = gestion(with_payment="on", payment_amount="10.001")

    refused = gestor_client.post(f"/cases/{case.pk}/activities", sent)
    gestor_client.post(f"/cases/{case.pk}/activities", {**sent, "payment_confirm_overpayment": "on"})

    assert 'type="checkbox" name="payment_confirm_overpayment"' in refused.text
    case.refresh_from_db()
    assert case.balance == Decimal("-1.00")


def test_htmx_gets_the_refused_form_alone(gestor_client: Client, case: Case) -> None:
    headers = {"HX-Request": "true", "HX-Target": "desk"}
    answer = gestor_client.post(f"/cases/{case.pk}/activities", gestion(code="PP"), headers=headers)

    assert answer.status_code == 422
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#gestion", "outerHTML")
    assert "<html" not in answer.text


def test_htmx_follows_to_the_desk_of_the_next_case(gestor_client: Client, case: Case, following: Case) -> None:
    headers = {"HX-Request": "true", "HX-Target": "desk"}
    answer = gestor_client.post(f"/cases/{case.pk}/activities", gestion(then="next"), headers=headers, follow=True)

    assert answer["HX-Push-Url"] == f"/cases/{following.pk}"
    assert 'class="desk-columns' in answer.text
    assert f"<title>{escape(following.debtor.listed_name)} · NOVA</title>" in answer.text
    assert "<html" not in answer.text
    assert 'id="messages"' in answer.text


SAVING = {"HX-Request": "true", "HX-Target": "desk", "Rows-Shown": "25"}


def test_a_save_leaves_the_rows_of_the_queue_as_they_are(gestor_client: Client, case: Case, following: Case) -> None:
    """The answer brings the next person, the figures and the counts; the page takes out the row of who was left."""
    answer = gestor_client.post(f"/cases/{case.pk}/activities", gestion(then="next"), headers=SAVING)

    assert (answer.status_code, answer["HX-Retarget"]) == (200, "#case")
    assert answer["HX-Push-Url"] == f"/cases/{following.pk}"
    assert f'data-left="{case.debtor_id}"' in answer.text
    assert 'id="queue-bands" class="queue-bands" aria-label="Prioridad" hx-swap-oob="true"' in answer.text
    assert "queue-row" not in answer.text
    assert len(answer.content) < 33_000


@pytest.mark.parametrize("shown", ["", "3", "x", "99999"])
def test_a_save_brings_the_queue_where_few_rows_are_left(
    gestor_client: Client, case: Case, following: Case, shown: str
) -> None:
    headers = {**SAVING, "Rows-Shown": shown}
    answer = gestor_client.post(f"/cases/{case.pk}/activities", gestion(then="next"), headers=headers)

    assert answer["HX-Retarget"] == "#desk"
    assert f'data-person="{following.debtor_id}"' in answer.text
    assert "data-left" not in answer.text


def test_a_save_brings_the_queue_while_the_person_is_still_in_it(
    gestor_client: Client, case: Case, following: Case
) -> None:
    factories.CaseFactory(assigned_to=case.assigned_to, debtor=case.debtor, balance=Decimal("1.00"))
    answer = gestor_client.post(f"/cases/{case.pk}/activities", gestion(then="next"), headers=SAVING)

    assert answer["HX-Retarget"] == "#desk"
    assert f'data-person="{case.debtor_id}"' in answer.text


def test_a_save_in_a_search_brings_what_was_found(gestor_client: Client, case: Case, following: Case) -> None:
    url = f"/cases/{case.pk}/activities?search={following.debtor.last_name}"
    answer = gestor_client.post(url, gestion(then="next"), headers=SAVING)

    assert answer["HX-Retarget"] == "#desk"
    assert "queue-row" in answer.text


def test_a_step_changes_the_person_alone(gestor_client: Client, case: Case, following: Case) -> None:
    headers = {"HX-Request": "true", "HX-Target": "case"}
    answer = gestor_client.get(f"/dashboard-gestor/next?from={case.pk}", headers=headers)

    assert (answer.status_code, answer["HX-Retarget"]) == (200, "#case")
    assert answer["HX-Push-Url"].startswith(f"/cases/{following.pk}?skip=")
    assert "queue-row" not in answer.text
    # Who is alone in the queue stays; without anybody the queue says so.
    Case.objects.all().update(next_action_at=timezone.now() + timedelta(days=1))
    end = gestor_client.get(f"/dashboard-gestor/next?from={case.pk}", headers=headers)
    assert (end["HX-Retarget"], end["HX-Push-Url"]) == ("#desk", "/dashboard-gestor")
    assert "Su bandeja está al día" in end.text


def test_sent_twice_recorded_once(gestor_client: Client, case: Case, following: Case) -> None:
    first, second = (gestor_client.post(f"/cases/{case.pk}/activities", gestion(then="next")) for _ in range(2))

    assert first.url == second.url
    assert Activity.objects.count() == 1


def test_the_same_form_with_other_text_asks_first(gestor_client: Client, case: Case) -> None:
    gestor_client.post(f"/cases/{case.pk}/activities", gestion(notes="uno"))
    answer = gestor_client.post(f"/cases/{case.pk}/activities", gestion(notes="otro texto"))

    assert answer.status_code == 409
    assert "ya se guardó" in answer.text
    assert "otro texto" in answer.text
    assert 'value="abc"' not in answer.text
    assert Activity.objects.count() == 1


def test_a_stale_status_is_409_and_keeps_the_text(gestor_client: Client, admin_user: User, case: Case) -> None:
    read = case.version
    services.change_status(case=case, status=factories.status("contactado"), by=admin_user)

    sent = gestion(notes="mi nota", status=factories.status("incobrable").pk, version=read, read_status="Sin gestión")
    answer = gestor_client.post(f"/cases/{case.pk}/activities", sent)

    assert answer.status_code == 409
    assert "de «Sin gestión» a «Contactado»" in answer.text
    assert "mi nota" in answer.text
    assert not Activity.objects.by_people().filter(created_by=case.assigned_to).exists()
    form = answer.context["screen"].gestion_form
    again = {**sent, "token": form["token"].value(), "version": form["version"].value()}
    assert gestor_client.post(f"/cases/{case.pk}/activities", again).status_code == 303
    case.refresh_from_db()
    assert case.status.slug == "incobrable"


def test_a_gestion_never_conflicts(gestor_client: Client, admin_user: User, case: Case) -> None:
    read = case.version
    services.change_status(case=case, status=factories.status("contactado"), by=admin_user)

    assert gestor_client.post(f"/cases/{case.pk}/activities", gestion(version=read)).status_code == 303


def test_a_status_alone_is_an_activity_of_its_own_type(gestor_client: Client, case: Case) -> None:
    sent = gestion(code="", status=factories.status("contactado").pk, version=case.version, notes="lo vi")
    gestor_client.post(f"/cases/{case.pk}/activities", sent)

    activity = Activity.objects.get()
    assert (activity.type, activity.is_system) == ("status", False)
    assert activity.notes == "Sin gestión → Contactado. lo vi"


def test_a_gestion_with_a_status_counts_once(gestor_client: Client, case: Case) -> None:
    sent = gestion(status=factories.status("contactado").pk, version=case.version)
    gestor_client.post(f"/cases/{case.pk}/activities", sent)

    assert Activity.objects.by_people().count() == 1
    assert Activity.objects.filter(type="status", is_system=True).count() == 1
    case.refresh_from_db()
    assert case.status.slug == "contactado"


def test_voiding_an_own_gestion(gestor_client: Client, case: Case) -> None:
    activity = factories.ActivityFactory(case=case, notes="error mío")
    others = factories.ActivityFactory(case=case, created_by=factories.GestorFactory(), notes="de otro")

    gestor_client.post(f"/activities/{activity.pk}/voiding")
    gestor_client.post(f"/activities/{others.pk}/voiding")

    page = gestor_client.get(f"/cases/{case.pk}").text
    assert "error mío" not in page
    assert "de otro" in page


def test_the_money_of_a_voided_gestion_stays_in_the_timeline(gestor_client: Client, case: Case) -> None:
    gestor_client.post(f"/cases/{case.pk}/activities", gestion(with_payment="on", payment_amount="1.000"))
    gestor_client.post(f"/activities/{Activity.objects.get().pk}/voiding")

    events = gestor_client.get(f"/cases/{case.pk}").context["screen"].timeline.events
    assert [entry.kind for event in events for entry in event.entries] == ["payment", "placement"]


def test_the_timeline_is_read_by_pages(gestor_client: Client, case: Case) -> None:
    now = timezone.now()
    made = [
        factories.ActivityFactory(case=case, notes=f"nota {number}", created_at=now - timedelta(minutes=number // 2))
        for number in range(40)
    ]

    seen, address = [], f"/cases/{case.pk}"
    while address:
        page = gestor_client.get(address).context["screen"].timeline
        seen += [event.activity.pk for event in page.events if event.activity]
        address = f"/cases/{case.pk}?events={page.after.replace('+', '%2B')}" if page.after else ""

    assert len(seen) == len(set(seen)) == 40
    assert set(seen) == {activity.pk for activity in made}


def test_the_timeline_is_that_of_the_person(
    gestor_client: Client, gestor_user: User, other_gestor: User, admin_client: Client, case: Case
) -> None:
    own = factories.CaseFactory(debtor=case.debtor, assigned_to=gestor_user, cartera__name="Otra cartera")
    others = factories.CaseFactory(debtor=case.debtor, assigned_to=other_gestor)
    for number, debt in enumerate((case, own, others)):
        factories.ActivityFactory(case=debt, notes=f"nota {number}", created_by=gestor_user)
    pay(own, 10, by=gestor_user)
    services.promise_payment(case=case, by=gestor_user, amount=Decimal(100), promise_date=dates.today())

    def shown(client: Client = gestor_client, kind: str = "") -> list[str]:
        page = client.get(f"/cases/{case.pk}", {"kind": kind}).context["screen"].timeline
        return [f"{event.title} · {event.cartera} · {event.notes}" for event in page.events]

    assert [line for line in shown() if "nota" in line] == [
        "Llamada · Otra cartera · nota 1",
        f"Llamada · {case.cartera.name} · nota 0",
    ]
    assert [line[:6] for line in shown(kind="pagos")] == ["Pago ·", "Alta d", "Alta d"]
    assert [line[:8] for line in shown(kind="promesas")] == ["Promesa "]
    assert len(shown(kind="contactos")) == len(shown(kind="notas")) == 2
    assert len(shown(kind="nada")) == len(shown())
    assert sum("nota" in line for line in shown(admin_client)) == 3

    # What the person is known by comes first: the last contacts, on any debt that one sees.
    def contacts(**query: str) -> list[str]:
        screen = gestor_client.get(f"/cases/{case.pk}", query).context["screen"]
        return [contact.notes for contact in screen.last_contacts]

    assert contacts() == contacts(kind="pagos") == ["nota 1", "nota 0"]


def test_the_last_contacts_are_known_behind_a_long_history(
    gestor_client: Client, gestor_user: User, case: Case
) -> None:
    """The first page of the timeline has one of the three, whatever else there is to see."""
    now = timezone.now()
    for number, kind in enumerate(["call", *["note"] * 16, "message", "visit", "call"]):
        at = now - timedelta(minutes=number)
        factories.ActivityFactory(case=case, type=kind, notes=f"{kind} {number}", created_at=at)
    factories.ActivityFactory(case=case, type="call", notes="automática", is_system=True, created_at=now)

    screen = gestor_client.get(f"/cases/{case.pk}").context["screen"]
    assert [contact.notes for contact in screen.last_contacts] == ["call 0", "message 17", "visit 18"]


def test_a_note_on_a_call_that_is_due_proposes_no_hour_of_the_past(gestor_client: Client, case: Case) -> None:
    due = timezone.now() - timedelta(hours=2)
    Case.objects.filter(pk=case.pk).update(queue_band=Case.Band.CALL_BACK, next_action_at=due)
    page = gestor_client.get(f"/cases/{case.pk}")

    note = next(
        result["attributes"]
        for results in page.context["screen"].gestion_form.other_results().values()
        for result in results
        if result["name"] == "Nota interna"
    )
    assert 'data-proposed=""' in note
    answer = gestor_client.post(f"/cases/{case.pk}/activities", gestion(code="NOTA", type="note"))
    assert answer.status_code == 303
    case.refresh_from_db()
    assert case.next_action_at == due


def test_long_notes_are_folded(gestor_client: Client, case: Case) -> None:
    factories.ActivityFactory(case=case, notes="palabra " * 100 + "final")
    page = gestor_client.get(f"/cases/{case.pk}").text

    assert page.count("Ver toda la nota") == 1
    assert "palabra final" in page


def test_a_save_answers_with_the_next_person(gestor_client: Client, case: Case, following: Case) -> None:
    headers = {"HX-Request": "true", "HX-Target": "desk"}
    answer = gestor_client.post(f"/cases/{case.pk}/activities", gestion(then="next"), headers=headers)

    assert answer.status_code == 200
    assert answer["HX-Push-Url"] == f"/cases/{following.pk}"
    assert following.debtor.listed_name in answer.text
    assert f"<title>{following.debtor.listed_name} · NOVA</title>" in answer.text
    assert "Gestión guardada: Núñez, Ana" in answer.text
    assert 'data-saved="abc"' in answer.text
    # The last one leads to the queue; a step back is one answer too.
    case.refresh_from_db()
    back = gestor_client.get(f"/dashboard-gestor/previous?from={following.pk}", headers=headers)
    assert (back.status_code, back["HX-Push-Url"]) == (200, f"/cases/{following.pk}")
    last = gestor_client.post(f"/cases/{following.pk}/activities", gestion(token="b", then="next"), headers=headers)
    assert (last.status_code, last["HX-Push-Url"]) == (200, "/dashboard-gestor")
    assert "Su bandeja está al día" in last.text
    # Its answer may have been lost: the next page says it again, for the draft that still waits.
    assert 'data-saved-late="b"' in gestor_client.get(f"/cases/{case.pk}").text


def test_what_is_usual_is_offered(gestor_client: Client, gestor_user: User, case: Case) -> None:
    services.promise_payment(case=case, by=gestor_user, amount=Decimal(1000), promise_date=dates.today())
    form = gestor_client.get(f"/cases/{case.pk}").context["screen"].gestion_form

    assert [chip.value for chip in form.amount_chips()] == ["9.000,00", "4.500,00", "3.000,00"]
    assert [chip.words for chip in form.day_chips()] == ["mañana", "viernes", "día 10", "fin de mes"]
    assert [result["shortcut"] for result in form.tiles()] == list("123456")
    assert sum(len(results) for results in form.other_results().values()) == 18


@pytest.mark.parametrize(
    ("now", "offered"),
    [
        ("2026-12-02T10:30", ["+1 h", "hoy 18", "mañana 9", "mañana 15"]),
        ("2026-12-02T18:00", ["+1 h", "mañana 9", "mañana 15"]),
        ("2026-11-27T22:00", ["lunes 9", "lunes 15"]),  # a Friday
        ("2026-12-07T19:30", ["miércoles 9", "miércoles 15"]),  # before a holiday
    ],
)
def test_calls_are_offered_when_they_are_permitted(now: str, offered: list[str]) -> None:
    moment = datetime.fromisoformat(f"{now}-03:00")

    assert [chip.words for chip in chips.moments(moment)] == offered
    assert all(read_moment(chip.value, now=moment) > moment for chip in chips.moments(moment))


def test_queries_do_not_grow_with_the_history(gestor_client: Client, gestor_user: User, case: Case) -> None:
    def more(times: int) -> None:
        for _ in range(times):
            pay(case, 1, by=gestor_user)
            services.promise_payment(case=case, by=gestor_user, amount=Decimal(1), promise_date=dates.today())
            factories.CaseFactory(debtor=case.debtor)
            factories.DebtorPhoneFactory(debtor=case.debtor)

    more(8)  # the last contacts are asked for where the first page of the timeline is full of other things
    queries_do_not_grow(lambda: gestor_client.get(f"/cases/{case.pk}"), lambda: more(12))


def test_phones_are_added_and_marked(gestor_client: Client, case: Case) -> None:
    gestor_client.post(f"/cases/{case.pk}/phones", {"number": "011 15-4444-5555", "kind": "mobile"})
    phone = DebtorPhone.objects.get()
    assert phone.number == "+5491144445555"

    again = gestor_client.post(f"/cases/{case.pk}/phones", {"number": "+5491144445555", "kind": "mobile"})
    assert again.status_code == 422
    assert "ya tiene ese teléfono" in again.text

    gestor_client.post(f"/cases/{case.pk}/phones/{phone.pk}/state", {"state": "bad"})
    phone.refresh_from_db()
    assert phone.state == "bad"
    assert gestor_client.post(f"/cases/{case.pk}/phones/{phone.pk}/state", {"state": "x"}).status_code == 404


def contact_of(case: Case, client: Client) -> dict[str, Any]:
    """What the contact form posts untouched, as a browser would."""
    form = client.get(f"/cases/{case.pk}").context["screen"].contact_form
    data = {}
    for name, field in form.fields.items():
        value = form[name].value()
        data[name] = "" if value is None else value
        if field.show_hidden_initial:
            data[form[name].html_initial_name] = data[name]
    return data


def test_contact_data_and_notes_are_corrected(gestor_client: Client, case: Case) -> None:
    sent = contact_of(case, gestor_client) | {"city": "Viedma", "notes": "Llamar de tarde"}
    assert gestor_client.post(f"/cases/{case.pk}/contact", sent).status_code == 303

    case.refresh_from_db()
    case.debtor.refresh_from_db()
    assert (case.debtor.city, case.notes, case.version) == ("Viedma", "Llamar de tarde", 2)


def test_stale_contact_data_says_what_changed_and_keeps_the_text(
    gestor_client: Client, admin_user: User, case: Case
) -> None:
    sent = contact_of(case, gestor_client) | {"notes": "lo mío"}
    services.edit_case(case=case, by=admin_user, debtor_changes={"city": "Necochea"})

    answer = gestor_client.post(f"/cases/{case.pk}/contact", sent)

    assert answer.status_code == 409
    assert "Localidad" in answer.text
    assert "«Necochea»" in answer.text
    assert "lo mío" in answer.text
    form = answer.context["screen"].contact_form
    assert gestor_client.post(f"/cases/{case.pk}/contact", form.data.dict()).status_code == 303
    case.refresh_from_db()
    case.debtor.refresh_from_db()
    assert (case.notes, case.debtor.city) == ("lo mío", "Necochea")


def test_promise_and_payment_from_the_list(gestor_client: Client, case: Case) -> None:
    back = "/dashboard-gestor?tab=casos"
    day = dates.today().isoformat()
    sent = {"token": "1", "promise_amount": "100", "promise_date": day, "back": back}
    assert gestor_client.post(f"/cases/{case.pk}/promises", sent).url == back
    assert (
        gestor_client.post(f"/cases/{case.pk}/payments", {"token": "2", "payment_amount": "50", "back": back}).url
        == back
    )
    assert gestor_client.post(f"/cases/{case.pk}/payments", {"token": "3"}).status_code == 422
    evil = {"token": "4", "payment_amount": "5", "back": "https://evil.example/"}
    assert gestor_client.post(f"/cases/{case.pk}/payments", evil).url == f"/cases/{case.pk}"
    assert Promise.objects.get().paid_amount == Decimal("55.00")


def test_cancelling_a_promise(gestor_client: Client, gestor_user: User, case: Case) -> None:
    promise = services.promise_payment(case=case, by=gestor_user, amount=Decimal(10), promise_date=dates.today())

    gestor_client.post(f"/promises/{promise.pk}/cancellation")

    promise.refresh_from_db()
    assert promise.status == "cancelled"


def test_an_admin_sees_the_same_screen(admin_client: Client, case: Case) -> None:
    page = admin_client.get(f"/cases/{case.pk}")

    assert page.status_code == 200
    assert "Registrar gestión" in page.text
    assert admin_client.post(f"/cases/{case.pk}/activities", gestion(then="next")).url == f"/cases/{case.pk}"


def test_an_outsider_gets_404_everywhere(
    other_gestor_client: Client, user_client: Client, client: Client, case: Case
) -> None:
    activity = factories.ActivityFactory(case=case)
    promise = factories.PromiseFactory(case=case)
    phone = factories.DebtorPhoneFactory(debtor=case.debtor)
    reads = [f"/cases/{case.pk}", f"/cases/{case.pk}/promises", f"/cases/{case.pk}/payments"]
    writes = [
        f"/cases/{case.pk}/activities",
        f"/cases/{case.pk}/promises",
        f"/cases/{case.pk}/payments",
        f"/cases/{case.pk}/contact",
        f"/cases/{case.pk}/phones",
        f"/cases/{case.pk}/phones/{phone.pk}/state",
        f"/activities/{activity.pk}/voiding",
        f"/promises/{promise.pk}/cancellation",
    ]
    for outsider in (other_gestor_client, user_client):
        for part in ("", "case", "desk", "timeline", "negotiator", "arrangements"):
            headers = {"HX-Request": "true", "HX-Target": part} if part else {}
            assert [outsider.get(url, headers=headers).status_code for url in reads] == [404] * len(reads)
        assert [outsider.post(url).status_code for url in writes] == [404] * len(writes)
    assert other_gestor_client.get("/cases/999999999999999999999").status_code == 404
    for url in reads:
        assert client.get(url).url == f"/login?next={url}"
    assert Activity.objects.standing().count() == 1


def test_a_phone_of_somebody_else_is_404(gestor_client: Client, case: Case) -> None:
    phone = factories.DebtorPhoneFactory()

    assert gestor_client.post(f"/cases/{case.pk}/phones/{phone.pk}/state", {"state": "bad"}).status_code == 404


# --- Phones of the workplace ---------------------------------------------------------------------------
def test_work_phone_is_shown_and_not_offered(gestor_client, gestor_user):
    case = factories.CaseFactory(assigned_to=gestor_user)
    work = factories.DebtorPhoneFactory(debtor=case.debtor, kind="work", state="good")
    page = gestor_client.get(case.get_absolute_url())
    assert f"tel:{work.number}" not in page.text
    assert "wa.me" not in page.text
    assert page.context["screen"].gestion_form["phone"].value() is None
    home = factories.DebtorPhoneFactory(debtor=case.debtor)
    page = gestor_client.get(case.get_absolute_url())
    assert page.context["screen"].gestion_form["phone"].value() == home.pk
    assert gestor_client.get(f"/api/v1/cases/{case.pk}").json()["data"]["telefono"] == home.number


def test_using_a_work_phone_asks_for_a_reason(gestor_client, gestor_user):
    case = factories.CaseFactory(assigned_to=gestor_user)
    work = factories.DebtorPhoneFactory(debtor=case.debtor, kind="work")
    sent = {"type": "call", "result": factories.result("NC").pk, "phone": work.pk, "token": "t1"}
    url = f"/cases/{case.pk}/activities"
    refused = gestor_client.post(url, sent)
    assert refused.status_code == 422
    assert "por qué usó el teléfono del trabajo" in refused.text
    assert gestor_client.post(url, {**sent, "override_reason": "Lo pidió."}).status_code == 303
    assert case.activities.get().override_reason == "Lo pidió."
    assert "Lo pidió." in gestor_client.get(case.get_absolute_url()).text


def test_a_result_that_marks_a_phone_asks_which_of_several(gestor_client: Client, case: Case) -> None:
    first, second = (factories.DebtorPhoneFactory(debtor=case.debtor) for _ in range(2))
    sent = gestion(code="EQ", phone=first.pk)  # what the form proposes, named by nobody

    asked = gestor_client.post(f"/cases/{case.pk}/activities", sent)

    assert asked.status_code == 422
    assert "elija en cuál fue «Equivocado»" in asked.text
    assert asked.context["screen"].gestion_form["phone"].value() == ""
    assert (
        gestor_client.post(f"/cases/{case.pk}/activities", {**sent, "phone": "", "phone_said": "asked"}).status_code
        == 422
    )
    gestor_client.post(f"/cases/{case.pk}/activities", {**sent, "phone": second.pk, "phone_said": "asked"})
    assert list(DebtorPhone.objects.order_by("pk").values_list("state", flat=True)) == ["unverified", "bad"]


@pytest.mark.parametrize(
    ("states", "sent", "status"),
    [
        (["unverified"], {"code": "EQ"}, 303),  # there is one
        (["unverified", "bad"], {"code": "EQ"}, 303),
        (["unverified", "unverified"], {"code": "NC"}, 303),  # marks nothing
        (["unverified", "unverified"], {"code": "REN"}, 422),  # would make the wrong one good
        (["good", "unverified"], {"code": "REN"}, 303),
        (["unverified", "unverified"], {"code": "REN", "type": "visit"}, 303),
        (["unverified", "unverified"], {"code": "EQ", "phone_said": "first"}, 303),
    ],
)
def test_it_asks_only_when_it_matters(
    gestor_client: Client, case: Case, states: list[str], sent: dict[str, Any], status: int
) -> None:
    phones = [factories.DebtorPhoneFactory(debtor=case.debtor, state=state) for state in states]
    sent = {**sent, "phone": phones[0].pk}
    if sent.get("phone_said"):
        sent["phone_said"] = str(phones[0].pk)

    assert gestor_client.post(f"/cases/{case.pk}/activities", gestion(**sent)).status_code == status


def test_a_result_that_stops_takes_a_second_step(gestor_client: Client, case: Case, following: Case) -> None:
    sent = gestion(code="REC", notes="reclama", then="next")
    asked = gestor_client.post(f"/cases/{case.pk}/activities", sent)

    assert asked.status_code == 422
    assert "«Reclamo» saca de la bandeja solo esta deuda, hasta" in asked.text
    assert "reclama</textarea>" in asked.text
    other = {**sent, "confirm_stop": factories.result("FAL").pk}  # the confirmation of another result
    assert gestor_client.post(f"/cases/{case.pk}/activities", other).status_code == 422
    assert not Activity.objects.exists()

    confirmed = {**sent, "then": ["next"], "confirm_stop": factories.result("REC").pk}
    assert gestor_client.post(f"/cases/{case.pk}/activities", confirmed).url == f"/cases/{following.pk}"
    case.refresh_from_db()
    assert case.stopped_at is not None


@pytest.mark.parametrize("code", ["DES", "REC", "FAL", "NOC", "ABG"])
@pytest.mark.parametrize("others", [0, 1, 2])
def test_the_second_step_says_what_the_result_does(gestor_client: Client, case: Case, code: str, others: int) -> None:
    """The sentence against what saving does to the ticked debts, and to one that was not ticked."""
    ticked = factories.CaseFactory.create_batch(others, debtor=case.debtor, assigned_to=case.assigned_to)
    left = factories.CaseFactory(debtor=case.debtor, assigned_to=case.assigned_to)
    sent = gestion(code=code, notes="dijo", also=[each.pk for each in ticked])
    asked = gestor_client.post(f"/cases/{case.pk}/activities", sent).text
    gestor_client.post(f"/cases/{case.pk}/activities", {**sent, "confirm_stop": factories.result(code).pk})

    stopped = set(Case.objects.stopped().values_list("pk", flat=True))
    of_gestion = {case.pk, *(each.pk for each in ticked)}
    assert of_gestion <= stopped
    words = {0: "solo esta deuda", 1: "esta deuda y la otra que marcó", 2: "esta deuda y las otras 2 que marcó"}[others]
    line = asked.split("data-stop-line")[1].split("</p>")[0]
    assert ("saca a la persona de todas las bandejas" in line) == (left.pk in stopped)
    assert (f"saca de la bandeja {words}" in line) == (left.pk not in stopped)


def test_what_is_wrong_comes_before_the_second_step(gestor_client: Client, case: Case) -> None:
    sent = gestion(code="REC", with_payment="on", payment_amount="x")
    answer = gestor_client.post(f"/cases/{case.pk}/activities", sent)

    assert "data-confirm-stop" not in answer.text
    assert "no es un importe" in answer.text


def test_nobody_calls_a_stopped_person(gestor_client: Client, case: Case) -> None:
    factories.DebtorPhoneFactory(debtor=case.debtor)
    assert 'href="tel:' in gestor_client.get(f"/cases/{case.pk}").text
    assert 'href="tel:' in gestor_client.get("/dashboard-gestor?tab=casos").text

    services.record_activity(case=case, by=case.assigned_to, type="call", result=factories.result("REC"))

    page = gestor_client.get(f"/cases/{case.pk}").text
    assert 'href="tel:' not in page
    assert "wa.me" not in page
    assert "Detenido por «Reclamo»: no se llama" in page
    assert 'href="tel:' not in gestor_client.get("/dashboard-gestor?tab=casos").text


def test_how_a_text_is_read(gestor_client: Client) -> None:
    def read(kind: str, text: str) -> dict[str, str]:
        return gestor_client.get("/cases/said", {"kind": kind, "text": text}).json()

    tomorrow = dates.today() + timedelta(days=1)
    assert read("day", "mañana") == {"shown": show_day(tomorrow), "error": ""}
    friday = dates.today() + timedelta(days=(4 - dates.today().weekday()) % 7 or 7)
    before = max(dates.previous_business_day(friday), dates.today())
    assert read("back", "viernes")["shown"] == show_day(before)
    assert read("back", "hoy")["shown"] == show_day(dates.today())
    assert read("moment", "mañana 15")["shown"] == f"{show_day(tomorrow)} 15:00"
    assert read("past", "ayer")["shown"] == show_day(tomorrow - timedelta(days=2))
    assert read("amount", "50 mil")["shown"] == "$ 50.000,00"
    assert read("amount", "mucho")["error"] == "«mucho» no es un importe."
    assert "no es una fecha" in read("day", "x" * 500)["error"]
    assert gestor_client.get("/cases/said", {"kind": "x", "text": "hoy"}).status_code == 404


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("12", "no es un número completo"),
        ("4444-5555", "no es un número completo"),
        ("no tiene", "no es un número de teléfono"),
        ("011 4444-5555 / 4444-6666", "son varios números"),
        ("0999 444-5555", "revise la característica"),
    ],
)
def test_what_is_no_phone_is_refused_with_the_reason(
    gestor_client: Client, case: Case, number: str, reason: str
) -> None:
    answer = gestor_client.post(f"/cases/{case.pk}/phones", {"number": number})

    assert answer.status_code == 422
    assert reason in answer.context["screen"].phone_form.errors["number"][0]
    assert not DebtorPhone.objects.exists()


@pytest.mark.parametrize(
    ("number", "kind", "stored"),
    [
        ("011 15-4444-5555", "", "mobile"),
        ("+54 9 11 4444-5555", "", "mobile"),
        ("011 4444-5555", "", "landline"),
        ("011 4444-5555", "work", "work"),
    ],
)
def test_the_kind_follows_from_the_number(
    gestor_client: Client, case: Case, number: str, kind: str, stored: str
) -> None:
    gestor_client.post(f"/cases/{case.pk}/phones", {"number": number, "kind": kind})

    assert DebtorPhone.objects.get().kind == stored


def test_many_phones_are_folded(gestor_client: Client, case: Case) -> None:
    for _ in range(40):
        factories.DebtorPhoneFactory(debtor=case.debtor)
    page = gestor_client.get(f"/cases/{case.pk}").text

    assert "+37 teléfonos" in page
    phones = page[page.index('id="phones"') :]
    assert phones[: phones.index("+37 teléfonos")].count('href="tel:') == 3
    assert phones.count('href="tel:') == 40


def test_marking_a_phone_is_undone_to_what_it_was(gestor_client: Client, case: Case) -> None:
    phone = factories.DebtorPhoneFactory(debtor=case.debtor, state="good")
    headers = {"HX-Request": "true", "HX-Target": "phones"}
    answer = gestor_client.post(f"/cases/{case.pk}/phones/{phone.pk}/state", {"state": "bad"}, headers=headers)

    assert 'value="good"' in answer.text
    assert "Deshacer" in answer.text
    assert 'id="gestion-phone" hx-swap-oob="true"' in answer.text
    assert '<form id="gestion"' not in answer.text


# --- What was just saved can be taken back ---------------------------------------------------------------
def test_the_offer_to_undo_stands_for_a_while_and_takes_all_back(gestor_client: Client, case: Case) -> None:
    phone = factories.DebtorPhoneFactory(debtor=case.debtor)
    gestor_client.post(f"/cases/{case.pk}/activities", gestion(code="EQ", phone=phone.pk, notes="no vive ahí"))
    made = Activity.objects.get()
    page = gestor_client.get(f"/cases/{case.pk}")
    assert "Equivocado · " in page.text
    assert f'action="/activities/{made.pk}/undo"' in page.text

    after = gestor_client.post(f"/activities/{made.pk}/undo", follow=True)
    assert after.redirect_chain[-1][0] == f"/cases/{case.pk}"
    assert "Deshecho: Equivocado" in after.text
    assert '/undo"' not in after.text
    phone.refresh_from_db()
    case.refresh_from_db()
    assert (phone.state, case.next_action_at, case.last_activity_at) == ("unverified", None, None)
    assert "ya fue anulada" in gestor_client.post(f"/activities/{made.pk}/undo", follow=True).text


def test_no_offer_of_an_old_gestion_or_of_somebody_elses(
    gestor_client: Client, admin_user: User, gestor_user: User, case: Case
) -> None:
    old = timezone.now() - timedelta(seconds=16)
    services.record_activity(case=case, by=gestor_user, result=factories.result("NC"), now=old)
    services.record_activity(case=case, by=admin_user, result=factories.result("NC"))
    assert '/undo"' not in gestor_client.get(f"/cases/{case.pk}").text


def test_the_type_follows_the_result_and_a_payment_or_a_text_alone_is_no_call(
    gestor_client: Client, case: Case
) -> None:
    url = f"/cases/{case.pk}/activities"
    gestor_client.post(url, gestion(code="WSP", token="1"))
    gestor_client.post(url, gestion(code="", with_payment="on", payment_amount="100", token="2"))
    gestor_client.post(url, gestion(code="VIS", type="email", token="3"))
    gestor_client.post(url, gestion(code="", notes="atiende a la tarde", token="4"))
    phone = factories.DebtorPhoneFactory(debtor=case.debtor).pk
    gestor_client.post(url, gestion(code="", notes="cortó", phone=phone, phone_said=phone, token="5"))
    made = list(Activity.objects.order_by("id").values_list("type", flat=True))
    assert made == ["message", "payment", "email", "note", "call"]


def test_a_gestion_for_several_debts(gestor_client: Client, gestor_user: User, case: Case) -> None:
    own = factories.CaseFactory(debtor=case.debtor, assigned_to=gestor_user)
    foreign = factories.CaseFactory(debtor=case.debtor)
    page = gestor_client.get(f"/cases/{case.pk}").text
    assert f'name="also" value="{own.pk}"' in page
    assert f'name="also" value="{foreign.pk}"' not in page
    url = f"/cases/{case.pk}/activities"
    assert gestor_client.post(url, gestion(code="NEG", also=foreign.pk)).status_code == 422
    assert gestor_client.post(url, gestion(code="NEG", also=own.pk)).status_code == 303
    assert sorted(Activity.objects.values_list("case_id", flat=True)) == sorted([case.pk, own.pk])
