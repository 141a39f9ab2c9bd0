"""What survey.sh says of a server, as values."""

import json
import re

from ansible_collections.offkit.fleet.plugins.plugin_utils import releases, remote

MARK = "offkit-survey"


def read(text):
    """The fields of survey.sh in ``text``, {} when it did not run."""
    return remote.fields(text, MARK)


def facts(said):
    """{"system", "el", "arch", "glibc", "python"} as the report has them; ``python`` is that of the
    current generation, "" where there is none."""
    version = re.match(r"\d+", said.get("version", ""))
    el = int(version.group()) if version and said.get("id") in releases.EL_IDS else 0
    known = re.match(r"el(\d+)$", other(said))
    if known:
        el = int(known.group(1))
    elif other(said):
        el = 0
    return {
        "system": said.get("system") or "an unknown system",
        "el": el,
        "arch": said.get("arch", ""),
        "glibc": said.get("glibc", "").rpartition(" ")[2],
        "python": str(receipt(said).get("python_version", "")),
    }


def other(said):
    """What offkit calls a system whose version does not begin with the major of an Enterprise Linux; "" where
    it has no name for it."""
    version = said.get("version", "")
    parts = version.split(".")
    keys = ["{}:{}".format(said.get("id"), ".".join(parts[:count])) for count in range(len(parts), 0, -1)]
    return next((releases.OTHERS[key] for key in keys if key in releases.OTHERS), "")


def receipt(said):
    """The receipt of the current generation, {} without one."""
    try:
        data = json.loads(said.get("receipt", ""))
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def packages(found):
    """One line a package of a receipt, for a diff."""
    rows = [
        "{} {}".format(one.get("name"), one.get("version"))
        for one in found.get("packages") or []
        if isinstance(one, dict)
    ]
    return "".join(row + "\n" for row in rows)
