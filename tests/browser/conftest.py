"""A real browser, Debian's Chromium, against the live server. Every page is watched: no console error, no violation of
the Content-Security-Policy, no request to another origin."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from threading import RLock
from typing import Any, Self

import pytest
from django.conf import settings
from django.core.servers.basehttp import ServerHandler
from django.db import connection
from django.db.backends.utils import CursorWrapper
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, Route, expect, sync_playwright

from accounts.models import User
from cases.models import Case
from tests import factories
from tests.conftest import ClientOf, chromium_program

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text()
# Every rule is tried on every element. What passes is not described: nobody reads it, and it took most of the time.
OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
# Colours that change by a transition are those of the other theme only after it.
SETTLE = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  do {
    await frame();
    await frame();
    document.getAnimations().forEach((change) => change.finish());
  } while (document.getAnimations().length);
}"""
# A click returns before the page it leads to is there. Without this a check would look at the page that is being left.
LEAVING = "addEventListener('beforeunload', () => { window.isBeingLeft = true; });"
HAS_ARRIVED = "() => !window.isBeingLeft && document.readyState === 'complete'"
# What Chromium writes of every 4xx answer, and htmx of a request that another one replaced or that found no network.
NO_TROUBLE = ("Failed to load resource", "htmx:sendAbort", "htmx:sendError", "htmx:afterRequest")
# A busy machine answers late; only a test that fails waits that long.
expect.set_options(timeout=20_000)
PageOf = Callable[..., Page]
# What reaches beyond the right edge.
WIDE = """() => [...document.querySelectorAll("main *")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest(".table-scroll"))
  .map((element) => `${element.tagName}.${element.className}`).slice(0, 8)"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session", autouse=True)
def _one_request_at_a_time() -> Iterator[None]:
    """Where the live server's threads share one connection: with an SQLite in memory.

    A query that runs a function written in Python holds the connection and waits for the interpreter, while another
    thread holds the interpreter and waits for the connection: both for ever. A deployment has a connection a thread.
    """
    if connection.vendor != "sqlite":
        yield
        return
    turn, answer, execute = RLock(), ServerHandler.run, CursorWrapper._execute_with_wrappers

    def answer_in_turn(handler: ServerHandler, application: Any) -> None:
        with turn:
            answer(handler, application)

    def execute_in_turn(cursor: CursorWrapper, *arguments: Any, **more: Any) -> Any:
        with turn:  # what the test itself asks for, too: else «database table is locked»
            return execute(cursor, *arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ServerHandler, "run", answer_in_turn)
        patch.setattr(CursorWrapper, "_execute_with_wrappers", execute_in_turn)
        yield


def _no_loop() -> None:
    raise RuntimeError("no running event loop")


# One for all files of this folder that a worker takes, and ended with the last of them.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    # Playwright's sync API runs an event loop in this thread, which Django's ORM would refuse. Not by the variable that
    # allows it: processes that other tests start would inherit it.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setattr("django.utils.asyncio.get_running_loop", _no_loop)
        browser = playwright.chromium.launch(executable_path=chromium_program(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page_of(chromium: Browser, live_server, client_of: ClientOf) -> Iterator[PageOf]:
    """`page_of(user, width=390, theme="dark", javascript=False)`: a page of a browser signed in as the user."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def open_page(
        user: User | None,
        *,
        width: int = 1440,
        height: int = 900,
        theme: str = "light",
        javascript: bool = True,
    ) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            java_script_enabled=javascript,
            locale="es-AR",
            timezone_id=settings.TIME_ZONE,
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(20_000)
        context.add_init_script(LEAVING)
        if user is not None:
            session = client_of(user).cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        watch(page, live_server.url, troubles)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not troubles, "\n".join(troubles)


def watch(page: Page, origin: str, troubles: list[str]) -> None:
    def console(message) -> None:
        if "violates" in message.text or (message.type == "error" and not message.text.startswith(NO_TROUBLE)):
            troubles.append(f"console: {message.text}")

    def request(sent) -> None:
        if not sent.url.startswith((f"{origin}/", "data:")):
            troubles.append(f"another origin: {sent.url}")

    page.on("console", console)
    page.on("pageerror", lambda error: troubles.append(f"page error: {error}"))
    page.on("request", request)


