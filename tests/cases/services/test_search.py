"""Finding people and debts: as lists show them, with or without punctuation, whole or in part, on both databases."""

from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from cases import querysets
from cases.models import Cartera, Case, Debtor
from cases.searching import normalize, words_of
from tests.cases.importing.command import import_cases
from tests.factories import CarteraFactory, CaseFactory, DebtorFactory, DebtorPhoneFactory
from tests.queries import queries_do_not_grow

pytestmark = pytest.mark.django_db
NAMES = """Nro. Cliente;Apellido y Nombre;DNI;Saldo;Tel
S-1;"D'AMICO, ANA";31000001;1000;0291 15-444-1001
S-2;"D’ANGELO, LUZ";31000002;1000;(011) 4444-1002
S-3;"GARCÍA-LORCA, FEDE";31000003;1000;2914441003
S-4;"MUÑOZ DE LA FUENTE, MARÍA JOSÉ";31000004;1000;
S-5;"PÉREZ  GÓMEZ, JUAN   CRUZ";31000005;1000;
S-6;"ACOSTA & HIJOS S.R.L.";30-50001091-2;1000;
S-7;"100% CUERO SA";;1000;
S-8;"ÑANCUPIL, GÜELFI";31000008;1000;
0451;"MAC DONALD, R_T";31000009;1000;
00077;"ŞENOL, İREM";31000010;1000;
"""


@pytest.fixture
def loaded(tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text(NAMES, encoding="utf-8")
    assert import_cases(file).counts("created") == (10,)


def keys(text: str, cases: Any = None) -> list[str]:
    found = (Case.objects.all() if cases is None else cases).search(text)
    return sorted(found.values_list("nro_cliente", flat=True))


def test_each_is_found_as_the_list_shows_it(loaded):
    cases = list(Case.objects.select_related("debtor"))
    assert len(cases) == 10
    for case in cases:
        assert keys(case.debtor.listed_name) == [case.nro_cliente]
        assert Debtor.objects.search(case.debtor.listed_name).get() == case.debtor


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("D'AMICO", "S-1"), ("d’amico", "S-1"), ("D´Amico", "S-1"), ("damico", "S-1"), ("ana d`amico", "S-1"),
        ("d amico", "S-1"), ("DANGELO", "S-2"), ("D'Angelo, Luz", "S-2"), ("luz d'angelo", "S-2"),
        ("garcia lorca", "S-3"), ("García-Lorca", "S-3"), ("LORCA FEDE", "S-3"), ("munoz fuente", "S-4"),
        ("maria jose muñoz", "S-4"), ("MUÑOZ", "S-4"), ("perez gomez, juan", "S-5"), ("Acosta e", None),
        ("ACOSTA HIJOS SRL", "S-6"), ("acosta & hijos S.R.L.", "S-6"), ("acosta s. r. l.", "S-6"), ("srl", "S-6"),
        ("100% cuero", "S-7"), ("cuero s.a.", "S-7"), ("ñancupil", "S-8"), ("NANCUPIL guelfi", "S-8"),
        ("güelfi", "S-8"), ("R_T Mac Donald", "0451"), ("r t mac donald", "0451"), ("senol irem", "00077"),
        ("Şenol, İrem", "00077"), ("¿?", None), ("%", None), ("_", None),
    ],
)  # fmt: skip
def test_names(loaded, gestor_user, text, key):
    found = [key] if key else []
    assert keys(text) == found
    Case.objects.update(assigned_to=gestor_user)  # a gestor's search begins at their people, and finds the same
    assert keys(text, Case.objects.visible_to(gestor_user)) == found


@pytest.mark.parametrize(
    ("text", "key"), [("jo mu", "S-4"), ("MU", "S-4"), ("un", None), ("me", None), ("ju pe", "S-5")]
)
def test_two_letters_are_the_beginning_of_a_word(loaded, text, key):
    assert keys(text) == ([key] if key else [])


