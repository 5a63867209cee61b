from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

Send = Callable[..., Any]


@pytest.fixture
def send() -> Send:
    """`send(client, "POST", "cases", {…}, key="abc")`: the response; the body is JSON, or bytes as they are."""

    def sending(client: Client, method: str, address: str, body: Any = None, *, headers: Any = None) -> Any:
        data = body if isinstance(body, bytes | str) else client._encode_json(body or {}, "application/json")
        return client.generic(method, f"/api/v1/{address}", data, content_type="application/json", headers=headers)

    return sending
