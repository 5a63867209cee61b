"""Whom a request comes from (nova.lib.ip)."""

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from nova.lib.ip import client_ip, parse_ip, site_of

PROXY = "10.0.0.2"


def seen(forwarded: str | None, hops: int, peer: str = PROXY) -> str | None:
    headers = {"X-Forwarded-For": forwarded} if forwarded is not None else {}
    return client_ip(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers), trusted_hops=hops)


@pytest.mark.parametrize(
    ("forwarded", "hops", "address"),
    [
        (None, 0, PROXY),
        ("203.0.113.5", 0, PROXY),
        (None, 1, PROXY),
        ("203.0.113.5", 1, "203.0.113.5"),
        ("1.1.1.1, 203.0.113.5", 1, "203.0.113.5"),
        ("1.1.1.1, 203.0.113.5, 10.0.0.1", 2, "203.0.113.5"),
        ("203.0.113.5", 2, PROXY),
        ("203.0.113.5:4711", 1, "203.0.113.5"),
        ("[2001:db8::1]:443", 1, "2001:db8::1"),
        ("::ffff:203.0.113.5", 1, "203.0.113.5"),
        ("tonterías", 1, PROXY),
        ("", 1, PROXY),
    ],
)
def test_the_hop_that_our_outermost_proxy_saw(forwarded: str | None, hops: int, address: str) -> None:
    assert seen(forwarded, hops) == address


def test_a_socket_has_no_address() -> None:
    assert seen(None, 0, peer="") is None
    assert seen("203.0.113.5", 1, peer="") == "203.0.113.5"


@given(invented=st.lists(st.ip_addresses().map(str), max_size=5), real=st.ip_addresses(v=4).map(str))
def test_what_a_visitor_invents_changes_nothing(invented: list[str], real: str) -> None:
    assert seen(", ".join([*invented, real]), 1) == real


@given(st.text(max_size=60) | st.ip_addresses().map(str))
def test_any_text_is_an_address_or_none(text: str) -> None:
    address = parse_ip(text)

    assert parse_ip(address or "") == address


def test_a_site_is_an_ipv4_address_or_an_ipv6_network() -> None:
    assert site_of("203.0.113.5") == "203.0.113.5"
    assert site_of("2001:db8::1") == site_of("2001:db8::ffff") == "2001:db8::/64"
