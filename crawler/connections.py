"""Connections that are kept for the next request, and the proxy a request goes through."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.request import (  # type: ignore[attr-defined]
    getproxies_environment,
    proxy_bypass,
    proxy_bypass_environment,
)

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.downloadermiddlewares.httpproxy import HttpProxyMiddleware
from scrapy.utils.httpobj import urlparse_cached
from twisted.web.client import HTTPConnectionPool

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

IDLE_SECONDS = 15
"""How long a connection waits for its host's next request: longer than most delays, and servers close idle ones after
5 s (Apache, Node) to 75 s (nginx) themselves. Twisted's own 240 s would keep one open for every host of a large run."""
IDLE_MAX = 256
"""Idle connections of one scheme; with both schemes, workers and files well under 1,024 descriptors, a usual limit."""


class ConnectionPool(HTTPConnectionPool):
    """Twisted's pool with a bound on all idle connections, whatever their hosts; the longest idle are closed first."""

    def __init__(self, reactor: Any, *, idle_per_host: int, idle_max: int = IDLE_MAX) -> None:
        super().__init__(reactor, persistent=True)  # type: ignore[no-untyped-call]
        self.maxPersistentPerHost = idle_per_host
        self.cachedConnectionTimeout = IDLE_SECONDS
        self.idle_max = idle_max

    def _putConnection(self, key: Any, connection: Any) -> None:  # noqa: N802 - the name is Twisted's
        super()._putConnection(key, connection)  # type: ignore[no-untyped-call]
        for timeout in islice(self._timeouts.values(), max(len(self._timeouts) - self.idle_max, 0)):
            timeout.reset(0)


class HttpHandler(HTTP11DownloadHandler):
    """Scrapy's handler for http and https with a `ConnectionPool`.

    Scrapy keeps as many idle connections to a host as requests may run there at once, one in our case. An http proxy
    is one host for all requests: of 32 connections to it 31 were closed after each answer and opened anew.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        from twisted.internet import reactor  # imported late: it installs itself

        pool = ConnectionPool(reactor, idle_per_host=crawler.settings.getint("CONCURRENT_REQUESTS"))
        pool._factory = self._pool._factory
        self._pool = pool


class EnvironmentProxies(HttpProxyMiddleware):
    """Scrapy's choice of the proxy by ``http_proxy``, ``https_proxy`` and ``no_proxy``, with the environment read once.

    Scrapy's own goes through all variables for each request, in search of ``no_proxy``.
    """

    def __init__(self, auth_encoding: str | None = "latin-1") -> None:
        super().__init__(auth_encoding)
        self.environment: dict[str, str] = getproxies_environment()

    def is_direct(self, host: str) -> bool:
        """Returns whether a host is asked without the proxy."""
        if self.environment:
            return bool(proxy_bypass_environment(host, self.environment))
        return bool(proxy_bypass(host))  # proxies that the operating system was told of

    def process_request(  # Scrapy calls it with the request alone
        self,
        request: Request,
        spider: Any = None,  # noqa: ARG002
    ) -> Request | Response | None:
        """Notes the proxy of a request in its meta data."""
        if "proxy" in request.meta:
            return super().process_request(request)
        url = urlparse_cached(request)
        credentials, proxy, scheme = None, None, None
        if url.scheme in self.proxies and url.hostname and not self.is_direct(url.hostname):
            credentials, proxy = self.proxies[url.scheme]
            scheme = url.scheme
        self._set_proxy_and_creds(request, proxy, credentials, scheme)
        return None
