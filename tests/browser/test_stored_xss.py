"""Whatever was typed or imported stays text, on every page and in every fragment, in a real browser."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from accounts.tokens import issue_token
from cases import services
from cases.importing import uploads
from cases.models import ActivityResult, Case, CaseStatus, Offer, PaperText
from nova.lib import dates
from payments.models import Layout, PaymentKey
from tests import factories
from tests.browser.conftest import PageOf
from tests.conftest import MODEL_BACKEND
from tests.steps import log_in, pay

pytestmark = pytest.mark.django_db(transaction=True)
# Breaks out of text, of an attribute of either quote, of a script, of a comment, of a template, and of JSON.
EVIL = """</title></script></textarea>--><img src=x onerror=hit()><svg onload=hit()>"'><b class=broke>{{7*7}}{%now%}"""
SHORT = '"><b class=broke>'


def evil(limit: int) -> str:
    """As much of it as a field holds, still able to harm."""
    return EVIL[:limit] if limit >= 60 else SHORT[:limit]


@pytest.fixture
def poisoned(admin_user: User, gestor_user: User, tmp_path: Path, settings) -> Case:
    """Every free text of the site, through the doors that people have: an import, forms, services, the admin."""
    settings.AGENCY_NAME = evil(100)
    settings.AGENCY_ADDRESS = settings.AGENCY_HOURS = settings.AGENCY_PHONE = settings.AGENCY_EMAIL = EVIL
    settings.AGENCY_FIGURES = f"{EVIL}={EVIL}"
    for user in (admin_user, gestor_user):
        User.objects.filter(pk=user.pk).update(first_name=evil(150), last_name=evil(150), email=f"a@{SHORT}.example")
    CaseStatus.objects.filter(slug="en-gestion").update(name=evil(CaseStatus._meta.get_field("name").max_length))
    ActivityResult.objects.filter(code="NC").update(name=evil(ActivityResult._meta.get_field("name").max_length))

    quoted = '"' + evil(80).replace('"', '""') + '"'
    note = '"' + EVIL.replace('"', '""') + '"'
    columns = ["Nro. Cliente", "Nombre", "Apellido", "Deuda Total", "Teléfono", "Calle", "Nro", "Localidad", "C.P."]
    header = ";".join([*columns, "Provincia", "Email", "Observaciones", quoted])
    row = ";".join(["77", quoted, quoted, "10000,00", *[quoted] * 7, note, note])
    file = tmp_path / "cartera<b class=broke>.csv"
    file.write_text(f"{header}\n{row}\n78;ANA;PAZ;no es un importe;;;;;;;;;\n")
    with pytest.raises(SystemExit):  # one row is rejected: its value is in the report of the batch
        call_command("import_cases", file, cartera=evil(80), create_cartera=True, assign_to=gestor_user.username)
    options = {"cartera": evil(80), "create_cartera": True, "sheet": "", "date_order": "dmy", "on_existing": "update"}
    uploads.store(by=admin_user, options=options, content=file.read_bytes(), file_name=file.name)
    issue_token(user=gestor_user, name=evil(80), by=admin_user)
    case = Case.objects.get(nro_cliente="77")
    case.entity = evil(80)
    case.save()
    factories.DebtorPhoneFactory(debtor=case.debtor, number=evil(40), kind="other")
    services.record_activity(case=case, by=gestor_user, type="call", result=factories.result("NC"), notes=EVIL)
    services.promise_payment(
        case=case, by=gestor_user, amount=Decimal("10.00"), promise_date=dates.today() + timedelta(days=1), notes=EVIL
    )
    pay(case, "1.00", by=admin_user, reference=evil(60))
    services.set_stop(debtor=case.debtor, by=admin_user, reason="reclamo", channel="email")
    factories.DiscountLimitFactory(cartera=case.cartera)
    factories.OfferFactory(name=evil(Offer._meta.get_field("name").max_length))
    factories.ArrangementFactory(case=case, notes=EVIL, creditor_authorisation=EVIL)
    PaperText.objects.filter(text="").update(text=SHORT)
    services.issue_document(case=case, kind="statement", by=admin_user, verify_at="/verificar/")
    Layout.objects.filter(code="generic").update(name=evil(80))
    file = factories.PaymentFileFactory(file_name=evil(255), cartera=case.cartera)
    texts = {"raw": EVIL, "payer_name": evil(120), "nro_cliente": evil(80), "external_reference": evil(120)}
    factories.PaymentRowFactory(file=file, case=case, state="ambiguous", why=evil(300), channel=SHORT, **texts)
    PaymentKey.objects.create(cartera=case.cartera, key=evil(120), case=case)
    factories.ContactSubmissionFactory(
        name=evil(120), entity=evil(120), phone=evil(40), message=EVIL, attempts=1, last_error=EVIL
    )
    log_in(Client(headers={"User-Agent": EVIL}), EVIL, "x")
    Client(headers={"User-Agent": f"Firefox/{EVIL}"}).force_login(admin_user, backend=MODEL_BACKEND)
    case.refresh_from_db()
    return case


