"""A server as a target for 'offkit bundle --target FILE' (offkit/target-1), from what sh says of it."""

import re

from ansible_collections.offkit.fleet.plugins.plugin_utils import releases, server

_PYTHON = "python:"
_SERIES = range(6, 15)  # minor releases of CPython 3 that offkit deploys to


def describe(said, facts):
    """The target document of a server that has no offkit yet.

    ``said`` are the fields of survey.sh and pythons.sh, ``facts`` server.facts of them. The Python
    is the first one there that is meant for applications; where there is none, the one that its
    distribution ships, and then ``python_planned`` is true. Raises ValueError when it can be no
    target.
    """
    glibc = facts["glibc"]
    if not re.match(r"\d+\.\d+$", glibc):
        raise ValueError("this machine has no glibc, which offkit's wheels need")
    path, version = _python(said)
    planned = not version
    version = version or releases.SHIPPED.get(facts["el"], "")
    version = version or releases.OTHERS_SHIPPED.get(server.other(said), "")
    if not version:
        raise ValueError(
            "no Python 3.6 or newer is here, and which one {} ships is not known".format(facts["system"])
        )
    return {
        "schema": "offkit/target-1",
        "name": "el{}".format(facts["el"]) if facts["el"] else server.other(said) or "custom",
        "el": facts["el"],
        "arch": facts["arch"],
        "python": version,
        "abi": abi(version),
        "glibc": glibc,
        "system": facts["system"],
        "kernel": said.get("release", ""),
        "python_path": path,
        "python_planned": planned,
    }


def abi(version):
    """``cp36m``; the m went with 3.8 (PEP 3149, bpo-36707)."""
    major, minor = version.split(".")[:2]
    return "cp{}{}{}".format(major, minor, "m" if int(minor) < 8 else "")


def line(document):
    """One line for people; equal lines are equal targets."""
    planned = ", not yet installed" if document.get("python_planned") else ""
    return "{} {}, CPython {}, glibc {}{}".format(
        document.get("name"), document.get("arch"), document.get("python"), document.get("glibc"), planned
    )


def _python(said):
    for name, version in said.items():
        if not name.startswith(_PYTHON) or "platform-python" in name:
            continue
        found = re.match(r"3\.(\d+)\.\d+$", version)
        if found and int(found.group(1)) in _SERIES:
            return name[len(_PYTHON) :], version
    return "", ""
