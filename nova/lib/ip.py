"""The IP of a request, as far as it can be known (DESIGN §8)."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.http import HttpRequest

IPV6_SITE_PREFIX = 64  # one household or office; single IPv6 addresses cost an attacker nothing


def parse_ip(text: str) -> str | None:
    """The IP in `1.2.3.4`, `1.2.3.4:5678`, `[::1]:80` or `::ffff:1.2.3.4`; None when it is none."""
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
    """The IP of the visitor. With `trusted_hops` of our proxies in front, the one that the outermost of them saw.

    Each proxy appends the IP of its peer to X-Forwarded-For, so entries further left may be forged by the visitor. A
    header with fewer entries than proxies did not pass through them: then the IP of the connection is used.
    """
    peer = parse_ip(request.META.get("REMOTE_ADDR", ""))
    if trusted_hops <= 0:
        return peer
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if len(hops) < trusted_hops:
        return peer
    return parse_ip(hops[-trusted_hops]) or peer


def ip_of(request: HttpRequest) -> str | None:
    """The IP of a request, set by nova.middleware.ClientIpMiddleware; None when it is not known."""
    return request.META.get("REMOTE_ADDR") or None


def site_of(ip: str) -> str:
    """The key of a limit per IP: an IPv4 address, or the /64 network of an IPv6 address."""
    if ":" not in ip:
        return ip
    return str(ip_network(f"{ip}/{IPV6_SITE_PREFIX}", strict=False))
