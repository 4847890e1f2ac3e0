"""Which parts of a URL say how a reader came, not what is read: small tables, each group with its reason.

The tables serve ``db.urls.url_key`` only. A name is *sure* when no site uses it to choose what is shown. A name that
some sites use for an article's number (``ref``, ``cid`` ...) counts only when its value names a channel, and numeric
companions (``refid``, ``campaignid``) only beside a sure tracker of their own family.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple


class Parameter(NamedTuple):
    """One ``name=value`` of a query: both percent-normalised, ``folded`` is the name in lower case."""

    folded: str
    name: str
    value: str
    text: str
    """The parameter as it stands in the query (``a`` and ``a=`` differ)."""


def words(text: str) -> frozenset[str]:
    """Returns the words of a text: how the tables are written."""
    return frozenset(text.split())


# Campaign tags: families written by analytics products; the prefix belongs to the product.
CAMPAIGN_PREFIXES = (
    "utm_",  # Google Analytics, Urchin
    "mtm_", "matomo_", "pk_", "piwik_",  # Matomo, Piwik
    "at_",  # AT Internet (at_medium, at_campaign, at_custom1 ...)
    "ns_",  # comScore (ns_mchannel, ns_campaign ...)
    "hsa_",  # HubSpot ads
    "cx_",  # Cxense tests and recommendations
    "taboola_",
    "fb_",  # Facebook actions (fb_action_ids, fb_source, fb_ref)
    "guce_", "_guc_",  # Yahoo's consent round trip
    "amp_",  # flags of the AMP viewer (amp_js_v, amp_gsa)
    "__cf_chl_",  # Cloudflare's challenge
    "aspsessionid",  # ASP appends a random name
)  # fmt: skip

SURE_NAMES = frozenset().union(
    # Click identifiers: one value per click, made by the advertising or mailing network.
    words("fbclid gclid gclsrc gbraid wbraid dclid msclkid yclid ymclid twclid ttclid igshid igsh li_fat_id mibextid"),
    words("dicbo tblci oly_enc_id oly_anon_id vero_id vero_conv _hsenc _hsmi mc_cid mc_eid mkt_tok _ga _gl _ke"),
    words("wickedid rb_clickid s_kwcid epik srsltid _unique_id"),
    # Campaign tags that stand alone: AT Internet, Adobe, Echobox, social buttons, recommendation boxes.
    words(
        "xtor xtref xtcr xts xtnp xtloc xtatc xtdt s_cid echobox traffic_source soc_src soc_trk hss_channel hss_meta"
    ),
    words("__twitter_impression ref_src ref_url twsrc _ft_ __tn__ __xts__ fref hc_ref hc_location ftcamp ftag spm scm"),
    words("yptr mbid cndid sr_share tpcc"),
    # Tags a publisher's feeds and newsletters carry: Reuters, DW, New York Times, Washington Post, Daily Mail.
    words("feedtype feedname maca emc wprss ito"),
    # Consent, bot and cache switches: they change a banner or a server's mind, not the text.
    words("guccounter cbrd ucbcb cn-reloaded ao_noptimize ab_channel __hstc __hssc __hsfp"),
    # Sessions: a value per visitor.
    words("phpsessid jsessionid sessionid cfid cftoken"),
    # Forms opened under an article, and checksums of the other parameters (TYPO3): never another article.
    words("replytocom chash"),
    # What an AMP cache or a publisher's template switch adds to one and the same article.
    words("usqp outputtype"),
)

# Names that are a tracker in one spelling of case only: elsewhere they number things.
SURE_SPELLINGS = frozenset({"linkId"})  # Hootsuite's and Buffer's share tag

# Some sites number articles with these, so only a value that names a channel counts (``ref=rss``, not ``ref=90001``).
CHANNEL_NAMES = words(
    "ref source src cid via output from partner smid cmp cmpid ocid ncid icid mod share shared feature origin "
    "referrer referer campaign medium channel rss"
)
CHANNEL_WORDS = frozenset().union(
    words(
        "rss rss2 mrss atom xml feed feeds syndication email mail newsletter newsletters push notification alert alerts"
    ),
    words("tw twitter twsrc fb facebook ig instagram whatsapp telegram tg linkedin reddit pinterest flipboard youtube"),
    words(
        "google googlenews gnews yahoo msn bing applenews smartnews upday pocket social share shared sharing btn button"
    ),
    words("hp home homepage frontpage nav menu footer header sidebar search bookmark bookmarks ts tn nf"),
    words("youtu app ios android mobile desktop web amp print embed widget outbrain taboola"),
)
_MOST_TOKENS = 3
_TOKENS = re.compile(r"[-_.:+]")
_WORDS = re.compile(r"[A-Za-z]+(?:[-_.:+][A-Za-z]+)*\Z")

# Numeric companions: only beside a parameter of the same family, since alone they may number an article.
COMPANIONS: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (frozenset({"refid", "refsrc", "_rdr"}), frozenset({"fb_source", "fref", "_ft_", "__tn__", "fbclid", "hc_ref"})),
    (
        frozenset({"campaignid", "adgroupid", "adid", "creative", "keyword", "matchtype", "network", "device", "gad"}),
        frozenset({"gclid", "gbraid", "wbraid"}),
    ),
)

# Switches of presentation: the same article for a phone, a printer or an AMP viewer.
SWITCH_NAMES = frozenset(
    ["amp", "wpamp", "isamp", "amphtml", "print", "printable", "printview", "printer", "printerfriendly"]
)
SWITCH_VALUES = frozenset({"", "0", "1", "true", "false", "yes", "no", "y", "n", "on", "off", "amp", "print", "html"})
FORMAT_NAMES = frozenset(["output", "view", "mode", "format", "type", "layout", "display", "tmpl"])
FORMAT_VALUES = frozenset({"amp", "ampview", "print", "printer", "printable", "printview", "printerfriendly"})

# SocialFlow's one-off names; phpBB's session, known by its 32 hexadecimal digits: a short ``sid`` is a story's number.
_ONE_OFF_NAME = re.compile(r"sf\d{6,}\Z")
_SESSION_VALUE = re.compile(r"[0-9a-fA-F]{32}\Z")


def _names_channel(value: str) -> bool:
    """Tells whether a value is a word for a channel: letters only, at most three tokens, one of them known."""
    if not _WORDS.match(value):
        return False
    tokens = _TOKENS.split(value.lower())
    return len(tokens) <= _MOST_TOKENS and not CHANNEL_WORDS.isdisjoint(tokens)


def _is_noise(parameter: Parameter, present: frozenset[str]) -> bool:
    folded, name, value, _ = parameter
    if folded in SURE_NAMES or name in SURE_SPELLINGS or folded.startswith(CAMPAIGN_PREFIXES):
        return True
    if folded in SWITCH_NAMES:
        return value.lower() in SWITCH_VALUES
    if folded in FORMAT_NAMES and value.lower() in FORMAT_VALUES:
        return True
    if folded in CHANNEL_NAMES:
        return _names_channel(value)
    if folded == "sid":
        return _SESSION_VALUE.match(value) is not None
    if any(folded in names and not present.isdisjoint(family) for names, family in COMPANIONS):
        return True
    return _ONE_OFF_NAME.match(folded) is not None


def drop_trackers(parameters: Sequence[Parameter]) -> list[Parameter]:
    """Returns the parameters that choose what is shown, in their order."""
    present = frozenset(parameter.folded for parameter in parameters)
    return [parameter for parameter in parameters if not _is_noise(parameter, present)]
