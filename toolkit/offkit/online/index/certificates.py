"""The certificates that connections are judged by: read once, and not for each connection."""

from __future__ import annotations

import functools
from typing import Any

_READS = ("load_verify_locations", "set_default_verify_paths")  # of ssl.SSLContext; what was read stays


def read_once(session: Any) -> None:
    """All connections of a pip session share a context, to which urllib3 (``ssl_wrap_socket``) and truststore
    (``_configure_context``) give the same files again for each: 40 ms, which is what reading a hundred pages
    takes. Nothing is done where this pip has no such context (before 24.2)."""
    for adapter in session.adapters.values():
        shared = getattr(adapter, "_ssl_context", None)
        inner = getattr(shared, "_ctx", shared)  # of truststore's
        for name in _READS:
            if name not in getattr(inner, "__dict__", {name: None}):
                setattr(inner, name, functools.cache(getattr(inner, name)))
