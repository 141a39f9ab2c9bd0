"""What install.sh and offkit must agree on and no bundle changes, as text for sh.

It is written once, in Python or in a table; where a part has ``@OFFKIT_NAME@``, the text of that name
is filled in. What no text can say (an algorithm) is tied by tests/shared. Nothing in this module is
newer than Python 3.6.
"""

import shlex
from typing import Dict, Iterable

from offkit.edges import data, releases, run, unpacking
from offkit.media import repodata, rpm_keys, web
from offkit.model import errors, layout, release, space, url, yum


def texts() -> Dict[str, str]:
    """By the name of the placeholder; ASCII."""
    return {
        "ALIASES": "\n".join(" ".join(row) for row in releases.known().called()),
        "BUILDING": str(space.BUILDING),
        "COMPILED": str(space.COMPILED),
        "CURL": _words(web.CURL),
        "CURL_AGAIN": " | ".join("{}/*".format(code) for code in web.AGAIN),
        "CURL_MOST": str(web.MOST),
        "CURL_TRIES": str(web.TRIES),
        "PORTAL": repodata.PORTAL,
        "ENVIRONMENT": str(space.ENVIRONMENT),
        "EXITS": "\n".join("{}) status={} ;;".format(*each) for each in errors.EXITS.items()),
        "HASHES": "\n".join('{}) sum_of {}sum "$2" ;;'.format(*each) for each in repodata.HASHES.items()),
        "HEADER_ONLY": rpm_keys.HEADER_ONLY,
        "INODES": str(space.INODES),
        "KEY_NAME": release.KEY_NAME,
        "KEY_UNUSUAL": release.UNUSUAL_KEY,
        "NO_SHA1": rpm_keys.NO_SHA1,
        "PACKAGE": yum.PACKAGE,
        "PACKED": " | ".join("*" + each for each in unpacking.SUFFIXES),
        "PYTHON_RECEIPT": layout.PYTHON_RECEIPT,
        "PYTHON_SCHEMA": layout.PYTHON_SCHEMA,
        "RELEASES": "\n".join(" ".join(row) for row in releases.known().rows()),
        "RES_OPTIONS": run.RES_OPTIONS,
        "ROOT_PREFIX": layout.ROOT_PREFIX,
        "RPM_WORDS": rpm_keys.WORDS,
        "RUNTIME": str(space.RUNTIME),
        "SHA1_ONLY": rpm_keys.SHA1_ONLY,
        "UNFIT": "".join("\\" + char for char in layout.UNFIT if char.isprintable()),
        "UNPACKERS": "\n".join(
            "{}*) unpacker='{} -dc' ;;".format(magic.hex(), name) for name, magic in unpacking.MAGICS.items()
        ),
        "URL": shlex.quote(url.PATTERN),
        "URL_FORM": url.FORM,
        "USER_PREFIX": layout.USER_PREFIX,
        "YUM_OPTIONS": _words(yum.OPTIONS),
        "YUM_PID": yum.PID,
        "YUM_PLAIN": yum.PLAIN,
        "YUM_WAYS": "\n".join(map(_way, yum.WAYS)),
        "YUM_WORDS": "\n".join("\n".join(kind) for kind in yum.parse(data.read_text(yum.WORDS))),
    }


def _words(words: Iterable[str]) -> str:
    """As a shell reads them."""
    return " ".join(map(shlex.quote, words))


def _way(way: yum.Way) -> str:
    """An arm of a case: sets what is done otherwise there."""
    fetching = " ".join(way.fetching).replace(yum.INTO, "$yum_place/rpms").replace(yum.PLACE, "$yum_place")
    return (
        """{}) yum_fetching="{}" yum_copies='{}' yum_modular='{}' yum_all='{}' yum_lenient='{}' ;;""".format(
            way.version,
            fetching,
            "1" if way.copies else "",
            "1" if way.modular else "",
            way.all_packages,
            way.lenient,
        )
    )
