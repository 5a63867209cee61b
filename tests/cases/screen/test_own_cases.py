"""«Mis casos»: each list with its own amount and total, saved lists, walking a list, what is done with many."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cases import services
from cases.models import Activity, Case, SavedList
from cases.rules.queue import Band
from nova.lib import dates
from tests.factories import CaseFactory, DebtorFactory, PromiseFactory, result
from tests.queries import queries_do_not_grow
from tests.steps import pay

pytestmark = pytest.mark.django_db
URL = "/dashboard-gestor"


def listed(client: Client, **parameters):
    return client.get(URL, {"tab": "casos", **parameters})


def names(response) -> list[str]:
    return [row.name for row in response.context["rows"]]


def amounts(response) -> list[str]:
    return [amount for _, amount, _ in response.context["lines"]]


def case(gestor: User | None, last_name: str, **fields) -> Case:
    return CaseFactory(assigned_to=gestor, debtor__last_name=last_name, debtor__first_name="", **fields)


# --- Each list with its amount -------------------------------------------------------------------------
def test_recovered_shows_what_it_sums_and_what_is_no_longer_here(
    gestor_client: Client, gestor_user: User, other_gestor: User, admin_user: User
) -> None:
    first, gone = case(gestor_user, "Primera"), case(gestor_user, "Ida")
    pay(first, 1000, by=gestor_user)
    services.reverse_payment(payment=pay(first, 300, by=gestor_user), by=admin_user)
    pay(first, 50, by=gestor_user)
    pay(gone, 400, by=gestor_user)
    services.assign_cases(cases=Case.objects.filter(pk=gone.pk), gestor=other_gestor, by=admin_user)

    page = listed(gestor_client, focus="recovered")

    assert amounts(page) == ["$ 1.050,00"]
    assert page.context["total"] == ("Recuperado", "$ 1.050,00", "$ 400,00 más en 1 caso que ya no es suyo")
    assert page.context["screen"].figures.recovered == Decimal("1450.00")
    assert "Recuperado</th>" in page.text


def test_promises_of_the_week_show_what_is_still_to_be_paid(gestor_client: Client, gestor_user: User) -> None:
    today = dates.today()
    sunday = today + timedelta(days=6 - today.weekday())
    due, later = case(gestor_user, "Vence"), case(gestor_user, "Después")
    PromiseFactory(case=due, promise_date=sunday, amount=Decimal(900), paid_amount=Decimal(200))
    PromiseFactory(case=due, promise_date=today, amount=Decimal(50))
    PromiseFactory(case=later, promise_date=sunday + timedelta(days=1))
    PromiseFactory(case=case(gestor_user, "Cumplida"), promise_date=today, status="fulfilled", fulfilled_date=today)

    page = listed(gestor_client, focus="due_week")

    assert (names(page), amounts(page)) == (["Vence"], ["$ 750,00"])
    assert page.context["total"].amount == "$ 750,00"
    assert amounts(listed(gestor_client, focus="promises_today")) == ["$ 750,00"] if sunday == today else ["$ 50,00"]


def test_other_figures_and_lists_have_their_totals_too(gestor_client: Client, gestor_user: User) -> None:
    one = case(gestor_user, "Una", amount=Decimal("900000"))
    case(gestor_user, "Otra", amount=Decimal("100"))
    for _ in range(3):
        services.record_activity(case=one, by=gestor_user, type="call", result=result("NC"))
    services.promise_payment(case=one, by=gestor_user, amount=Decimal(100), promise_date=dates.today())
    pay(one, 100, by=gestor_user)
    services.set_stop(debtor=one.debtor, case=one, by=gestor_user, reason="reclamo")

    worked = listed(gestor_client, focus="worked_today")
    assert (amounts(worked), worked.context["total"].amount) == (["5"], "5")
    assert amounts(listed(gestor_client, focus="kept")) == ["$ 100,00"]
    assert names(listed(gestor_client, focus="stopped")) == ["Una"]
    assert listed(gestor_client, over="50 mil").context["total"] == ("Saldo", "$ 899.900,00", "")
    assert listed(gestor_client).context["total"].amount == "$ 900.000,00"


def test_without_contact_is_about_the_person(gestor_client: Client, gestor_user: User, other_gestor: User) -> None:
    person = DebtorFactory(last_name="Alcanzada", first_name="")
    case_of_person = CaseFactory(assigned_to=gestor_user, debtor=person)
    other_debt = CaseFactory(assigned_to=other_gestor, debtor=person)
    cold = case(gestor_user, "Fría")
    services.record_activity(case=cold, by=gestor_user, type="call", result=result("NC"))
    made = services.record_activity(case=other_debt, by=other_gestor, type="call", result=result("NEG")).activity

    assert names(listed(gestor_client, days="15")) == ["Fría"]
    Activity.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(days=16))
    assert sorted(names(listed(gestor_client, days="15"))) == ["Alcanzada", "Fría"]
    assert names(listed(gestor_client, days="17")) == ["Fría"]
    services.change_status(
        case=case_of_person, status=cold.status.__class__.objects.get(slug="incobrable"), by=other_gestor
    )
    assert names(listed(gestor_client, days="15")) == ["Fría"]


def test_what_can_be_worked_comes_first(gestor_client: Client, gestor_user: User) -> None:
    now = timezone.now()
    case(gestor_user, "Mañana", next_action_at=now + timedelta(days=1), queue_band=1)
    case(gestor_user, "Pagada", status_slug="pagada", queue_band=1)
    case(gestor_user, "Nueva")
    case(gestor_user, "Incumplida", next_action_at=now - timedelta(days=1), queue_band=2)

    assert names(listed(gestor_client))[:2] == ["Incumplida", "Nueva"]
    assert names(listed(gestor_client, order="next"))[0] == "Incumplida"


def test_the_chips_lead_to_the_lists_and_back(gestor_client: Client, gestor_user: User) -> None:
    case(gestor_user, "Una")
    chips = listed(gestor_client, days="30", order="name").context["chips"]
    assert [words for words, _, _ in chips] == [
        "Vencen esta semana",
        "Más de $ 500.000",
        "Sin contacto 30 días",
        "Detenidos",
    ]
    assert [is_on for _, _, is_on in chips] == [False, False, True, False]
    assert chips[2][1] == f"{URL}?tab=casos&order=name"
    for words, address, _ in chips:
        assert gestor_client.get(address).status_code == 200, words


@pytest.mark.parametrize("focus", ["", "recovered", "due_week", "kept", "worked_today", "stopped", "idle"])
def test_queries_do_not_grow(gestor_client: Client, gestor_user: User, focus: str) -> None:
    def more() -> None:
        for made in CaseFactory.create_batch(3, assigned_to=gestor_user):
            PromiseFactory(case=made, promise_date=dates.today())
            PromiseFactory(case=made, promise_date=dates.today(), status="fulfilled", fulfilled_date=dates.today())
            pay(made, 100, by=gestor_user)
            SavedList.objects.create(owner=gestor_user, name=f"L{made.pk}", query={"focus": "idle"})
        stopped = CaseFactory(assigned_to=gestor_user)
        services.set_stop(debtor=stopped.debtor, by=gestor_user, reason="reclamo")
        Case.objects.filter(pk=CaseFactory(assigned_to=gestor_user).pk).update(
            last_activity_at=timezone.now() - timedelta(days=40)
        )

    more()
    assert queries_do_not_grow(lambda: listed(gestor_client, focus=focus), more) <= 22


# --- Walking the list ----------------------------------------------------------------------------------
@pytest.fixture
def three(gestor_user: User) -> list[Case]:
    return [case(gestor_user, name, amount=Decimal(1000)) for name in ("Ana", "Beto", "Clara")]


def opened(client: Client, **parameters) -> list[str]:
    """The addresses by which the list opens its cases."""
    page = listed(client, **parameters)
    return [f"{row.case.get_absolute_url()}?{walk}" for row, _, walk in page.context["lines"]]


def test_j_and_k_walk_the_list_one_came_from(gestor_client: Client, gestor_user: User, three: list[Case]) -> None:
    case(gestor_user, "Ajena a la lista", amount=Decimal(5))
    addresses = opened(gestor_client, order="name", over="500")
    assert len(addresses) == 3

    page = gestor_client.get(addresses[1])
    assert "2 de 3" in page.text
    assert "Volver a Mis casos" in page.text
    screen = page.context["screen"]
    assert gestor_client.get(screen.next_url)["Location"] == f"{addresses[2]}&was={three[1].pk}"
    assert gestor_client.get(screen.previous_url)["Location"] == addresses[0]
    first, last = (gestor_client.get(addresses[place]).context["screen"] for place in (0, 2))
    assert gestor_client.get(first.previous_url)["Location"] == addresses[0]
    assert gestor_client.get(last.next_url)["Location"] == f"{URL}?tab=casos&over=500&order=name" == screen.list_url


def test_saving_goes_on_in_the_list(gestor_client: Client, three: list[Case]) -> None:
    address = opened(gestor_client, days="3", order="name")[1]
    page = gestor_client.get(address)
    action = f"{three[1].get_absolute_url()}/activities{page.context['screen'].query}"
    data = {"type": "call", "result": result("NEG").pk, "token": "a1", "then": "next"}

    response = gestor_client.post(action, data)

    # Reached, so out of the list; the next one has its place now.
    assert response["Location"].startswith(three[2].get_absolute_url())
    assert "2 de 2" in gestor_client.get(response["Location"]).text
    assert "ya no está en la lista" in gestor_client.get(address).text
    again = gestor_client.get(address).context["screen"]
    assert gestor_client.get(again.next_url)["Location"].startswith(three[2].get_absolute_url())
    assert gestor_client.get(again.previous_url)["Location"].startswith(three[0].get_absolute_url())


def test_a_case_that_keeps_its_place_is_not_the_next_one(gestor_client: Client, three: list[Case]) -> None:
    page = gestor_client.get(opened(gestor_client, order="name")[0])
    action = f"{three[0].get_absolute_url()}/activities{page.context['screen'].query}"
    data = {"type": "note", "notes": "x", "token": "a1", "then": "next"}

    response = gestor_client.post(action, data)

    assert response["Location"].startswith(three[1].get_absolute_url())


def test_back_is_the_case_one_came_from_though_saving_moved_it(gestor_client: Client, three: list[Case]) -> None:
    page = gestor_client.get(opened(gestor_client, order="last")[0])  # those of nobody first
    first = page.context["screen"].case
    action = f"{first.get_absolute_url()}/activities{page.context['screen'].query}"
    sent = {"type": "call", "result": result("NC").pk, "token": "a1", "then": "next"}
    second = gestor_client.get(gestor_client.post(action, sent)["Location"]).context["screen"]
    assert second.case != first
    third = gestor_client.get(gestor_client.get(second.next_url)["Location"]).context["screen"]

    back = gestor_client.get(gestor_client.get(third.previous_url)["Location"]).context["screen"]
    further = gestor_client.get(gestor_client.get(back.previous_url)["Location"]).context["screen"]

    assert (back.case, further.case) == (second.case, first)
    again = gestor_client.get(gestor_client.get(further.next_url)["Location"]).context["screen"]
    assert (again.case, again.walked.get("ahead")) == (second.case, f"{third.case.pk}")
    # One that went to somebody else meanwhile is left out.
    Case.objects.filter(pk=second.case.pk).update(assigned_to=None)
    assert gestor_client.get(third.previous_url)["Location"].startswith(first.get_absolute_url())


def test_the_address_of_a_long_walk_stays_short(gestor_client: Client, gestor_user: User) -> None:
    for _ in range(15):
        case(gestor_user, "Una")
    address = opened(gestor_client, order="name")[0]
    for _ in range(14):
        address = gestor_client.get(gestor_client.get(address).context["screen"].next_url)["Location"]
    assert len(QueryDict(address.partition("?")[2])["was"].split(".")) == 10


def test_snoozing_goes_on_in_the_list(gestor_client: Client, three: list[Case]) -> None:
    page = gestor_client.get(opened(gestor_client)[0])
    shown = page.context["screen"]
    response = gestor_client.post(
        f"{shown.case.get_absolute_url()}/snooze{shown.query}", {"until": "mañana", "token": "t"}
    )
    assert "list=" in response["Location"]
    assert "1 de 3" in gestor_client.get(response["Location"]).text


def test_a_walk_costs_one_query_more_however_long_the_list(gestor_client: Client, gestor_user: User) -> None:
    one = case(gestor_user, "Una")
    url = f"{one.get_absolute_url()}?list=order%3Dname&at=0"
    queries_do_not_grow(lambda: gestor_client.get(url), lambda: CaseFactory.create_batch(8, assigned_to=gestor_user))


@pytest.mark.parametrize(
    "query",
    [
        "list=%00&at=-1",
        "list=focus%3Dnada&at=999999999999",
        "list=&at=x",
        "list=over%3Dmil%26days%3D0",
        "list=&was=x.-1..9.9999999999999999999&ahead=" + "9" * 5000,
    ],
)
def test_an_address_by_hand_is_no_error(gestor_client: Client, gestor_user: User, query: str) -> None:
    one = case(gestor_user, "Una")
    assert gestor_client.get(f"{one.get_absolute_url()}?{query}").status_code == 200
    assert gestor_client.get(f"{URL}/next?{query}&from={one.pk}").status_code == 302


def test_an_admin_walks_no_list(admin_client: Client, three: list[Case]) -> None:
    assert "de 3" not in admin_client.get(f"{three[0].get_absolute_url()}?list=&at=0").text


# --- What is done with many ----------------------------------------------------------------------------
def test_several_are_put_off_at_once_and_one_undo_takes_them_back(gestor_client: Client, three: list[Case]) -> None:
    Case.objects.filter(pk=three[2].pk).update(queue_band=Band.CALL_BACK, next_action_at=timezone.now())
    chosen = {"case": [one.pk for one in three], "back": f"{URL}?tab=casos&order=name"}
    asked = gestor_client.get(f"{URL}/selection/snooze", chosen)
    assert "Posponer: 3 casos" in asked.text

    data = {**chosen, "until": "+2", "token": asked.context["form"]["token"].value()}
    done = gestor_client.post(f"{URL}/selection/snooze", data, follow=True)

    assert done.redirect_chain[0][0] == f"{URL}?tab=casos&order=name"
    assert "2." in done.text
    assert "Sin cambiar: 1. Hay un llamado acordado" in done.text
    assert Case.objects.filter(next_action_at__gt=timezone.now()).count() == 2
    made = Activity.objects.latest("pk")
    taken = gestor_client.post(f"/activities/{made.pk}/undo", follow=True)
    assert "y 1 más." in taken.text
    assert Case.objects.filter(next_action_at=None).count() == 2
    assert gestor_client.post(f"{URL}/selection/snooze", data).status_code == 302  # sent again: nothing more
    assert Case.objects.filter(next_action_at=None).count() == 2


def test_a_note_on_each_and_no_attempt_among_the_results(gestor_client: Client, three: list[Case]) -> None:
    chosen = {"case": [one.pk for one in three[:2]]}
    asked = gestor_client.get(f"{URL}/selection/notes", chosen)
    offered = asked.context["form"].fields["result"].queryset
    assert {choice.code for choice in offered} == {"NOTA"}

    wrong = gestor_client.post(
        f"{URL}/selection/notes", {**chosen, "token": "n1", "result": result("NC").pk, "notes": "x"}
    )
    assert wrong.status_code == 422
    empty = gestor_client.post(f"{URL}/selection/notes", {**chosen, "token": "n1", "notes": " "})
    assert (empty.status_code, Activity.objects.count()) == (422, 0)
    data = {**chosen, "token": "n1", "notes": "Campaña de diciembre", "result": result("NOTA").pk}
    done = gestor_client.post(f"{URL}/selection/notes", data, follow=True)
    assert "Nota guardada en 2 casos." in done.text
    assert set(Activity.objects.values_list("notes", "type", "case")) == {
        ("Campaña de diciembre", "note", one.pk) for one in three[:2]
    }
    assert len(set(Activity.objects.values_list("submission", flat=True))) == 1


def test_a_selection_sent_again_with_other_data_is_409_and_writes_nothing(
    gestor_client: Client, three: list[Case]
) -> None:
    chosen = {"case": [three[0].pk], "token": "n2"}
    gestor_client.post(f"{URL}/selection/notes", {**chosen, "notes": "Primera"})
    again = gestor_client.post(f"{URL}/selection/notes", {**chosen, "notes": "Otra"})
    assert again.status_code == 409
    assert "ya se guardó, con otros datos" in again.text
    assert list(Activity.objects.values_list("notes", flat=True)) == ["Primera"]


def test_every_kind_of_the_timeline_keeps_the_list_one_came_from(gestor_client: Client, three: list[Case]) -> None:
    page = gestor_client.get(three[0].get_absolute_url(), {"list": "order=name", "at": "0"})
    links = page.context["screen"].kind_links
    assert len(links) == 6
    assert [url for _, url, _ in links if "list=order%3Dname" not in url] == []


def test_an_undo_goes_back_into_the_list(gestor_client: Client, three: list[Case]) -> None:
    screen = gestor_client.get(opened(gestor_client, order="name")[0]).context["screen"]
    data = {"type": "note", "notes": "x", "token": "u1"}
    page = gestor_client.post(f"{three[0].get_absolute_url()}/activities{screen.query}", data, follow=True)
    [action] = re.findall(r'action="([^"]*/undo[^"]*)"', page.text)
    undone = gestor_client.post(unescape(action), follow=True)
    assert "Deshecho" in undone.text
    assert "1 de 3" in undone.text


@pytest.mark.parametrize("number", ["9" * 30, "-1", "x", ""])
def test_what_is_no_case_has_no_one_before(gestor_client: Client, number: str) -> None:
    assert gestor_client.get(f"{URL}/previous", {"from": number}).status_code == 404


def test_a_selection_of_others_cases_is_404_and_an_empty_one_says_so(
    gestor_client: Client, other_gestor_client: Client, user_client: Client, three: list[Case]
) -> None:
    chosen = {"case": [three[0].pk]}
    assert other_gestor_client.get(f"{URL}/selection/snooze", chosen).status_code == 404
    assert other_gestor_client.post(f"{URL}/selection/notes", {**chosen, "notes": "x", "token": "1"}).status_code == 404
    assert gestor_client.get(f"{URL}/selection/nada", chosen).status_code == 404
    assert "Marque primero" in gestor_client.get(f"{URL}/selection/snooze", follow=True).text
    assert user_client.get(f"{URL}/selection/snooze", chosen)["Location"] == "/dashboard-user"


# --- Saved lists ---------------------------------------------------------------------------------------
def test_a_list_is_saved_renamed_shared_and_deleted(
    gestor_client: Client, other_gestor_client: Client, gestor_user: User, other_gestor: User
) -> None:
    case(gestor_user, "Mía", amount=Decimal("900000"))
    case(other_gestor, "Suya", amount=Decimal("900000"))
    saved = gestor_client.post(f"{URL}/lists", {"name": "  Grandes  fríos ", "over": "500 mil", "order": "name"})
    assert saved["Location"] == f"{URL}?tab=casos&over=500+mil&order=name"
    row = SavedList.objects.get()
    assert (row.name, row.query, row.shared) == ("Grandes fríos", {"over": "500 mil", "order": "name"}, False)
    assert "Grandes fríos" in listed(gestor_client).text
    assert "Grandes fríos" not in listed(other_gestor_client).text

    gestor_client.post(f"{URL}/lists/{row.pk}", {"name": "Grandes", "shared": "on"})
    theirs = listed(other_gestor_client)
    shown = [(list.name, address, is_own) for list, address, _, is_own in theirs.context["saved"]]
    assert shown == [("Grandes", saved["Location"], False)]
    assert names(other_gestor_client.get(saved["Location"])) == ["Suya"]
    assert other_gestor_client.get(f"{URL}/lists/{row.pk}").status_code == 404
    assert other_gestor_client.post(f"{URL}/lists/{row.pk}/deletion").status_code == 404

    gone = gestor_client.post(f"{URL}/lists/{row.pk}/deletion", follow=True)
    assert "Lista «Grandes» eliminada" in gone.text
    assert not SavedList.objects.exists()


def test_a_name_is_used_once_by_each_person(gestor_client: Client, gestor_user: User, other_gestor: User) -> None:
    SavedList.objects.create(owner=gestor_user, name="Fríos", query={})
    SavedList.objects.create(owner=other_gestor, name="Grandes", query={})
    again = gestor_client.post(f"{URL}/lists", {"name": "FRIOS", "over": "5"})
    assert again.status_code == 422
    assert "Ya tiene una lista con ese nombre" in again.text
    assert 'value="5"' in again.text
    assert gestor_client.post(f"{URL}/lists", {"name": "Grandes", "over": "5"}).status_code == 302
    mine = SavedList.objects.get(owner=gestor_user, name="Grandes")
    assert gestor_client.post(f"{URL}/lists/{mine.pk}", {"name": "fríos"}).status_code == 422


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 61}, {"name": "L", "focus": "nada"}, {"name": "L", "over": "mucho"}]
)
def test_what_is_wrong_is_said(gestor_client: Client, wrong: dict[str, str]) -> None:
    assert gestor_client.post(f"{URL}/lists", wrong).status_code == 422
    assert not SavedList.objects.exists()
