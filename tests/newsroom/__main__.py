"""Runs the newsroom until SIGTERM or SIGINT: ``python -m tests.newsroom --port 0 [--log FILE] [--latency-ms N]``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from tests.newsroom.server import NewsServer


def main() -> int:
    """Serves on 127.0.0.1, prints one JSON line with the port and URL, and returns 0 when told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tests.newsroom", description="An invented press, served locally.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--log", type=Path, help="append one JSON line a request to this file")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="wait this long before each answer")
    options = parser.parse_args()
    try:
        server = NewsServer(options.port, options.log, options.latency_ms / 1000)
    except OSError as error:
        print(f"newsroom: cannot start on port {options.port} (log {options.log}): {error}", file=sys.stderr)
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    print(json.dumps({"port": server.server_port, "url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    stop.wait()
    server.shutdown()
    server.server_close()
    return 0


sys.exit(main())
