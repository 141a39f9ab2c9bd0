"""Several things at a time, and none of them waited for by whoever is interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

from offkit.edges import run


@contextmanager
def pool(workers: int | None, programs: bool = False) -> Iterator[ThreadPoolExecutor]:
    """As ThreadPoolExecutor. When the program is interrupted, nothing more begins; ``programs``, which the
    threads wait for, are ended, and a server that does not answer is not waited for (see cli.app.main)."""
    made = ThreadPoolExecutor(workers)
    try:
        yield made
    except KeyboardInterrupt:
        with run.stopping() if programs else nullcontext():
            made.shutdown(wait=programs, cancel_futures=True)
        raise
    except BaseException:
        made.shutdown()
        raise
    made.shutdown()
