"""Pure: (stage, host, path) -> answer, over all outlets and the newsroom's own control host."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from html import escape

from tests.newsroom import hostile, pages
from tests.newsroom.content import load_outlets
from tests.newsroom.feeds import latest_change, write_feed
from tests.newsroom.records import Answer, Entry, Outlet, Seed
from tests.newsroom.sitemaps import write_sitemap
from tests.newsroom.truth import tell_truth, write_opml, write_sources

CONTROL_HOST = "newsroom.test"
STAGES = 2
_OPENED = datetime(2018, 11, 1, tzinfo=UTC)


@cache
def build_site(stage: int) -> dict[str, dict[str, Answer]]:
    """Returns every answer of a stage: host -> path -> answer."""
    site: dict[str, dict[str, Answer]] = {CONTROL_HOST: _build_control(stage)}
    for outlet in load_outlets():
        site.setdefault(outlet.host, {}).update(_build_outlet(outlet, stage))
        for seed in outlet.seeds:
            site.setdefault(seed.host, {})[seed.path] = _answer_seed(outlet, seed, stage)
    return site


def answer_request(stage: int, host: str, path: str) -> Answer:
    """Returns the answer for a path (its query is ignored, as most sites do); 502 for a host nobody runs."""
    routes = build_site(stage).get(host)
    if routes is None:
        return Answer(502, b"no such host in the newsroom\n", "text/plain; charset=utf-8")
    found = routes.get(path) or routes.get(path.partition("?")[0])
    if found is not None:
        return found
    outlet = next((outlet for outlet in load_outlets() if outlet.host == host), None)
    if outlet is None:
        return Answer(404, b"not found\n", "text/plain; charset=utf-8")
    body = pages.render_notice(outlet, "404", [f"<p>{escape(outlet.strings['not_found'])}</p>"])
    return Answer(404, body, _html_type(outlet))


def _build_control(stage: int) -> dict[str, Answer]:
    outlets = load_outlets()
    plain = "text/plain; charset=utf-8"
    routes = {
        "/": Answer(
            200,
            b"The newsroom: /stage /truth.json /sources.toml /sources.opml /hostile.toml; POST /advance /reset\n",
            plain,
        ),
        "/stage": Answer(200, json.dumps({"stage": stage, "stages": STAGES}).encode(), "application/json"),
        "/sources.toml": Answer(200, write_sources(outlets).encode(), "application/toml"),
        "/sources.opml": Answer(200, write_opml(outlets).encode(), "text/x-opml"),
        "/hostile.toml": Answer(200, hostile.write_source().encode(), "application/toml"),
        "/truth.json": _answer_truth(stage),
    }
    routes |= {f"/truth.json?stage={number}": _answer_truth(number) for number in range(1, STAGES + 1)}
    return routes


def _answer_truth(stage: int) -> Answer:
    told = tell_truth(load_outlets(), stage)
    return Answer(200, json.dumps(told, ensure_ascii=False, indent=1).encode(), "application/json")


def _build_outlet(outlet: Outlet, stage: int) -> dict[str, Answer]:
    entries = outlet.entries_at(stage)
    kind = _html_type(outlet)
    news = [(outlet.url(entry.path), entry) for entry in entries if entry.kind in {"article", "live", "paywalled"}]
    about = pages.render_notice(outlet, outlet.strings["about"], [f"<p>{outlet.strings['imprint']}</p>"])
    routes = {
        "/": Answer(200, pages.render_listing(outlet, outlet.name, news), kind, latest_change(news), gzip=outlet.gzip),
        "/about": Answer(200, about, kind, _OPENED, gzip=outlet.gzip),
        "/robots.txt": Answer(outlet.robots_status, outlet.robots.encode(), "text/plain", _OPENED),
    }
    for entry in entries:
        routes[entry.path] = _answer_entry(outlet, entry, [other for _, other in news[:6]])
        for variant in entry.variants:
            if variant.kind == "redirect":
                where = (("Location", outlet.url(entry.path)),)
                routes[variant.path] = Answer(301, b"", kind, headers=where)
            elif variant.kind == "amp":
                body = pages.render_amp(outlet, entry)
                routes[variant.path] = Answer(200, body, kind, entry.changed, gzip=outlet.gzip)
            else:
                routes[variant.path] = routes[entry.path]
    return routes


def _answer_entry(outlet: Outlet, entry: Entry, others: list[Entry]) -> Answer:
    kind = _html_type(outlet)
    if entry.kind in {"missing", "removed"}:
        body = pages.render_notice(outlet, "404", [f"<p>{escape(outlet.strings['not_found'])}</p>"])
        return Answer(404 if entry.kind == "missing" else 410, body, kind)
    if entry.kind == "soft_404":
        lines = [f"<p>{escape(text)}</p>" for text in entry.paragraphs]
        return Answer(200, pages.render_notice(outlet, outlet.strings["not_found"], lines), kind, gzip=outlet.gzip)
    if entry.kind == "hub":
        teasers = [(outlet.url(other.path), other) for other in others]
        return Answer(200, pages.render_listing(outlet, entry.title, teasers), kind, gzip=outlet.gzip)
    if entry.kind == "gallery":
        return Answer(200, pages.render_gallery(outlet, entry), kind, entry.changed, gzip=outlet.gzip)
    return Answer(200, pages.render_article(outlet, entry, others), kind, entry.changed, gzip=outlet.gzip)


def _answer_seed(outlet: Outlet, seed: Seed, stage: int) -> Answer:
    links = outlet.mentioned(seed, stage)
    if seed.kind == "section":
        body = pages.render_listing(outlet, seed.title, links)
        return Answer(200, body, _html_type(outlet), latest_change(links), gzip=outlet.gzip)
    if seed.kind == "sitemap":
        body, kind = write_sitemap(outlet, seed, links)
        everything = [("", entry) for entry in outlet.entries_at(stage)]
        return Answer(200, body, kind, latest_change(links or everything))
    body, kind = write_feed(outlet, seed, links)
    return Answer(200, body, kind, latest_change(links), gzip=outlet.gzip)


def _html_type(outlet: Outlet) -> str:
    return f"text/html; charset={outlet.charset}" if outlet.declares_charset else "text/html"
