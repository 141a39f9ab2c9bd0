"""What is kept of each host on the control node: REPORT_DIR/hosts/NAME.json (offkit/host-1)."""

import hashlib
import json
import os
import tempfile
import time

from ansible_collections.offkit.fleet.plugins.plugin_utils.action import plain

SCHEMA = "offkit/host-1"
_NAME = 200  # bytes; file systems take 255, with what is added


def now():
    """This moment as documents have it: UTC, ISO 8601, seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def is_bad(told):
    """Whether a result is of a host that was not reached, or not well."""
    return bool(told.get("unreachable") or told.get("failed")) or told.get("healthy") is False


def merge(known, host, command, told, variables):
    """The host's document: what was ``known`` of it ({} for nothing), and what ``command`` says now.

    ``told`` is a result of offkit.fleet.run, or what Ansible says of a host that it did not reach;
    ``variables`` are the host's, for its groups and the facts of an earlier visit.
    """
    reachable = not told.get("unreachable")
    results = dict(known.get("results") or {})
    if reachable:
        document = told.get("document")
        results[command] = {
            "time": told.get("time") or now(),
            "rc": told.get("rc", 4 if is_bad(told) else 0),  # 4: the environment, as offkit has it
            "document": document,
            "stderr": "" if document else _words(told),
        }
    cached = (variables.get("ansible_facts") or {}).get("offkit_server") or known.get("server")
    return {
        "schema": SCHEMA,
        "host": host,
        "groups": sorted(str(name) for name in variables.get("group_names") or []),
        "time": told.get("time") or now(),
        "reachable": reachable,
        "message": plain(told.get("msg")) if is_bad(told) else "",
        "server": dict(told.get("server") or cached or {}) or None,
        "generation": str(told.get("generation", known.get("generation")) or ""),
        "results": results,
    }


def _words(told):
    """What there is to say without a document: the line, and what the command said."""
    return "\n".join(text for text in (plain(told.get("msg")), str(told.get("stderr") or "").strip()) if text)


def file_name(host):
    """``HOST.json``. An inventory name may hold what a file's may not: such a one is told apart by a
    digest, since two of them may become the same, and does not begin with a dot, which would hide it."""
    safe = "".join(char if char.isalnum() or char in "-_.:@" else "_" for char in host)
    if safe.startswith("."):
        safe = "_" + safe[1:]
    if safe != host or len(safe.encode("utf-8")) > _NAME:
        digest = hashlib.sha256(host.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        safe = "{}-{}".format(safe.encode("utf-8")[:_NAME].decode("utf-8", "ignore"), digest)
    return safe + ".json"


def read(path, schema=SCHEMA):
    """The document in a file, {} when there is none of that schema."""
    try:
        with open(path, encoding="utf-8") as source:
            data = json.load(source)
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) and data.get("schema") == schema else {}


def replace(path, data):
    """Write a document, whole or not at all. Raises OSError."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".new", dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(data, out, indent=1, sort_keys=True)
            out.write("\n")
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
