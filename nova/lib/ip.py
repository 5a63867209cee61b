"""Where a request comes from, as far as it can be known (DESIGN §8)."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.http import HttpRequest

IPV6_SITE_PREFIX = 64  # one household or office; a single IPv6 address costs an attacker nothing


def parse_ip(text: str) -> str | None:
    """`1.2.3.4`, `1.2.3.4:5678`, `[::1]:80` or `::ffff:1.2.3.4` as an address; `None` when it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].split("]")[0]
    elif text.count(":") == 1:
        text = text.split(":")[0]
    try:
        ip = ip_address(text)
    except ValueError:
        return None
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return str(ip).split("%")[0]


def client_ip(request: HttpRequest, *, trusted_hops: int) -> str | None:
    """The visitor's address: with `trusted_hops` proxies of ours in front, the one that the outermost of them saw.

    Each proxy appends to X-Forwarded-For whom it talked to, so what lies further left is the visitor's own invention.
    A header shorter than our proxies make it did not pass through them: then the connection itself counts.
    """
    peer = parse_ip(request.META.get("REMOTE_ADDR", ""))
    if trusted_hops <= 0:
        return peer
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if len(hops) < trusted_hops:
        return peer
    return parse_ip(hops[-trusted_hops]) or peer


def ip_of(request: HttpRequest) -> str | None:
    """Whom a request comes from, as nova.middleware.ClientIpMiddleware settled it; None when nobody knows."""
    return request.META.get("REMOTE_ADDR") or None


def site_of(ip: str) -> str:
    """What a limit per address counts by: an IPv4 address, or the /64 network of an IPv6 one."""
    if ":" not in ip:
        return ip
    return str(ip_network(f"{ip}/{IPV6_SITE_PREFIX}", strict=False))
