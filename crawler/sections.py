"""Reads section and front pages: which of their links are articles, told by structure and never by publisher."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from lxml import etree, html

from crawler.discovery import Discovery, Gathering
from crawler.hints import clean_title, clean_url, read_time
from crawler.sniffing import DiscoveryError, name_document, name_root, unpack
from db.urls import host_of, registrable_domain

_SCORE_MIN = 3
"""Points a link needs: two strong signs, or one sign that only articles have."""

_HEADLINE_WORDS = 4
"""Words that make a link's text a headline rather than a label."""

_LABEL_WORDS = 2
"""Words that a link of navigation has at most; a link that never says more is one ("Contact", "Privacy policy")."""

_CHROME_TAGS = frozenset({"nav", "footer", "form", "menu", "dialog"})
_CHROME_ROLES = frozenset({"navigation", "contentinfo", "banner", "search", "menu", "menubar", "dialog", "toolbar"})
_CHROME_NAMES = re.compile(
    r"(?:^|[-_\s])(?:nav(?:bar|igation)?|menu|breadcrumbs?|footer|pagination|pager|share|social|cookie|login|tags?|tag-?list"
    r"|byline|author|sponsored|advert(?:isement)?)(?:$|[-_\s])",
    re.IGNORECASE,
)
# These end the names of whole regions, and are believed however far above a link they stand.
_CHROME_REGIONS = re.compile(r"(?:^|[-_\s]|(?<=[a-z]))(?:[Ff]ooter|[Nn]avigation|[Bb]readcrumbs?|[Mm]egamenu)(?=\s|$)")
_NOT_ARTICLE_RELS = frozenset(
    {"tag", "author", "category", "next", "prev", "license", "search", "help", "me", "sponsored"}
)
# Words by which sites of all kinds name pages that list others, and pages that serve readers.
_LISTING_TEXT = """
    tag tags topic topics category categories author authors profile profiles user users archive archives page search
    rss feed feeds sitemap wp-admin wp-login wp-content cdn-cgi share print
"""
_SERVICE_TEXT = """
    login signin sign-in signup sign-up register account subscribe subscription subscriptions newsletter newsletters
    about about-us contact contact-us privacy privacy-policy terms terms-of-use terms-of-service cookies cookie-policy
    legal imprint impressum advertise advertising jobs careers help faq cart shop store checkout app apps staff
"""
_LISTING_WORDS = frozenset(_LISTING_TEXT.split())
_SERVICE_WORDS = frozenset(_SERVICE_TEXT.split())
_ARTICLE_WORDS = frozenset({"article", "articles", "story", "stories"})
_FILE_ENDINGS = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|avif|ico|pdf|docx?|xlsx?|pptx?|zip|mp3|m4a|mp4|m3u8|webm|avi|xml|rss|atom|json|css|js|apk|epub)$",
    re.IGNORECASE,
)
_PAGE_ENDINGS = re.compile(r"\.(?:s?html?|php|aspx?|cms|ece|jsp|story)$", re.IGNORECASE)
_DAY_IN_PATH = re.compile(
    r"(?:^|[/_-])(?:19|20)\d{2}[/_-]?(?:0?[1-9]|1[0-2])(?:[/_-]?(?:0?[1-9]|[12]\d|3[01]))?(?=[/_-]|$)"
)
_LONG_NUMBER = re.compile(r"(?<!\d)\d{5,}(?!\d)")
_ID_QUERY = re.compile(r"(?:^|&)(?:id|p|nid|aid|article|article_?id|news_?id|story|sid|newsid)=\d{2,}", re.IGNORECASE)
# An id such as c4gz8x1k2mno or 0f3e9a1b: letters and digits mixed in one word.
_CODE = re.compile(
    r"(?<![a-z0-9])(?=[a-z0-9]{8,40}(?![a-z0-9]))(?:[a-z0-9]*[a-z][0-9]+[a-z]|(?=[0-9]*[a-z])(?:[a-z]*[0-9]){3})",
    re.IGNORECASE,
)
_OTHER_SCHEME = re.compile(r"\s*(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(slots=True)
class _Candidate:
    """One URL of the page, with the best that any of its anchors says for it."""

    url: str
    url_score: int
    has_headline: bool = False
    has_heading: bool = False
    in_article: bool = False
    only_labels: bool = True
    title: str | None = None
    title_rank: int = 0
    published: str | None = None

    def score(self) -> int:
        """Returns the points of address, text and place together."""
        is_label = self.title is not None and self.only_labels and not self.has_heading
        return self.url_score + 2 * self.has_headline + self.has_heading + self.in_article - 2 * is_label


def parse_section(body: bytes, url: str, content_type: str | None = None) -> Discovery:
    """Returns the links of a section or front page that look like articles of the same site, in the order of the page.

    The link's text becomes the title hint, a ``time`` element of its card the published hint. A link counts by what its
    address looks like (a slug of several words, a date, a long number), by its text (a headline) and by where it stands
    (a heading, an ``article``; never in navigation). Raises DiscoveryError for a document that is no HTML page.
    """
    body = unpack(body)
    tree = parse_html(body, content_type)
    base = find_base(tree, url)
    domain = registrable_domain(host_of(url))
    gathering = Gathering(base)
    candidates: dict[str, _Candidate] = {}
    here = url.split("#")[0].rstrip("/")
    for anchor in tree.iter("a"):
        raw = anchor.get("href")
        if raw is None or raw.lstrip().startswith("#") or _OTHER_SCHEME.match(raw):
            continue
        try:
            address = clean_url(raw, base)
        except ValueError as error:
            gathering.note(str(error))
            continue
        if registrable_domain(host_of(address)) != domain or address.rstrip("/") == here:
            continue
        url_score = _score_url(address)
        if url_score is None or _is_chrome(anchor):
            continue
        _weigh(candidates.setdefault(address, _Candidate(address, url_score)), anchor)
    for candidate in candidates.values():
        if candidate.score() >= _SCORE_MIN:
            gathering.add_link(candidate.url, title=candidate.title, published=candidate.published)
    title = tree.find(".//title")
    return gathering.finish("section page", clean_title(title.text_content() if title is not None else None))


def parse_html(body: bytes, content_type: str | None = None) -> html.HtmlElement:
    """Returns the tree of an HTML page, read in the charset of the header, else the page's own; UTF-8 is tried first.

    Raises DiscoveryError where the bytes are no HTML.
    """
    if name_root(body) not in ("html", "head", "body") and not re.search(
        rb"<(?:a|div|p|table|title|ul)\b", body[:65536], re.I
    ):
        raise DiscoveryError(f"{name_document(body)} where an HTML page was expected")
    if name_root(body) in ("rss", "feed", "rdf", "channel", "urlset", "sitemapindex", "opml"):
        raise DiscoveryError(f"{name_document(body)} where an HTML page was expected")
    charset = _find_charset(body, content_type)
    parser = html.HTMLParser(encoding=charset, remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        tree = html.document_fromstring(body.replace(b"\x00", b"") if charset != "utf-16" else body, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, LookupError) as error:
        raise DiscoveryError(f"HTML that cannot be read: {str(error)[:120]}") from None
    if not isinstance(tree, html.HtmlElement):
        raise DiscoveryError("HTML that cannot be read")
    return tree


def _find_charset(body: bytes, content_type: str | None) -> str | None:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        body.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        match = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type or "", re.IGNORECASE)
    if match is None:
        return None  # libxml2 reads the page's meta tag
    try:
        html.HTMLParser(encoding=match[1])
    except LookupError:
        return None
    return match[1]


def find_base(tree: html.HtmlElement, url: str) -> str:
    """Returns the URL that the page's relative links are meant from: its ``base`` tag, else its own address."""
    for element in tree.iter("base"):
        if href := element.get("href"):
            try:
                joined = urljoin(url, href.strip())
            except ValueError:
                return url
            return joined if joined.lower().startswith(("http://", "https://")) else url
    return url


def _is_chrome(anchor: html.HtmlElement) -> bool:
    """Returns whether a link stands in navigation, a footer, a form or a list of tags, or says it is no article."""
    if _NOT_ARTICLE_RELS & set((anchor.get("rel") or "").lower().split()):
        return True
    inside_story = False
    element: html.HtmlElement | None = anchor
    depth = 0
    while element is not None and isinstance(element.tag, str) and element.tag not in ("body", "html"):
        inside_story = inside_story or element.tag in ("article", "main", "h1", "h2", "h3", "h4")
        if element.tag in _CHROME_TAGS or (element.get("role") or "").lower() in _CHROME_ROLES:
            return True
        if element.tag == "header" and not inside_story:
            return True
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        if _CHROME_REGIONS.search(names.strip()) and element.tag not in ("article", "main"):
            return True
        # Other names are loose: near the link they describe it; far above they describe half the page.
        if depth <= 3 and element.tag not in ("article", "main") and _CHROME_NAMES.search(names):
            return True
        element = element.getparent()
        depth += 1
    return False


def _score_url(url: str) -> int | None:
    """Returns how much an address looks like an article's (0 to 4), or None when it is certainly none."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    segments = [_PAGE_ENDINGS.sub("", segment) for segment in path.lower().split("/") if segment]
    is_file = bool(_PAGE_ENDINGS.search(path))
    if segments and segments[-1] in ("index", "default"):
        segments, is_file = segments[:-1], False
    if not segments:
        return 1 if _ID_QUERY.search(parts.query) else None
    if _FILE_ENDINGS.search(path):
        return None
    last = segments[-1]
    words = [word for word in re.split(r"[-_+\s.]+", last) if word]
    is_slug = len([word for word in words if not word.isdigit()]) >= 4
    has_number = bool(_LONG_NUMBER.search(path) or _CODE.search(last) or _ID_QUERY.search(parts.query))
    if _LISTING_WORDS.intersection(segments[:3]) and not _LONG_NUMBER.search(last):
        return None
    if _SERVICE_WORDS.intersection(segments[:2]) and not (is_slug or has_number):
        return None
    score = 3 if is_slug else 1 if len(words) >= 3 else 0
    if _DAY_IN_PATH.search(path) and not re.fullmatch(r"[\d/_-]+", path):
        score += 2
    score += 2 * has_number + is_file + bool(_ARTICLE_WORDS.intersection(segments))
    return min(score, 4)


def _count_words(text: str) -> int:
    """Returns words, counting two characters of a script without spaces as one."""
    return len(_UNSPACED.sub(" ", text).split()) + len(_UNSPACED.findall(text)) // 2


def _weigh(candidate: _Candidate, anchor: html.HtmlElement) -> None:
    """Adds what one anchor says for its URL: the picture, the headline and the "read more" of a card are one link."""
    text = clean_title(_read_text(anchor))
    is_headline = text is not None and _count_words(text) >= _HEADLINE_WORDS
    has_heading = _has_heading(anchor)
    rank = (1 + 2 * is_headline + 4 * has_heading) if text else 0
    if rank > candidate.title_rank:
        candidate.title, candidate.title_rank = text, rank
    card = _find_card(anchor)
    candidate.only_labels = candidate.only_labels and (text is None or _count_words(text) <= _LABEL_WORDS)
    candidate.has_headline = candidate.has_headline or is_headline
    candidate.has_heading = candidate.has_heading or has_heading or "bookmark" in (anchor.get("rel") or "").split()
    candidate.in_article = candidate.in_article or (card is not None and card.tag == "article")
    if candidate.published is None and card is not None:
        candidate.published = _read_card_time(card)


_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def _read_text(anchor: html.HtmlElement) -> str:
    """Returns the headline of a link: a heading inside it, else its whole text, else what names it for the blind."""
    heading = next(anchor.iter(*_HEADINGS), None)
    text = str((anchor if heading is None else heading).text_content()).strip()
    return text or anchor.get("aria-label") or anchor.get("title") or ""


def _has_heading(anchor: html.HtmlElement) -> bool:
    if next(anchor.iter(*_HEADINGS), None) is not None:
        return True
    return any(parent.tag in _HEADINGS for parent, _ in zip(anchor.iterancestors(), range(3), strict=False))


def _find_card(anchor: html.HtmlElement) -> html.HtmlElement | None:
    """Returns the element that holds one story of a list: the nearest ``article`` or ``li`` around a link."""
    return next(anchor.iterancestors("article", "li"), None)


def _read_card_time(card: html.HtmlElement) -> str | None:
    times = [element.get("datetime") for element in card.iter("time") if element.get("datetime")]
    return read_time(times[0]) if len(times) == 1 else None
