"""What install.sh and offkit must agree on and no bundle changes, as text for sh.

It is written once, in Python or in a table; where a part has ``@OFFKIT_NAME@``, the text of that name
is filled in. What no text can say (an algorithm) is tied by tests/shared. Nothing in this module is
newer than Python 3.6.
"""

import shlex
from typing import Dict, Iterable

from offkit.media import web
from offkit.model import url


def texts() -> Dict[str, str]:
    """By the name of the placeholder; ASCII."""
    return {
        "CURL": _words(web.CURL),
        "CURL_AGAIN": " | ".join("{}/*".format(code) for code in web.AGAIN),
        "URL": shlex.quote(url.PATTERN),
    }


def _words(words: Iterable[str]) -> str:
    """As a shell reads them."""
    return " ".join(map(shlex.quote, words))