def assert_harmless(page: Page, path: str) -> None:
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == (404 if path.startswith("/no-existe") else 200), path
    found = page.evaluate("() => [...document.querySelectorAll('.broke, img[src=x], svg[onload]')].length")
    assert found == 0, f"{path}: markup came through"
    assert page.evaluate("() => window.wasHit") is None, f"{path}: a script ran"


def open_watched(page_of: PageOf, user: User | None) -> Page:
    page = page_of(user)
    page.add_init_script("window.hit = () => { window.wasHit = true; }")
    return page


def test_pages_of_an_admin(page_of: PageOf, poisoned: Case, admin_user: User, gestor_user: User) -> None:
    page = open_watched(page_of, admin_user)
    seen = 0
    for path in (
        *("/", "/dashboard-admin", "/dashboard-admin/casos", "/dashboard-admin/movimientos"),
        *("/dashboard-admin/promesas", "/dashboard-admin/gestiones", f"/dashboard-admin?cartera={poisoned.cartera_id}"),
        *(f"/rendiciones?cartera={poisoned.cartera_id}", f"/gestores/{gestor_user.pk}", "/submissions"),
        *(f"/submissions?search={SHORT}", f"/dashboard-admin/casos?search={SHORT}", "/test-email-config", "/cuenta"),
        *(f"/cases/{poisoned.pk}", "/cuenta/segundo-factor", f"/no-existe/{SHORT}", f"/login?next={SHORT}"),
    ):
        assert_harmless(page, path)
        seen += "class=broke" in page.locator("body").inner_text()
    assert seen >= 10  # the texts are there, as texts


def test_pages_of_a_gestor(page_of: PageOf, poisoned: Case, gestor_user: User) -> None:
    page = open_watched(page_of, gestor_user)
    for path in ("/dashboard-gestor", f"/dashboard-gestor?search={SHORT}", f"/cases/{poisoned.pk}", "/cuenta"):
        assert_harmless(page, path)
        assert "class=broke" in page.content()
    page.goto("/dashboard-gestor")
    tabs = page.locator(".tabs a").all()
    assert len(tabs) == 4
    for tab in tabs:  # fragments that htmx swaps in
        tab.click()
        expect(tab).to_have_attribute("aria-current", "page")
        assert page.locator(".broke, img[src=x], svg[onload]").count() == 0
    assert page.evaluate("() => window.wasHit") is None


def test_every_page_of_the_django_admin(page_of: PageOf, poisoned: Case, admin_user: User) -> None:
    User.objects.filter(pk=admin_user.pk).update(is_superuser=True)
    page = open_watched(page_of, admin_user)
    newest = {model: model._base_manager.order_by("-pk").first() for model in admin.site._registry}
    assert len(newest) > 15
    assert [model._meta.model_name for model, row in newest.items() if row is None] == []
    seen = 0
    for model, row in newest.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert_harmless(page, reverse(f"{name}_changelist"))
        seen += "class=broke" in page.content()
        assert_harmless(page, reverse(f"{name}_change", args=[row.pk]))
        assert_harmless(page, reverse(f"{name}_history", args=[row.pk]))
    assert seen >= 8


def test_the_public_page(page_of: PageOf, poisoned: Case) -> None:
    page = open_watched(page_of, None)
    assert_harmless(page, "/")
    page.fill("#id_name", SHORT)
    page.fill("#id_email", "a@example.com")
    page.fill("#id_message", f"</textarea>{EVIL}")
    page.click("text=Enviar mensaje")  # too fast for a person: it comes back with what was typed
    page.wait_for_selector(".form-error")
    assert page.input_value("#id_message").startswith("</textarea>")
    assert page.locator(".broke, img[src=x], svg[onload]").count() == 0
    assert page.evaluate("() => window.wasHit") is None