def test_several_words_of_more_people_than_are_looked_at(monkeypatch):
    monkeypatch.setattr(querysets, "PARTIAL_MATCHES", 2)
    for name in ("Ana", "Juana", "Mariana"):
        CaseFactory(debtor__first_name=name, debtor__last_name="Gómez")
    assert Case.objects.search("gomez ana").count() == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("451", ["0451"]), ("0451", ["0451"]), ("77", ["00077"]), ("00077", ["00077"]), ("s-1", ["S-1"]),
        ("1001", ["S-1"]), ("444-1001", ["S-1"]), ("15-444-1001", ["S-1"]), ("0291 444", ["S-1", "S-3"]),
        ("4444-1002", ["S-2"]), ("4441", ["S-1", "S-2", "S-3"]), ("31000004", ["S-4"]), ("31.000.005", ["S-5"]),
        ("30-50001091-2", ["S-6"]), ("310000", ["00077", "0451", *(f"S-{n}" for n in (1, 2, 3, 4, 5, 8))]),
        ("31 00 00 1", ["00077"]), ("100", []), ("0000", []), ("99", []),
    ],
)  # fmt: skip
def test_numbers_whole_and_in_part(loaded, text, found):
    assert keys(text) == sorted(found)


def test_beginning_of_a_key():
    for key in ("000451234", "451299", "AB-4471", "ab-4472", "X45"):
        CaseFactory(nro_cliente=key)
    assert keys("4512") == ["000451234", "451299"]
    assert keys("00045") == ["000451234"]
    assert keys("ab-447") == ["AB-4471", "ab-4472"]
    assert keys("AB-4471") == ["AB-4471"]


def test_phone_that_was_stored_as_it_was_given():
    phone = DebtorPhoneFactory(number="444-5678 (casa)")
    case = CaseFactory(debtor=phone.debtor)
    assert list(Case.objects.search("4445678")) == [case]
    assert list(Debtor.objects.search("445-67")) == [phone.debtor]


def test_a_gestor_finds_only_what_is_theirs(gestor_user, other_gestor):
    mine, other = (CaseFactory(assigned_to=who, nro_cliente=f"77{who.pk}88") for who in (gestor_user, other_gestor))
    for number, case in enumerate((mine, other)):
        DebtorPhoneFactory(debtor=case.debtor, number=f"+549291444100{number}")
    for text in (mine.debtor.dni[:6], "0" + str(mine.nro_cliente), "44410"):
        assert list(Case.objects.visible_to(gestor_user).search(text)) == [mine], text


def test_cost_of_a_search_does_not_grow():
    def more():
        for number in range(20):
            DebtorPhoneFactory(debtor=CaseFactory().debtor, number=f"+5492914451{number:03d}")

    more()
    queries_do_not_grow(lambda: list(Case.objects.search("4451")), lambda: CaseFactory.create_batch(20))


@pytest.mark.postgres
@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00", max_codepoint=0x33FF), max_size=40))
def test_both_databases_make_the_same_text(text):
    """Of Latin writing; the case of other scripts is a matter of the database's locale."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nova_search_text(%s)", [text])
        assert cursor.fetchone()[0].lower() == normalize(text)


def test_text_of_a_debtor_is_made_by_the_database():
    debtor = DebtorFactory(first_name="İrem", last_name="D’Amico S. R. L.")
    debtor.refresh_from_db()
    assert debtor.search_text == "irem damico srl" == normalize(debtor.full_name)
    assert words_of("D'Amico, İREM") == ["damico", "irem"]


# --- Carteras --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["línea cánada", "LINEA CANADA", "Li\u0301nea Ca\u0301nada", " Línea   Cánada "])
def test_a_cartera_in_another_accent_case_or_composition_is_the_same(tmp_path, admin_client, name):
    cartera = CarteraFactory(name="Línea Cánada")
    assert Cartera.objects.named(name) == cartera
    assert Cartera.objects.named("Linea Canad") is None
    file = tmp_path / "one.csv"
    file.write_text("Nro. Cliente;Apellido y Nombre;Saldo\n1;PÉREZ;10\n", encoding="utf-8")
    assert import_cases(file, cartera=name).code == 0
    assert Case.objects.get().cartera == cartera
    sent = {"name": name, "is_active": "on", "monthly_interest_rate": "5"}
    assert admin_client.post("/admin/cases/cartera/add/", sent).status_code == 200
    assert Cartera.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Cartera.objects.create(name=name.strip().replace("   ", " "))
