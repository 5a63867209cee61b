"""A browser without pages: requests on the wire to a web process, with a session and an IP of its own."""

import json
import re
import secrets
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlencode

CSRF = "a" * 32


class Browser:
    def __init__(self) -> None:
        self.cookies = {"csrftoken": CSRF}
        self.ip = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"

    def send(
        self, port: int, method: str, path: str, body: object = None, *, form: Sequence[tuple[str, str]] = ()
    ) -> tuple[int, str]:
        """Status and text; `body` goes as JSON, `form` as a form."""
        content, kind = json.dumps(body), "application/json"
        if form:
            content, kind = urlencode(form), "application/x-www-form-urlencoded"
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Content-Type": kind, "Cookie": cookies, "X-CSRFToken": CSRF, "X-Forwarded-For": self.ip}
        with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                if found := re.match(r'(sessionid|place)="?([^";]*)', cookie):
                    self.cookies[found[1]] = found[2]
            return answer.status, answer.read().decode()

    def log_in(self, port: int, username: str, password: str) -> int:
        return self.send(port, "POST", "/api/login", {"username": username, "password": password})[0]
