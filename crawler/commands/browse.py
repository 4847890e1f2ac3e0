"""``scrapy browse``: the archive in the browser."""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import socket
import webbrowser

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.usage import refuse_arguments


class Command(ScrapyCommand):
    """Serves the Datasette site over the archive until Ctrl-C."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012

    def syntax(self) -> str:
        """Returns the arguments."""
        return "[options]"

    def short_desc(self) -> str:
        """Returns one line for ``scrapy -h``."""
        return "Read the archive in the browser"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Adds --host, --port and --open."""
        super().add_options(parser)
        parser.add_argument(
            "--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1, this machine)"
        )
        parser.add_argument("--port", type=int, default=8001, help="port; 0 takes any free one (default: 8001)")
        parser.add_argument(
            "--private-bodies", action="store_true", help="show no more of any article than its beginning"
        )
        parser.add_argument("--open", action="store_true", dest="open_browser", help="open the page in a browser")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Serves the site; a missing archive, a bad address or a taken port is a usage error."""
        refuse_arguments("browse", args)
        # Scrapy imports every command for every command: Datasette must not slow the others down.
        import uvicorn

        from db.connection import ArchiveError
        from db.site.app import build_site

        assert self.settings is not None
        database = str(self.settings["DATABASE"])
        try:
            private = opts.private_bodies or self.settings.getbool("PRIVATE_BODIES")
            site = build_site(database, self.settings["ARCHIVE"], private_bodies=private)
        except ArchiveError as error:
            raise UsageError(str(error), print_help=False) from error
        with listen(opts.host, opts.port) as listening, contextlib.suppress(KeyboardInterrupt):
            host, port = listening.getsockname()[:2]
            url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
            print(f"{database} at {url} (Ctrl-C ends it)", flush=True)
            if opts.open_browser:
                webbrowser.open(url)
            app = site.app()
            # What was loaded by now stays: collected again and again, it held up every tenth answer for 60 ms.
            gc.collect()
            gc.freeze()
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on", server_header=False))
            server.run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """Returns a socket that listens on the address, so that trouble with it is told before anything starts.

    Raises `UsageError` where the port is taken or reserved, or the host is no address of this machine.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"--port {port}: a port is a number from 0 to 65535", print_help=False)
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host}: no such host ({error})", print_help=False) from error
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError as error:
        listening.close()
        why = {
            errno.EADDRINUSE: f"port {port} is taken; choose another with --port, or 0 for any free one",
            errno.EACCES: f"port {port} is reserved; choose one above 1023 with --port",
            errno.EADDRNOTAVAIL: f"{host} is no address of this machine; see --host",
        }.get(error.errno or 0, str(error))
        raise UsageError(f"cannot listen on {host}:{port}: {why}", print_help=False) from error
    return listening
