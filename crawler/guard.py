"""Which URLs and addresses are never fetched: a feed must not be able to make Parley talk to internal services.

Two gates. The first reads the URL, because behind an http proxy the proxy resolves names. The second sits in the name
resolver at connect time, so that a public name pointing at a private address (DNS rebinding) does not pass either.
``ALLOW_PRIVATE`` opens exact ``host:port`` pairs, for tests and intranet sources.
"""

from __future__ import annotations

import ipaddress
import socket
import unicodedata
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from scrapy.exceptions import IgnoreRequest
from twisted.internet.interfaces import IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scrapy import Request
    from scrapy.crawler import Crawler
    from twisted.internet.base import ReactorBase
    from twisted.internet.interfaces import IAddress

_LOCAL_NAMES = (
    "localhost", "local", "internal", "intranet", "lan", "home.arpa", "localdomain", "corp", "home", "private", "svc",
)  # fmt: skip
_LOCAL_ENDINGS = tuple(f".{name}" for name in _LOCAL_NAMES)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All IPv6 addresses of the internet (RFC 4291 section 2.4); Python counts deprecated and unassigned ones too."""
_CLOSED = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "168.63.129.16/32", "3fff::/20")))
"""What `is_global` of some Python versions lets through: protocol assignments (one cloud's metadata service is there),
the address under which Azure's machines reach their host, documentation (RFC 9637)."""


class Refused(IgnoreRequest):
    """This URL is never fetched; the text says why."""


def is_public(address: str) -> bool:
    """Returns whether an IP address is one of the public internet: no loopback, private, link-local, metadata or
    multicast address, nor one of these wrapped in IPv6 (IPv4-mapped, NAT64, 6to4)."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip not in _GLOBAL_UNICAST:
            return False
    return (
        ip.is_global and not ip.is_multicast and not ip.is_unspecified and not any(ip in closed for closed in _CLOSED)
    )


def literal_address(host: str) -> str | None:
    """Returns the IP address a host name spells, in any form a C library accepts (``2130706433``, ``0x7f.1``,
    ``0177.0.0.1``, circled digits, ``[::1]``), or None where it is a name."""
    text = plain_host(host)
    try:
        return str(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(text)) if text[:1].isdigit() and text.isascii() else None
    except (OSError, ValueError):
        return None


def plain_host(host: str) -> str:
    """Returns a host as resolvers and proxies read it: percent-decoded, wide and circled forms plain, in lower case,
    without invisible characters, brackets and trailing dots."""
    text = unicodedata.normalize("NFKC", unquote(host))
    text = "".join(char for char in text if unicodedata.category(char) != "Cf").replace("。", ".")
    return text.strip("[]").rstrip(".").lower()


def read_pairs(pairs: Iterable[str]) -> frozenset[str]:
    """Returns ``host:port`` pairs as they are compared: lower case, no brackets round an IPv6 address, no blanks."""
    return frozenset(pair.strip().lower().replace("[", "").replace("]", "") for pair in pairs)


def refuse_url(url: str, allowed: frozenset[str] = frozenset()) -> str | None:
    """Returns why a URL must not be fetched, or None where it may be. ``allowed``: exact pairs from `read_pairs`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return f"not a URL that can be fetched ({error})"
    if parts.scheme not in ("http", "https"):
        return f"scheme {parts.scheme!r} is not fetched; only http and https are"
    if not host:
        return "the URL names no host"
    if f"{host}:{port or (443 if parts.scheme == 'https' else 80)}" in allowed:
        return None
    host = plain_host(host)
    address = literal_address(host)
    if address is not None:
        return None if is_public(address) else f"address {address} is not on the public internet"
    if "." not in host or f".{host}".endswith(_LOCAL_ENDINGS):
        return f"host {host!r} is a local name"
    return None


class GuardMiddleware:
    """Refuses requests by their URL, redirects included: each hop passes here again."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = read_pairs(allowed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> GuardMiddleware:
        """Scrapy's constructor."""
        return cls(crawler.settings.getlist("ALLOW_PRIVATE"))

    async def process_request(self, request: Request) -> None:
        """Raises `Refused` where the request must not be sent."""
        if request.meta.get("local_archive"):
            return
        reason = refuse_url(request.url, self.allowed)
        if reason is not None:
            raise Refused(reason)


_refused_hosts: set[str] = set()


def was_refused(url: str) -> bool:
    """Returns whether the resolver withheld an address of this URL's host in this process."""
    return (urlsplit(url).hostname or "") in _refused_hosts


@implementer(IHostnameResolver)
class GuardedResolver:
    """A name resolver that never gives out a private address, save for exact pairs and the configured proxies.

    Twisted asks it for IP literals too, with the port of the connection.
    """

    def __init__(self, reactor: ReactorBase, allowed: Iterable[str]) -> None:
        self.reactor: Any = reactor  # zope's interfaces and mypy do not understand each other
        self.inner: Any = reactor.nameResolver
        self.allowed = read_pairs(allowed) | _proxy_pairs()

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> GuardedResolver:
        """Scrapy's constructor (setting ``TWISTED_DNS_RESOLVER``)."""
        return cls(reactor, crawler.settings.getlist("ALLOW_PRIVATE"))

    def install_on_reactor(self) -> None:
        """Puts this resolver in front of the reactor's own."""
        self.reactor.installNameResolver(self)

    def resolveHostName(  # noqa: N802 - the name is Twisted's
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> IHostResolution:
        """Resolves as the reactor does, leaving out addresses that must not be reached."""
        receiver: Any = resolutionReceiver
        if f"{hostName.lower()}:{portNumber}" not in self.allowed:
            receiver = _PublicOnly(resolutionReceiver, hostName)
        resolution: IHostResolution = self.inner.resolveHostName(
            receiver, hostName, portNumber, addressTypes, transportSemantics
        )
        return resolution


@implementer(IResolutionReceiver)
class _PublicOnly:
    def __init__(self, receiver: Any, host: str) -> None:
        self.receiver = receiver
        self.host = host

    def resolutionBegan(self, resolution: Any) -> None:  # noqa: N802
        self.receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:  # noqa: N802
        if is_public(getattr(address, "host", "")):
            self.receiver.addressResolved(address)
        else:
            _refused_hosts.add(self.host)

    def resolutionComplete(self) -> None:  # noqa: N802
        self.receiver.resolutionComplete()


def _proxy_pairs() -> frozenset[str]:
    pairs = set()
    for scheme, url in getproxies().items():
        if scheme not in ("http", "https"):  # "no" lists hosts that are not proxies
            continue
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            pairs.add(f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}")
        except ValueError:
            continue
    return frozenset(pairs)