def assert_accessible(page: Page, options: dict[str, Any] = OPTIONS) -> None:
    """axe-core finds no violation of WCAG 2.2 A or AA on the page to which the last click led."""
    page.wait_for_function(HAS_ARRIVED)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    violations = page.evaluate(f"axe.run(document, {json.dumps(options)}).then((found) => found.violations)")
    assert not violations, "\n".join(
        f"{rule['id']}: {rule['help']}\n    "
        + "\n    ".join(str(node["target"]) + " " + node["html"][:120] for node in rule["nodes"])
        for rule in violations
    )


def assert_accessible_in_both_themes(page: Page, **also: Any) -> None:
    """As it is; then the page as it stands in the dark theme, which has other colours and nothing else.

    `preload=False` in the administration: axe would read its stylesheets into the page, which the policy forbids.
    """
    assert_accessible(page, OPTIONS | also)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    page.evaluate(SETTLE)
    assert_accessible(page, COLOURS | also)
    page.emulate_media(color_scheme="light")


def assert_fits(page: Page) -> None:
    """Nothing makes the page to which the last click led scroll sideways."""
    page.wait_for_function(HAS_ARRIVED)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"], f"{page.url} is {width} px wide: {page.evaluate(WIDE)}"


@pytest.fixture
def queue(gestor_user: User) -> list[Case]:
    """Twelve cases, the largest balance first, each with a phone."""
    cases = [
        factories.CaseFactory(
            assigned_to=gestor_user,
            amount=Decimal(20_000 - 100 * number),
            debtor__first_name="Ana",
            debtor__last_name=f"Deudora {chr(ord('A') + number)}",
        )
        for number in range(12)
    ]
    for case in cases:
        factories.DebtorPhoneFactory(debtor=case.debtor)
    return cases


def heading(page: Page) -> Locator:
    return page.locator("#case-name")


def open_form(page: Page) -> None:
    """On a narrow screen the form is a sheet from below: open it, as a person does."""
    opener = page.locator(".sheet-bar [data-open-sheet]")
    if opener.is_visible() and not page.locator("#gestion").is_visible():  # honest: a wide screen has no sheet
        opener.click()
        expect(page.locator("#gestion")).to_be_visible()
        page.wait_for_timeout(250)  # it comes up


def close_form(page: Page) -> None:
    closer = page.locator("[data-close-sheet]")
    if closer.is_visible():  # honest: a wide screen has no sheet
        closer.click()
        expect(page.locator("#gestion")).not_to_be_visible()


def choose(page: Page, result: str) -> None:
    """Choose a result with the mouse: a tile, or one of the list behind «Más…»."""
    open_form(page)
    label = page.locator("label[data-result]", has_text=result)
    if not label.is_visible():
        page.locator("[data-more]").click()
    label.click()
    expect(page.get_by_role("radio", name=result, include_hidden=True)).to_be_checked()


@contextmanager
def slow(page: Page, milliseconds: int) -> Iterator[None]:
    """Every answer takes at least this long."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    limits = {"offline": False, "latency": milliseconds, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", limits)
    yield
    session.send("Network.emulateNetworkConditions", {**limits, "latency": 0})
    session.detach()


class Held:
    """Holds the requests of a page to an address (a glob) until they are released, in any order."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address, self.routes = page, address, list[Route]()

    def __enter__(self) -> Self:
        self.page.route(self.address, lambda route: self.routes.append(route))
        return self

    def __exit__(self, *error: object) -> None:
        self.page.unroute(self.address)
        self.release()

    def wait(self, count: int) -> None:
        """Until so many requests are held."""
        for _ in range(100):
            if len(self.routes) >= count:
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"{len(self.routes)} requests to {self.address}, not {count}")

    def release(self, number: int | None = None) -> None:
        """Send one of them (counted from 0), else all, and what comes from now on at once."""
        if number is not None:
            self.routes[number].continue_()
            self.routes[number] = None  # type: ignore[call-overload]
            return
        held, self.routes = self.routes, []
        self.page.unroute(self.address)
        for route in filter(None, held):
            with suppress(Error):  # the page may have given it up
                route.continue_()
