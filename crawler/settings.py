"""Only what differs from Scrapy's own settings, each with its unit and its reason; docs/settings.md is for users.

Any of them can be given on the command line: ``scrapy crawl news -s DATABASE=other.db``.
"""

from __future__ import annotations

from pathlib import Path

from db.version import VERSION

PROJECT = Path(__file__).resolve().parent.parent

# --- Parley's own -----------------------------------------------------------------------------------------------------

DATABASE = str(PROJECT / "news.db")  # the archive file
ARCHIVE = str(PROJECT / "archive")  # folder of WARC files with every raw page and feed
SOURCES = str(PROJECT / "sources.toml")  # where to look
TOPICS = str(PROJECT / "topics")  # folder of topic files: what to look for; may be empty
KEEP = "all"  # "all": every article is stored, a topic is a view that can change tomorrow; "matches": only what matches
GATE = True  # with KEEP = "matches": pages without the words of any topic are not extracted at all
CONTACT = ""  # an address or URL that outlets can write to; goes into the User-Agent
ALLOW_PRIVATE: list[str] = []  # exact host:port pairs on private addresses that may be fetched (tests, intranet)
HOST_DELAY_SECONDS = 1.0  # rest between two requests to one host; a longer Crawl-delay wins
RUN_SECONDS = 3300  # a run hands out nothing new after this; what is left waits for the next run
LINK_TRIES = 6  # a link that failed so often (over most of a day: the pauses grow) is given up
HOST_RECHECKS_PER_HOUR = 60  # looks at articles stored before, for each host: one request a minute, no load; 0: none
FULL_FETCH_SECONDS = 24 * 3600  # seeds and pages are asked for whole this often: some servers answer 304 for ever
EXTRACT_WORKERS = 2  # processes that read pages
EXTRACT_DEADLINE_SECONDS = 20.0  # a page that takes longer is given up and its process replaced
EXTRACT_MEMORY_MB = 640  # memory one worker may allocate
FEED_MAX_BYTES = 5 << 20  # a feed larger than this is refused
SITEMAP_MAX_BYTES = 50 << 20  # the protocol's own limit (sitemaps.org)
PRIVATE_BODIES = False  # the site shows only how articles begin: for one that others can reach
IMPORT_MAX_BYTES = 20 << 30  # largest remote WARC file that is copied for an import

# --- Scrapy's: the project --------------------------------------------------------------------------------------------

BOT_NAME = "parley"
SPIDER_MODULES = ["crawler.spiders"]
COMMANDS_MODULE = "crawler.commands"
USER_AGENT = f"Parley/{VERSION}"
ITEM_PIPELINES = {"pipelines.stages.Extract": 100, "pipelines.stages.Store": 200}
# None of Scrapy's by themselves: a listening port and a remote control have no place in a crawler that runs unattended,
# and those that are only switched off are still imported, an HTTP server among them.
EXTENSIONS_BASE: dict[str, int] = {}
EXTENSIONS = {"crawler.runs.RunRecord": 10, "scrapy.extensions.closespider.CloseSpider": 500}
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# --- Scrapy's: what may be fetched, and how much of it ----------------------------------------------------------------

DOWNLOAD_HANDLERS = {
    "http": "crawler.connections.HttpHandler",  # keeps connections to a proxy open, and no more idle ones than fit
    "https": "crawler.connections.HttpHandler",
    **dict.fromkeys(("data", "file", "ftp", "s3")),  # a feed must not read local files
}
TWISTED_DNS_RESOLVER = "crawler.guard.GuardedResolver"  # refuses private addresses at connect time
DOWNLOAD_VERIFY_CERTIFICATES = True
DOWNLOAD_MAXSIZE = 10 << 20  # bytes, also after decompression; Scrapy's 1 GiB is a memory bomb
DOWNLOAD_WARNSIZE = 0
DOWNLOAD_TIMEOUT = 60  # seconds for the whole answer, so an endless body ends
REDIRECT_MAX_TIMES = 8
METAREFRESH_ENABLED = False  # consent walls use it; articles do not
COOKIES_ENABLED = False
RETRY_ENABLED = False  # a failed link is tried again by a later run, with pauses that double, from the database
ROBOTSTXT_OBEY = False  # crawler.politeness.RobotsMiddleware does, by RFC 9309
DOWNLOADER_MIDDLEWARES = {
    "crawler.remote_archives.LocalArchives": 20,
    "crawler.guard.GuardMiddleware": 40,
    "crawler.politeness.RobotsMiddleware": 100,
    "crawler.connections.EnvironmentProxies": 750,  # in the place of Scrapy's own
    "crawler.archive.ArchiveMiddleware": 610,  # between redirects and the network: keeps what came, as it came
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
}
SPIDER_MIDDLEWARES = {  # the spider yields no requests but the frontier's, and every status has its meaning
    "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
}
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"  # what was seen is in the table links
DEFAULT_REQUEST_HEADERS = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

# --- Scrapy's: how much at once ---------------------------------------------------------------------------------------

CONCURRENT_REQUESTS = 32
CONCURRENT_REQUESTS_PER_DOMAIN = 1  # one slot a host
CONCURRENT_ITEMS = 4  # pages of one archive on their way; Scrapy starts so many tasks for every answer
REACTOR_THREADPOOL_MAXSIZE = 20  # name look-ups run in threads; dead names must not hold up the others
DOWNLOAD_DELAY = 0  # the frontier keeps the delays, across runs

# --- Scrapy's: quiet under cron ---------------------------------------------------------------------------------------

LOG_LEVEL = "WARNING"
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
STATS_CLASS = "scrapy.statscollectors.DummyStatsCollector"  # the run counts what matters in the table runs
DOWNLOADER_STATS = False
STATS_DUMP = False
MEMUSAGE_ENABLED = False
