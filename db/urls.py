"""URL identity: which form of a URL is fetched, and which URLs are the same article.

Two forms, both pure and without network. ``normalise`` gives the form to fetch: what a browser would send (RFC 3986,
RFC 3987, UTS 46, the URL Standard). ``url_key`` gives the identity, which nobody fetches: one spelling, no scheme, no
tracker, no mobile, AMP or print variant. Its tables are in ``db/trackers.py``, its promises in ``docs/urls.md``.
"""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import idna
import tldextract

from db.trackers import Parameter, drop_trackers, words

# Hosts where every name is another author, missing from the public suffix list. Blogger's country names left the list
# when they became redirects; web archives still hold them.
_BLOG_HOSTS = words(
    """
    blog.ir blogfa.com blogsky.com canalblog.com ghost.io livejournal.com medium.com over-blog.com persianblog.ir
    squarespace.com substack.com tumblr.com typepad.com weebly.com wordpress.com
    blogspot.ae blogspot.be blogspot.ca blogspot.ch blogspot.co.id blogspot.co.il blogspot.co.uk blogspot.com.ar
    blogspot.com.au blogspot.com.br blogspot.com.es blogspot.com.tr blogspot.de blogspot.dk blogspot.fr blogspot.gr
    blogspot.hk blogspot.hu blogspot.ie blogspot.in blogspot.it blogspot.jp blogspot.kr blogspot.mx blogspot.nl
    blogspot.no blogspot.pe blogspot.pt blogspot.ro blogspot.rs blogspot.ru blogspot.se blogspot.sg blogspot.tw
    """
)
# Without addresses tldextract reads the list it ships; without a cache folder it writes nothing.
_extract = tldextract.TLDExtract(
    cache_dir=None,
    suffix_list_urls=(),
    include_psl_private_domains=True,
    # Hosts where every name is another author, missing from the public suffix list.
    extra_suffixes=tuple(sorted(_BLOG_HOSTS)),
)

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# White space as str.strip() knows it, and marks without a shape: byte order, zero width, direction.
_BLANK = "".join(char for char in map(chr, range(0x3001)) if char.isspace()) + (
    "\ufeff\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PARTS = re.compile(r"(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?\Z", re.IGNORECASE | re.DOTALL)
_ESCAPED_AMPERSAND = re.compile(r"&(?:amp;|#0*38;)+", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\Z")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}\Z")
# Servers refuse longer lines (RFC 9110 section 4.1 asks for 8,000 octets); nobody links to an article that far out.
_MOST_CHARACTERS = 8192
_DEFAULT_PORTS = {"http": 80, "https": 443}

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# What RFC 3986 lets stand in a path, and "?" more in a query, and escapes; all else is percent-encoded.
_TO_ENCODE = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!$&'()*+,;=:@/]")
_TO_ENCODE_IN_QUERY = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!$&'()*+,;=:@/?]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_ESCAPED_DOT = re.compile(r"%2e", re.IGNORECASE)
_MAYBE_DOTS = re.compile(r"/(?:\.|%2e)", re.IGNORECASE)


class _Parts(NamedTuple):
    scheme: str
    host: str
    port: int | None
    """None when it is the scheme's default."""
    path: str
    query: str
    fragment: str

    @property
    def netloc(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


def _clean(url: str) -> str:
    """Returns the text without control characters, half characters, and white or invisible characters at its ends."""
    return _CONTROLS.sub("", url).strip(_BLANK)


def _encode(match: re.Match[str]) -> str:
    found = match.group()
    return found if len(found) == 3 else "".join(f"%{byte:02X}" for byte in found.encode("utf-8"))


def _respell(match: re.Match[str]) -> str:
    byte = int(match[1], 16)
    return chr(byte) if byte in _UNRESERVED else match.group().upper()


def _remove_dot_segments(path: str) -> str:
    """Returns an absolute path with ``.`` and ``..`` resolved (RFC 3986 section 5.2.4), ``%2e`` read as a dot."""
    if not _MAYBE_DOTS.search(path):
        return path
    kept: list[str] = []
    dots = ""
    for segment in path.split("/")[1:]:
        dots = _ESCAPED_DOT.sub(".", segment)
        if dots == "..":
            if kept:
                kept.pop()
        elif dots != ".":
            kept.append(segment)
    if dots in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


@lru_cache(maxsize=16384)
def _canonical_host(raw: str) -> str | None:
    """Returns a host in lower-case ASCII (UTS 46, non-transitional), or None when no such host can exist."""
    if raw.startswith("["):
        try:
            return f"[{socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, raw[1:-1]))}]"
        except (OSError, ValueError):
            return None
    # A host holds no white space: what stands there is a line that was wrapped on its way.
    host = "".join(raw.split())
    if "%" in host:
        host = unquote_to_bytes(host).decode("utf-8", "replace")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError, ValueError):
            try:
                host = host.encode("idna").decode("ascii")  # IDNA 2003 still knows names of symbols
            except UnicodeError:
                return None
    host = host.lower()
    host = host.removesuffix(".")
    return host if len(host) <= 253 and _HOST.match(host) else None


@lru_cache(maxsize=1024)  # a link's URL is taken apart nine times on its way
def _split(url: str) -> _Parts | None:
    """Returns the normalised parts of a URL, or None when it is not a fetchable http(s) URL."""
    text = _clean(url)
    if len(text) > _MOST_CHARACTERS:
        return None
    if "\\" in text:
        # Browsers read a backslash as a slash, and so decide which host is asked.
        end = next((i for i, char in enumerate(text) if char in "?#"), len(text))
        text = text[:end].replace("\\", "/") + text[end:]
    if "?" in text and "&" in text:
        head, _, tail = text.partition("?")
        text = f"{head}?{_ESCAPED_AMPERSAND.sub('&', tail)}"
    match = _PARTS.match(text)
    if match is None:
        return None
    scheme = match[1].lower()
    authority = match[2].rpartition("@")[2]
    port: int | None = None
    raw_host, colon, raw_port = authority.rpartition(":")
    if colon and "]" not in raw_port:
        raw_port = raw_port.strip()
        if raw_port and not (raw_port.isascii() and raw_port.isdecimal() and len(raw_port) <= 5):
            return None
        port = int(raw_port) if raw_port else None
        if port is not None and not 0 < port < 65536:
            return None
        if port == _DEFAULT_PORTS[scheme]:
            port = None
    else:
        raw_host = authority
    host = _canonical_host(raw_host)
    if host is None:
        return None
    path = _remove_dot_segments(_TO_ENCODE.sub(_encode, match[3])) or "/"
    query = _TO_ENCODE_IN_QUERY.sub(_encode, match[4]) if match[4] else ""
    fragment = match[5] or ""
    # "#!/story/1" and "#/story/1" are routes: pages of their own. Any other fragment is a place in the page.
    fragment = _TO_ENCODE_IN_QUERY.sub(_encode, fragment) if fragment.startswith(("!", "/")) else ""
    parts = _Parts(scheme, host, port, path, query, "" if fragment.strip("!/") == "" else fragment)
    return parts if len(_join(parts)) <= _MOST_CHARACTERS else None


def _join(parts: _Parts) -> str:
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{query}{fragment}"


def normalise(url: str) -> str | None:
    """Returns the form of a URL to fetch, or None when it is not an http(s) URL with a possible host.

    What a browser would send (URL Standard): scheme and host in lower case, host in ASCII (UTS 46), no userinfo, no
    default port, percent-encoding where it is needed, no dot segments, no fragment except a route (``#!/`` or ``#/``
    with something behind it). ``&amp;`` in the query becomes ``&``. Escapes that stand already stay as they are, since
    some servers compare them letter by letter; the key spells them one way. More than 8,192 characters are no URL.
    Idempotent; never raises.
    """
    parts = _split(url)
    return None if parts is None else _join(parts)


# --- identity ----------------------------------------------------------------------------------------------------

_VARIANT_LABEL = re.compile(r"(?:www\d{0,2}|m|mobile|amp)\Z")
_VARIANT_PREFIX = re.compile(r"amp-(?=.)")
_SESSION_IN_PATH = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;]*", re.IGNORECASE)
_SLASHES = re.compile(r"/{2,}")
_INDEX_PAGE = re.compile(r"/(?:index|default)\.(?:html?|xhtml|shtml|phtml|php\d?|aspx?|jspx?|cfm|do)\Z", re.IGNORECASE)
_VARIANT_SUFFIX = re.compile(r"\.amp(?=(?:\.html?)?\Z)")
_VARIANT_TAIL = re.compile(r"/(?:amp|print|printable|printview)(?:\.html?)?\Z")
_VARIANT_HEAD = re.compile(r"/(?:amp|print)(?=/)")
# A slug or a number: what the last segment of an article's path has and a section's name has not.
_SLUG = re.compile(r"[^/]*(?:[0-9_.-]|%[0-9A-F]{2})[^/]*\Z")
_BLOGGER_POST = re.compile(r"/\d{4}/\d{2}/[^/]+\.html\Z")
_AMP_CACHE_HOST = ".cdn.ampproject.org"
_AMP_CACHE_PATH = re.compile(r"/[a-z]{1,3}/(?:s/)?([^/]+\.[^/]+)(/.*)?\Z")
_GOOGLE_AMP_PATH = re.compile(r"/amp/(?:s/)?([^/]+\.[^/]+)(/.*)?\Z")


@lru_cache(maxsize=16384)
def _identity_host(host: str) -> str:
    """Returns a canonical host without the labels that only choose a device: ``m.``, ``www2.``, ``amp-culture.``."""
    domain = registrable_domain(host)
    if domain == host or not host.endswith(f".{domain}"):
        return host
    labels = [
        _VARIANT_PREFIX.sub("", label)
        for label in host[: -len(domain) - 1].split(".")
        if not _VARIANT_LABEL.match(label)
    ]
    labels = [label for label in labels if not _VARIANT_LABEL.match(label)]
    return ".".join([*labels, domain])


def _identity_path(path: str) -> str:
    """Returns a path without index page, trailing slash, session, and AMP or print variant; empty for a front page."""
    if ";" in path:
        path = _SESSION_IN_PATH.sub("", path)
    path = _SLASHES.sub("/", path)
    before = ""
    while path != before:
        before = path
        path = _INDEX_PAGE.sub("", path.rstrip("/"))
        for variant in (_VARIANT_TAIL, _VARIANT_HEAD, _VARIANT_SUFFIX):
            rest = variant.sub("", path, count=1)
            # A section may be called "amp" or "print"; only what is an article without the word is a variant of it.
            if rest != path and _SLUG.search(rest.rpartition("/")[2]):
                path = rest
    return path


def _identity_query(query: str, path: str) -> str:
    """Returns a query without trackers, sorted by name; values of one name keep their order."""
    parameters = []
    for text in query.replace("%20", "+").split("&"):
        if text:
            name, _, value = text.partition("=")
            parameters.append(Parameter(name.lower(), name, value, text))
    kept = drop_trackers(parameters)
    if any(parameter.text == "m=1" for parameter in kept) and _BLOGGER_POST.match(path):
        kept = [parameter for parameter in kept if parameter.text != "m=1"]  # Blogger's mobile view
    return "&".join(parameter.text for parameter in sorted(kept, key=lambda parameter: parameter.name))


def _spell_one_way(parts: _Parts) -> _Parts:
    """Returns the parts with escapes decoded where they need not stand, in upper case elsewhere (RFC 3986, 6.2.2)."""
    if not any("%" in text for text in (parts.path, parts.query, parts.fragment)):
        return parts
    return parts._replace(
        path=_ESCAPE.sub(_respell, parts.path),
        query=_ESCAPE.sub(_respell, parts.query),
        fragment=_ESCAPE.sub(_respell, parts.fragment),
    )


def _behind_amp_cache(parts: _Parts) -> _Parts:
    """Returns the publisher's own parts of an AMP cache's URL; other parts come back unchanged.

    Source: the AMP cache URL format, https://amp.dev/documentation/guides-and-tutorials/learn/amp-caches-and-cors/amp-cache-urls
    """
    if parts.host.endswith(_AMP_CACHE_HOST):
        match = _AMP_CACHE_PATH.match(parts.path)
    elif parts.path.startswith("/amp/") and registrable_domain(parts.host).startswith("google."):
        match = _GOOGLE_AMP_PATH.match(parts.path)
    else:
        return parts
    host = _canonical_host(match[1]) if match else None
    if match is None or host is None:
        return parts
    return _behind_amp_cache(parts._replace(host=host, port=None, path=match[2] or "/"))


def url_key(url: str) -> str:
    """Returns the identity of a URL: equal for two spellings or variants of one article, for nothing else.

    ``host/path?query`` without scheme, default port, device subdomain, trackers, AMP and print variants, index page,
    trailing and double slashes; parameters sorted by name. Takes URLs and its own output (idempotent). What is not an
    http(s) URL comes back as it is, cleaned of white space. Never raises.
    """
    text = _clean(url)
    if _SCHEME.match(text):
        parts = _split(text)
    else:
        # "mailto:desk@example.org" is no host with a user before it.
        parts = None if "@" in re.split(r"[/\\?#]", text, maxsplit=1)[0] else _split(f"http://{text}")
    if parts is None:
        return text
    parts = _behind_amp_cache(_spell_one_way(parts))
    port = "" if parts.port in {None, 80, 443} else f":{parts.port}"
    path = _identity_path(parts.path)
    query = _identity_query(parts.query, path) if parts.query else ""
    query = f"?{query}" if query else ""
    fragment = parts.fragment.rstrip("/")
    return f"{_identity_host(parts.host)}{port}{path}{query}{f'#{fragment}' if fragment else ''}"


# --- hosts -------------------------------------------------------------------------------------------------------


def host_of(url: str) -> str:
    """Returns the host a URL is fetched from, with a port that is not the default; empty when not fetchable."""
    parts = _split(url)
    return "" if parts is None else parts.netloc


def _bare_host(host_or_url: str) -> str:
    text = _clean(host_or_url)
    if text.count(":") > 1 and "/" not in text and not text.startswith("["):
        text = f"[{text}]"  # an IPv6 address as it stands in a log
    parts = _split(text if _SCHEME.match(text) else f"http://{text.removeprefix('//')}")
    return "" if parts is None else parts.host


@lru_cache(maxsize=16384)
def registrable_domain(host_or_url: str) -> str:
    """Returns the part of a host its owner registered: ``bbc.co.uk`` of ``news.bbc.co.uk``, by the public suffix list.

    Blog platforms count as suffixes (``alice.wordpress.com``). IP addresses, single labels and bare suffixes come back
    as they are; what holds no host gives an empty string.
    """
    host = host_or_url if _HOST.match(host_or_url) else _bare_host(host_or_url)
    if not host or host.startswith("["):
        return host.strip("[]")
    if _IPV4.match(host):
        return host
    found = _extract.extract_str(host)
    if not found.suffix:
        # An unlisted top-level domain is a suffix by itself: the list's default rule "*" (publicsuffix.org/list).
        return ".".join(host.split(".")[-2:])
    if not found.domain:
        return host
    if found.domain == "www":
        return found.suffix  # the platform's own front page, no author called "www"
    return f"{found.domain}.{found.suffix}"


def same_site(a: str, b: str) -> bool:
    """Tells whether two URLs or hosts belong to one registrable domain."""
    domain = registrable_domain(a)
    return domain != "" and domain == registrable_domain(b)


_EDITION = re.compile(
    r"(?:[A-Za-z]{1,3}(?:[-_][A-Za-z]{2,4})?|home|homepage|startseite|accueil|inicio)\Z", re.IGNORECASE
)


def is_article_like(url: str) -> bool:
    """Tells whether a URL can be one article: deeper than a front page (``/``, ``/index.html``, ``/en``, ``/home``)."""
    parts = _split(url)
    if parts is None:
        return False
    if parts.fragment:
        return True
    parts = _spell_one_way(parts)
    path = _identity_path(parts.path)
    if path and not (path.count("/") == 1 and _EDITION.match(path[1:])):
        return True
    return bool(parts.query and _identity_query(parts.query, path))
