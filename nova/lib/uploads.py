"""The answer to a form with a file that a script sent to show how far it has come (static/js/upload.js)."""

from django.http import HttpRequest, HttpResponse

SENT_BY_SCRIPT, LEADS_TO = "X-Upload", "X-Location"


def where_to(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """`response`, or for the script where a redirect leads.

    The script cannot see a redirect, only the page behind it, which would have told its messages to nobody by then.
    """
    if SENT_BY_SCRIPT not in request.headers or not 300 <= response.status_code < 400:
        return response
    return HttpResponse(headers={LEADS_TO: response["Location"]})
