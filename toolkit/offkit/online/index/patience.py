"""How long is waited for a server that asks for it (Retry-After, RFC 9110, 10.2.3)."""

from __future__ import annotations

import logging
import math
from typing import Any

from offkit.online.index.upstream import reach

_LONGEST = 60  # seconds; pip's session would wait as long as it is told to, be it for hours
_LOG = logging.getLogger("pip._vendor.urllib3.connectionpool")  # whose warnings are shown


def limit(session: Any) -> None:
    """From now on pip's session says what it waits for, and takes a longer wait for a refusal. Reaches for
    ``Retry`` of ``pip._vendor.urllib3.util.retry``, which every attempt is made by."""
    original = reach("pip._vendor.urllib3.util.retry", "Retry")
    unreadable = reach("pip._vendor.urllib3.exceptions", "InvalidHeader")
    refused = reach("pip._vendor.urllib3.exceptions", "MaxRetryError")
    answered = reach("pip._vendor.urllib3.exceptions", "ResponseError")

    # By its name it is known in what urllib3 says of an attempt.
    class Retry(original):  # type: ignore[misc,valid-type]
        def get_retry_after(self, response: Any) -> Any:
            try:
                return super().get_retry_after(response)
            except unreadable:
                return None

        def increment(
            self,
            method: Any = None,
            url: Any = None,
            response: Any = None,
            error: Any = None,
            _pool: Any = None,
            _stacktrace: Any = None,
        ) -> Any:
            seconds = 0 if response is None else self.get_retry_after(response) or 0
            said = f"answers {response.status} and asks to wait {_span(seconds)}" if seconds else ""
            if seconds > _LONGEST:
                reason = answered(f"{said}, which is too long to wait for")
                raise refused(_pool, url, reason) from reason
            left = super().increment(method, url, response, error, _pool, _stacktrace)
            if said:
                _LOG.warning("%s %s; it is asked again then", getattr(_pool, "host", "the server"), said)
            return left

    adapters = [*session.adapters.values(), getattr(session, "_trusted_host_adapter", None)]
    for adapter in adapters:
        retries = getattr(adapter, "max_retries", None)
        if isinstance(retries, original):
            adapter.max_retries = Retry.__new__(Retry)
            adapter.max_retries.__dict__.update(retries.__dict__)


def _span(seconds: float) -> str:
    """``30 s``, ``5 min``, ``1 h``, ``1 h 30 min``."""
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(filter(None, parts)) if seconds > _LONGEST else f"{math.ceil(seconds)} s"
