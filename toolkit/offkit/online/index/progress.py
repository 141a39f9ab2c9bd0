"""What a session of pip asks for, told to whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from offkit.model.report import Bar

_OK = 200


def tell(session: Any, bar: Callable[[], Bar]) -> None:
    """From now on the bar of the moment hears of each request and of its answer: the name, whether there is
    something of that name, and bytes that come over the network. Wheels are counted by whoever reads them."""
    ask = session.request

    def request(method: str, url: str, *more: Any, **named: Any) -> Any:
        name = _name(url)
        bar().at(name)
        response = ask(method, url, *more, **named)
        if response.status_code == _OK:
            bar().know(_project(name))
            here = url.startswith("file:") or getattr(response, "from_cache", False)
            if not here and not name.endswith(".whl"):
                length = str(response.headers.get("Content-Length") or "")
                bar().advance(int(length) if length.isdigit() else 0)
        return response

    session.request = request


def _name(url: str) -> str:
    """The last part of a URL: a project, or a file."""
    parts = unquote(urlsplit(url).path).rstrip("/").split("/")
    return parts[-2] if parts[-1] == "index.html" and len(parts) > 1 else parts[-1]


def _project(name: str) -> str:
    return str(canonicalize_name(name.partition("-")[0] if ".whl" in name else name))
