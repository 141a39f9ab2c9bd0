"""offkit.fleet.report: what a command found on every host, in files, in lines and as offkit's report."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from ansible_collections.offkit.fleet.plugins.plugin_utils.action import Action, Problem

_SCHEMA = "offkit/host-1"


class ActionModule(Action):
    """See the documentation in plugins/modules/report.py."""

    _requires_connection = False

    ARGUMENTS = {
        "command": {
            "type": "str",
            "required": True,
            "choices": ["deploy", "doctor", "verify", "rollback"],
        },
        "hosts": {"type": "list", "elements": "str", "required": True},
        "result": {"type": "str", "default": "offkit_result"},
        "directory": {"type": "path", "required": True},
        "table": {"type": "bool", "default": False},
        "offkit": {"type": "path"},
    }

    def act(self, args, result, task_vars):
        variables = task_vars.get("hostvars") or {}
        rows, told = [], {}
        for host in args["hosts"]:
            one = variables[host].get(args["result"]) if host in variables else None
            if isinstance(one, dict) and not one.get("skipped"):
                told[host] = one
                rows.append((host, str(one.get("msg", ""))))
            elif isinstance(one, dict):
                rows.append((host, str(one.get("msg", "skipped"))))
        width = max([len(host) for host, _ in rows] or [0])
        result["changed"] = False
        result["msg"] = ["{}  {}".format(host.ljust(width), message) for host, message in rows]
        result["_ansible_verbose_always"] = True
        directory = os.path.abspath(args["directory"])
        if self._task.check_mode:
            self._temporarily(result, args, directory, told, variables)
        else:
            self._write(directory, args["command"], told, variables)
            self._show(result, args, directory)

    def _temporarily(self, result, args, directory, told, variables):
        """In check mode the report is made of a copy, and nothing is left of it."""
        if not args["table"]:
            return
        with tempfile.TemporaryDirectory(prefix="offkit-report-") as scratch:
            copy = os.path.join(scratch, "report")
            if os.path.isdir(os.path.join(directory, "hosts")):
                shutil.copytree(os.path.join(directory, "hosts"), os.path.join(copy, "hosts"))
            self._write(copy, args["command"], told, variables)
            self._show(result, args, copy, page=False)

    def _write(self, directory, command, told, variables):
        hosts = os.path.join(directory, "hosts")
        try:
            os.makedirs(hosts, mode=0o755, exist_ok=True)
            for host, one in sorted(told.items()):
                path = os.path.join(hosts, _file_name(host))
                merged = merge(_read(path), host, command, one, variables[host])
                _replace(path, json.dumps(merged, indent=1, sort_keys=True) + "\n")
        except OSError as error:
            raise Problem(
                "the report cannot be written: {}; offkit_report_dir names another place".format(error)
            )

    def _show(self, result, args, directory, page=True):
        if not args["table"]:
            return
        command = _offkit(args["offkit"])
        if command is None:
            result.setdefault("warnings", []).append(
                "no offkit on this control node to make the report with: 'offkit report {}' does that".format(
                    directory
                )
            )
            return
        html = os.path.join(directory, "index.html")
        words = [*command, "report", directory, *(["--html", html] if page else [])]
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False)
        except OSError as error:
            raise Problem("{} cannot be started: {}".format(command[0], error))
        if done.returncode not in (0, 1):
            result.setdefault("warnings", []).append(
                "offkit report failed (exit {}): {}".format(done.returncode, done.stderr.strip())
            )
            return
        result["report"] = done.stdout.splitlines()
        if page:
            result["page"] = html


def merge(known, host, command, told, variables):
    """The host's document (offkit/host-1): what was known of it, and what ``command`` says now."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    reachable = not told.get("unreachable")
    results = dict(known.get("results") or {})
    if reachable:
        results[command] = {
            "time": told.get("time") or now,
            "rc": told.get("rc", -1),
            "document": told.get("document"),
            "stderr": "" if told.get("document") else str(told.get("stderr") or told.get("msg") or ""),
        }
    cached = variables.get("offkit_server") or known.get("server")
    well = reachable and told.get("healthy") is not False and not told.get("failed")
    return {
        "schema": _SCHEMA,
        "host": host,
        "groups": sorted(str(name) for name in variables.get("group_names") or []),
        "time": told.get("time") or now,
        "reachable": reachable,
        "message": "" if well else " ".join(str(told.get("msg", "")).split()),
        "server": told.get("server") or (dict(cached) if cached else None),
        "generation": told.get("generation", known.get("generation", "")) or "",
        "results": results,
    }


def _file_name(host):
    """Inventory names may hold what file names may not."""
    safe = "".join(char if char.isalnum() or char in "-_.:@" else "_" for char in host)
    return (safe if safe.strip(".") else "_" + safe) + ".json"


def _read(path):
    try:
        with open(path, encoding="utf-8") as source:
            data = json.load(source)
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) and data.get("schema") == _SCHEMA else {}


def _replace(path, text):
    handle, name = tempfile.mkstemp(prefix=".", suffix=".new", dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _offkit(named):
    """How offkit is called here: as named, beside the running Python, on PATH; None without one."""
    beside = os.path.join(os.path.dirname(sys.executable), "offkit")
    for candidate in (named, beside if os.access(beside, os.X_OK) else None, shutil.which("offkit")):
        if candidate:
            return [candidate]
    return None
