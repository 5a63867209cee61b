"""Papers: what they say, their numbers, when they are refused, and when they are voided."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEvent, User
from cases import services
from cases.models import Arrangement, Case, DiscountLimit, Document, DocumentCounter, PaperText
from nova.lib import dates
from tests import factories
from tests.at_once import at_once
from tests.pdf import needs_pdftotext, pages_of, text_of
from tests.steps import issue, pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(gestor_user: User) -> Case:
    debtor = factories.DebtorFactory(first_name="Ana", last_name="Núñez", dni="20111222", street="Mitre", city="Salta")
    cartera = factories.CarteraFactory(name="Crédito & Ñandú <b>")
    return factories.CaseFactory(debtor=debtor, cartera=cartera, assigned_to=gestor_user, nro_cliente="000451")


def refused(act: Callable[[], Any]) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as raised:
        act()
    return raised.value.message_dict


def pay_in_full(case: Case, *, days_ago: int) -> None:
    pay(case, case.balance, value_date=dates.today() - timedelta(days=days_ago))


# --- What they say ------------------------------------------------------------------------------------------
@needs_pdftotext
def test_receipt(case: Case, gestor_user: User) -> None:
    payment = pay(case, "4321.50", by=gestor_user, method="transfer", reference="TR-9")

    document = issue(case, "receipt", by=gestor_user, entry=payment)

    text = text_of(services.file_of(document))
    assert "Recibo N° 00000001" in text
    assert "Núñez, Ana" in text
    assert "DNI 20.111.222" in text
    assert "Mitre, Salta" in text
    assert "Crédito & Ñandú <b>" in text
    assert "$ 4.321,50 Son pesos cuatro mil trescientos veintiuno con 50/100." in text
    assert "Transferencia" in text
    assert "TR-9" in text
    assert "no importa la cancelación de períodos anteriores ni la renuncia a intereses o accesorios" in text
    assert f"https://cobranzas.example.com.ar/verificar/{document.code_label}" in text
    assert "ANULADO" not in text
    assert document.sha256 == hashlib.sha256(document.file).hexdigest()
    assert AuditEvent.objects.get(target_type="document", target_id=document.pk).actor == gestor_user


@needs_pdftotext
def test_statement(case: Case, gestor_user: User) -> None:
    """DESIGN §2: 100.000,00 of capital placed at 145.000,00; interest is paid first; a reversal gives it back."""
    case = factories.CaseFactory(amount=Decimal("145000.00"), initial_amount=Decimal("100000.00"))
    payment = pay(case, "60000.00")
    services.reverse_payment(payment=payment, by=gestor_user)
    pay(case, "30000.00")

    text = text_of(services.file_of(issue(case, "statement")))

    assert "asciende a $ 115.000,00 (pesos ciento quince mil con 00/100)" in text
    assert "$ 100.000,00 de capital y $ 15.000,00 de intereses" in text
    assert "Alta de deuda 145.000,00 100.000,00 45.000,00 145.000,00" in text
    assert "Pago -60.000,00 85.000,00 0,00 85.000,00" in text
    assert "Reversa 60.000,00 100.000,00 45.000,00 145.000,00" in text
    assert "Pago -30.000,00 100.000,00 15.000,00 115.000,00" in text


@needs_pdftotext
def test_clearance(case: Case) -> None:
    pay_in_full(case, days_ago=3)
    text = text_of(services.file_of(issue(case, "clearance")))
    assert "Libre deuda N° 00000001" in text
    assert "Núñez, Ana, DNI 20.111.222, no adeuda suma alguna a Crédito & Ñandú <b>" in text
    assert "número de cliente 000451" in text


@needs_pdftotext
def test_long_names_and_large_amounts_stay_on_their_paper(gestor_user: User) -> None:
    debtor = factories.DebtorFactory(first_name="María" * 16, last_name="ETCHEGARAY-RODRÍGUEZ DE LA FUENTE Y ARAMBURÚ")
    case = factories.CaseFactory(debtor=debtor, amount=Decimal("9999999999999.99"))
    payment = pay(case, "1234567890123.45")

    receipt = issue(case, "receipt", entry=payment)
    statement = issue(case, "statement")

    text = text_of(receipt.file)
    assert pages_of(receipt.file) == pages_of(statement.file) == 1
    assert "$ 1.234.567.890.123,45" in text
    assert "un billón doscientos treinta y cuatro mil quinientos sesenta y siete millones" in text
    assert "-1.234.567.890.123,45 8.765.432.109.876,54" in text_of(statement.file)


@needs_pdftotext
def test_the_ledger_of_years_goes_on_over_pages(case: Case) -> None:
    for number in range(110):
        pay(case, "1.00", reference=f"R-{number}")
    file = bytes(issue(case, "statement").file)
    assert pages_of(file) == 3
    assert "Página 1 de 3" in text_of(file)
    assert text_of(file).count("Fecha Concepto") == 3


def test_the_same_words_are_the_same_bytes(case: Case) -> None:
    """What is kept beside the file makes it again, as long as the program is the same."""
    from cases.papers.printing import printed  # noqa: PLC0415

    document = issue(case, "receipt", entry=pay(case, 10))
    document.refresh_from_db()
    assert printed(document.content) == bytes(document.file)


def test_a_paper_keeps_the_text_that_it_was_issued_with(case: Case) -> None:
    document = issue(case, "receipt", entry=pay(case, 10))
    PaperText.objects.filter(slug="receipt").update(text="Otro texto.")
    document.refresh_from_db()
    assert document.texts["receipt"].startswith("Recibimos de {deudor}")
    assert "Otro texto." in str(issue(case, "receipt", entry=pay(case, 11)).content)


# --- Numbers ------------------------------------------------------------------------------------------------
def test_every_kind_counts_by_itself(case: Case) -> None:
    numbers = [issue(case, "receipt", entry=pay(case, amount)).number for amount in (1, 2, 3)]
    assert numbers == [1, 2, 3]
    assert [issue(case, "statement").number for _ in range(2)] == [1, 2]


def test_an_issue_that_is_rolled_back_leaves_no_gap(case: Case) -> None:
    def fails_later() -> None:
        with transaction.atomic():
            issue(case, "statement")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails_later()
    assert issue(case, "statement").number == 1


def test_codes_are_not_alike(case: Case) -> None:
    codes = {issue(case, "statement").code for _ in range(20)}
    assert {len(code) for code in codes} == {16}
    assert len(codes) == 20


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_papers_issued_at_once_have_numbers_without_a_gap(gestor_user: User) -> None:
    cases = [factories.CaseFactory(assigned_to=gestor_user) for _ in range(6)]
    DocumentCounter.objects.all().delete()  # even the first ones of a kind

    made = at_once(*[lambda case=case: issue(case, "statement", by=gestor_user) for case in cases])

    assert sorted(document.number for document in made) == [1, 2, 3, 4, 5, 6]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_receipts_of_one_payment_at_once_are_one(gestor_user: User) -> None:
    case = factories.CaseFactory(assigned_to=gestor_user)
    payment = pay(case, 10)
    made = at_once(*[lambda: issue(case, "receipt", by=gestor_user, entry=payment)] * 3)
    assert {document.pk for document in made} == {Document.objects.get().pk}


# --- Refusals -----------------------------------------------------------------------------------------------
def test_a_payment_has_one_receipt(case: Case) -> None:
    payment = pay(case, 10)
    first = services.issue_document(case=case, kind="receipt", by=None, verify_at="", entry=payment)
    again = services.issue_document(case=case, kind="receipt", by=None, verify_at="", entry=payment)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.document == again.document


def test_receipts_are_of_standing_payments_of_the_case(case: Case, admin_user: User) -> None:
    payment = pay(case, 10)
    elsewhere = pay(factories.CaseFactory(), 10)
    services.reverse_payment(payment=payment, by=admin_user)
    assert refused(lambda: issue(case, "receipt", entry=payment)) == {
        "entry": ["Ese pago fue revertido: no lleva recibo."]
    }
    assert refused(lambda: issue(case, "receipt", entry=elsewhere)) == {
        "entry": ["Ese movimiento no es un pago de este caso."]
    }
    placement = case.entries.get(kind="placement")
    assert "entry" in refused(lambda: issue(case, "receipt", entry=placement))
    assert "entry" in refused(lambda: issue(case, "receipt"))
    assert "entry" in refused(lambda: issue(case, "statement", entry=placement))
    assert "kind" in refused(lambda: issue(case, "factura"))
    assert not Document.objects.exists()


@pytest.mark.parametrize(("days_ago", "is_issued"), [(0, False), (2, False), (3, True)])
def test_a_clearance_waits_for_the_last_payment(case: Case, days_ago: int, is_issued: bool) -> None:
    pay_in_full(case, days_ago=days_ago)
    case.refresh_from_db()
    refusal = services.papers.refusal_of("clearance", case, now=timezone.now())
    assert (refusal == "") is is_issued
    if not is_issued:
        assert "se emite desde el" in refused(lambda: issue(case, "clearance"))["kind"][0]


def test_no_clearance_of_what_is_owed(case: Case) -> None:
    said = refused(lambda: issue(case, "clearance"))
    assert said == {"kind": ["El libre deuda es de casos pagados: este está en «Sin gestión», con saldo $ 10.000,00."]}


def test_no_clearance_of_a_case_that_was_given_up(case: Case, admin_user: User) -> None:
    services.change_status(case=case, status=factories.status("incobrable"), by=admin_user)
    services.adjust_balance(case=case, by=admin_user, amount=Decimal("-10000.00"))
    assert "kind" in refused(lambda: issue(case, "clearance"))


def test_a_missing_text_is_named_with_its_place(case: Case) -> None:
    PaperText.objects.filter(slug="statement").update(text="")
    assert refused(lambda: issue(case, "statement")) == {
        "statement": ["Falta «Estado de deuda»: escríbalo en Administración › Textos de los papeles."]
    }
    assert DocumentCounter.objects.get(kind="statement").last == 0


# --- Voiding ------------------------------------------------------------------------------------------------
@needs_pdftotext
def test_a_reversed_payment_voids_its_receipt(case: Case, admin_user: User) -> None:
    payment = pay(case, 10)
    document = issue(case, "receipt", entry=payment)
    other = issue(case, "receipt", entry=pay(case, 11))

    services.reverse_payment(payment=payment, by=admin_user)

    document.refresh_from_db()
    other.refresh_from_db()
    assert (document.voided_by, document.void_reason) == (admin_user, "El pago fue revertido")
    assert other.is_valid
    text = text_of(services.file_of(document))
    assert f"ANULADO el {dates.today():%d/%m/%Y}" in text
    assert hashlib.sha256(document.file).hexdigest() == document.sha256
    trail = AuditEvent.objects.filter(target_type="document", target_id=document.pk, action="edited")
    assert trail.get().after["notes"] == "El pago fue revertido"


def test_undoing_the_gestion_of_a_payment_voids_its_receipt(case: Case, gestor_user: User) -> None:
    payment = pay(case, 10, by=gestor_user)
    document = issue(case, "receipt", entry=payment)
    services.undo(activity=payment.activity, by=gestor_user)
    document.refresh_from_db()
    assert not document.is_valid


def test_a_clearance_falls_when_the_debt_is_owed_again(case: Case, admin_user: User) -> None:
    payment = pay(case, case.balance, value_date=dates.today() - timedelta(days=5))
    document = issue(case, "clearance")
    assert issue(case, "clearance") == document

    services.reverse_payment(payment=payment, by=admin_user)

    document.refresh_from_db()
    assert (document.voided_by, document.void_reason) == (None, "La deuda volvió a tener saldo")
    pay_in_full(Case.objects.get(pk=case.pk), days_ago=4)
    assert issue(case, "clearance").number == 2


def test_a_clearance_falls_by_what_the_creditor_says(case: Case, admin_user: User) -> None:
    pay_in_full(case, days_ago=5)
    document = issue(case, "clearance")
    services.refresh_total(case=case, by=admin_user, total=Decimal("500.00"))
    document.refresh_from_db()
    assert not document.is_valid


def test_voiding_by_hand(case: Case, admin_user: User) -> None:
    payment = pay(case, 10)
    document = issue(case, "receipt", entry=payment)
    services.void_document(document=document, by=admin_user, reason="Nombre mal escrito")
    assert refused(lambda: services.void_document(document=document, by=admin_user, reason="Otra vez")) == {
        "document": ["Ese papel ya está anulado."]
    }
    again = issue(case, "receipt", entry=payment)
    assert again.number == 2


def test_a_case_with_a_paper_is_not_deleted(case: Case, admin_user: User) -> None:
    issue(case, "statement")
    assert "case" in refused(lambda: services.delete_case(case=case, by=admin_user))


def test_papers_are_never_deleted(case: Case) -> None:
    document = issue(case, "statement")
    with pytest.raises(TypeError):
        document.delete()
    with pytest.raises(TypeError):
        Document.objects.all().delete()


# --- Agreements ---------------------------------------------------------------------------------------------
def arrange(case: Case, by: User, **terms: Any) -> Arrangement:
    first = terms.pop("first_due_on", dates.today() + timedelta(days=20))
    return services.propose_arrangement(
        case=case,
        by=by,
        terms=services.ArrangementTerms(first_due_on=first, **terms),
        accept=True,
        accepted_how="phone",
    )


@needs_pdftotext
@pytest.mark.usefixtures("agency_texts")
def test_agreement_with_interest(gestor_user: User) -> None:
    """E2: 480.000,00, 80.000,00 down, 5 % direct, 6 instalments."""
    debtor = factories.DebtorFactory(first_name="Ana", last_name="Núñez", dni="20111222", street="Mitre", city="Salta")
    case = factories.CaseFactory(debtor=debtor, assigned_to=gestor_user, amount=Decimal("480000.00"))
    arrangement = arrange(
        case,
        gestor_user,
        system="direct",
        instalments=6,
        down_payment=Decimal("80000.00"),
        monthly_rate=Decimal("5.00"),
    )

    document = issue(case, "agreement", by=gestor_user)

    assert document.arrangement == arrangement
    text = text_of(document.file)
    assert "Convenio de pago N° 00000001" in text
    assert "NOVA Gestión de Cobranzas, CUIT 30-71234567-1, con domicilio en Mitre 123, Salta" in text
    assert "Núñez, Ana, DNI 20.111.222, con domicilio en Mitre, Salta (en adelante, el deudor)" in text
    assert "pagará $ 600.000,00 (pesos seiscientos mil con 00/100)" in text
    assert f"Anticipo {dates.today():%d/%m/%Y} 80.000,00 0,00 80.000,00" in text
    assert "66.666,66 20.000,00 86.666,66" in text
    assert "66.666,69 20.000,01 86.666,70" in text
    assert "Total 480.000,00 120.000,00 600.000,00" in text
    assert "TEA 153,32 %" in text
    assert "CFT 153,32 % efectivo anual" in text
    assert "Transferencia a CBU 1." in text
    assert "cuando haya 2 cuotas vencidas e impagas, o a los 30 días del último vencimiento" in text
    assert issue(case, "agreement", by=gestor_user) == document


@needs_pdftotext
@pytest.mark.usefixtures("agency_texts")
def test_agreement_with_a_waiver(admin_user: User) -> None:
    DiscountLimit.objects.create(role="admin", max_percent=Decimal(50))
    case = factories.CaseFactory(amount=Decimal("250000.00"))
    arrange(case, admin_user, waiver_percent=Decimal(40))
    text = text_of(issue(case, "agreement").file)
    assert "Quita al cumplirlo $ 100.000,00 (40,00 %)" in text
    assert "TEA 0,00 %" in text
    assert "caduca, sin necesidad de intimación previa, si el pago no se hace en su fecha." in text


@needs_pdftotext
@pytest.mark.usefixtures("agency_texts")
@pytest.mark.parametrize(("count", "pages"), [(12, 2), (60, 3)])
def test_agreements_of_a_year_and_of_five(gestor_user: User, count: int, pages: int) -> None:
    debtor = factories.DebtorFactory(first_name="María" * 16, last_name="ETCHEGARAY-RODRÍGUEZ DE LA FUENTE Y ARAMBURÚ")
    case = factories.CaseFactory(debtor=debtor, assigned_to=gestor_user, amount=Decimal("1000000000000.00"))
    arrange(case, gestor_user, system="french", instalments=count, monthly_rate=Decimal("4.00"))
    document = issue(case, "agreement")
    text = text_of(document.file)
    last = document.arrangement.schedule.order_by("-number").first()
    assert pages_of(document.file) == pages
    assert f" {count} {last.due_on:%d/%m/%Y} " in text


@pytest.mark.parametrize("slug", ["agency_cuit", "agency_address", "payment_means", "agreement", "agreement_default"])
@pytest.mark.usefixtures("agency_texts")
def test_no_agreement_with_something_missing(case: Case, gestor_user: User, slug: str, settings) -> None:
    settings.AGENCY_ADDRESS = ""
    arrange(case, gestor_user, instalments=2)
    PaperText.objects.filter(slug=slug).update(text="")
    said = refused(lambda: issue(case, "agreement"))
    assert list(said) == [slug]
    assert PaperText.Slug(slug).label in said[slug][0]
    assert "Administración › Textos de los papeles" in said[slug][0]


@pytest.mark.usefixtures("agency_texts")
def test_no_agreement_with_nobody_in_particular(case: Case, gestor_user: User) -> None:
    arrange(case, gestor_user, instalments=2)
    case.debtor.dni = None
    case.debtor.save()
    assert list(refused(lambda: issue(case, "agreement"))) == ["debtor"]


def test_an_agreement_is_of_a_running_arrangement_of_the_case(case: Case, gestor_user: User) -> None:
    assert list(refused(lambda: issue(case, "agreement"))) == ["arrangement"]
    other = factories.CaseFactory(assigned_to=gestor_user)
    foreign = arrange(other, gestor_user, instalments=2)
    assert list(refused(lambda: issue(case, "agreement", arrangement=foreign))) == ["arrangement"]
    services.cancel_arrangement(arrangement=foreign, by=gestor_user, reason="se arrepintió")
    foreign.refresh_from_db()
    assert list(refused(lambda: issue(other, "agreement", arrangement=foreign))) == ["arrangement"]


@needs_pdftotext
@pytest.mark.usefixtures("agency_texts")
def test_the_payment_that_completes_says_which_arrangement(case: Case, gestor_user: User, admin_user: User) -> None:
    arrange(case, gestor_user, instalments=2)
    agreement = issue(case, "agreement")
    first, last = pay(case, "5000.00", by=gestor_user), pay(case, "5000.00", by=gestor_user)

    on_account, final = issue(case, "receipt", entry=first), issue(case, "receipt", entry=last)

    assert "a cuenta" in text_of(on_account.file)
    assert "cancela" not in text_of(on_account.file).replace("cancelación", "")
    assert "Este pago cancela el convenio N° 00000001." in text_of(final.file)
    assert final.arrangement == agreement.arrangement
    # Another payment is reversed: the arrangement is not completed any more, and nobody may say so.
    services.reverse_payment(payment=first, by=admin_user)
    for document in (on_account, final):
        document.refresh_from_db()
    assert (on_account.void_reason, final.void_reason) == (
        *("El pago fue revertido", "El convenio que cancelaba volvió a estar impago"),
    )
    assert "a cuenta" in text_of(issue(case, "receipt", entry=last).file)


def test_a_settlement_without_a_paper_is_named_by_its_day(case: Case, gestor_user: User) -> None:
    arrange(case, gestor_user)
    payment = pay(case, "10000.00", by=gestor_user)
    document = issue(case, "receipt", entry=payment)
    assert f"cancela el convenio del {dates.today():%d/%m/%Y}." in str(document.content)


def test_a_fee_makes_no_completion_undone(case: Case, gestor_user: User, admin_user: User) -> None:
    """What is owed beside the instalments leaves the arrangement completed, and so its receipt."""
    arrange(case, gestor_user, instalments=2)
    document = issue(case, "receipt", entry=pay(case, "10000.00", by=gestor_user))
    services.adjust_balance(case=case, by=admin_user, amount=Decimal("100.00"), reason="fee")
    document.refresh_from_db()
    assert document.is_valid
