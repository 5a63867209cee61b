"""The checks of this folder look at the page to which a click led, however late it comes."""

import pytest
from playwright.sync_api import Route

from accounts.models import User
from tests.browser.conftest import PageOf, assert_accessible, assert_fits

pytestmark = pytest.mark.django_db(transaction=True)
# A page is there for a script before the rest of it has come: an image without words, a line wider than any window.
PAGE = "<html lang=es><title>Otra</title><main><h1>Otra</h1><script src=/late.js></script>{rest}</main>"


@pytest.mark.parametrize(
    ("rest", "check", "why"),
    [
        ("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>", assert_accessible, "image-alt"),
        ("<p style='width: 9000px'>Llegó</p>", assert_fits, "px wide"),
    ],
    ids=["what axe finds", "what is too wide"],
)
def test_a_page_whose_rest_comes_late_is_the_one_looked_at(
    page_of: PageOf, admin_user: User, rest: str, check, why: str
) -> None:
    page = page_of(admin_user)
    page.goto("/dashboard-admin")

    def late(route: Route) -> None:
        page.wait_for_timeout(300)
        route.fulfill(body="", content_type="text/javascript")

    page.route("**/late.js", late)
    page.route("**/cuenta*", lambda route: route.fulfill(body=PAGE.format(rest=rest), content_type="text/html"))
    page.get_by_title("Mi cuenta").click()
    with pytest.raises(AssertionError, match=why):
        check(page)
