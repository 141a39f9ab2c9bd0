"""What pip's session does for each answer alike, done less often."""

from __future__ import annotations

import importlib
from typing import Any
from urllib.parse import urlsplit

from offkit.online.index.upstream import reach

_PIECE = 1 << 18  # bytes; a page of an index has some millions, and its parts are joined


def lighten(session: Any) -> None:
    """Pages are read in larger pieces than of 10 kB (``pip._vendor.requests.models.CONTENT_CHUNK_SIZE``), and
    the environment is looked through for a proxy once for each server and not for each request
    (``Session.merge_environment_settings``). Certificates that somebody has named to pip come before those
    that REQUESTS_CA_BUNDLE names, which requests would take instead."""
    models: Any = importlib.import_module("pip._vendor.requests.models")
    models.CONTENT_CHUNK_SIZE = max(_PIECE, reach("pip._vendor.requests.models", "CONTENT_CHUNK_SIZE"))
    merge = session.merge_environment_settings
    known: dict[Any, dict[str, Any]] = {}

    def merge_environment_settings(url: str, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        where, own = urlsplit(url), getattr(session, "verify", None)
        verify = own if verify is None and isinstance(own, str) else verify
        key = where.scheme, where.netloc, str(proxies), stream, verify, cert
        if key not in known:
            known[key] = merge(url, proxies, stream, verify, cert)
        return {**known[key], "proxies": dict(known[key]["proxies"])}

    session.merge_environment_settings = merge_environment_settings
