"""Importing this module makes a process ready to read pages; the workers' fork server does so once.

What is loaded here is shared by all workers and costs each of them nothing.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from threading import Thread

from pipelines.language import load_model


def _unpack() -> None:
    with suppress(OSError):  # no room for it on the disk: the page that needs it says so
        load_model()


# Beside the imports, which take as long: unpacking lets go of the interpreter.
_unpacking = Thread(target=_unpack, name="unpacks the language model")
_unpacking.start()

import pipelines.reading  # noqa: E402, F401
from pipelines.extract import extract, warm_up  # noqa: E402
from pipelines.page import Page  # noqa: E402

_unpacking.join()  # no process may be forked while a thread runs, and nobody else may begin to load it
# A page with hardly any text takes Trafilatura's way through its fallbacks, whose stop lists alone are 12 MB.
_LEAN = b"<html><body><div><p>Closed today.</p><div>Open on Monday from nine until five.</div></div></body></html>"
with suppress(OSError):
    warm_up()
    extract(Page("http://a.example/b", "http://a.example/b", 200, (), _LEAN, "2020-01-01T00:00:00Z"))
gc.collect()
# Objects the collector never visits again stay on pages that the workers share (gc.freeze, Python 3.7).
gc.freeze()
