"""offkit.fleet.run: one of offkit's own commands on a server, its document, and one line of it."""

import time
import uuid

from ansible_collections.offkit.fleet.plugins.plugin_utils import document as documents
from ansible_collections.offkit.fleet.plugins.plugin_utils import remote, server, source
from ansible_collections.offkit.fleet.plugins.plugin_utils.action import Action, Problem

from ansible import constants as C

_DRY = ("install", "rollback")  # know --dry-run
_READ_ONLY = ("doctor", "generations")
_BUSY = "ENV030"  # another offkit is running in this prefix
_PAUSE = 5  # seconds between two attempts
_NOTHING = 4  # offkit's exit code for an environment in which it could not do anything
_STDERR = 4000  # characters that are kept


class ActionModule(Action):
    """See the documentation in plugins/modules/run.py."""

    ARGUMENTS = {
        "command": {
            "type": "str",
            "required": True,
            "choices": ["install", "doctor", "smoke", "run-badapple", "rollback", "generations"],
        },
        "arguments": {"type": "list", "elements": "str", "default": []},
        "prefix": {"type": "str", "default": ""},
        "bundle": {"type": "str"},
        "src": {"type": "path"},
        "wait": {"type": "int", "default": 600},
        "judge": {"type": "str", "choices": ["now", "later"], "default": "now"},
        "first": {"type": "list", "elements": "dict", "default": []},
    }
    REQUIRED_IF = [("command", "install", ["bundle"])]

    def act(self, args, result, task_vars):
        for name, what in (("prefix", "offkit_prefix"), ("bundle", "bundle (offkit_bundle_dir)")):
            if args[name]:
                args[name] = self.on_server(args[name], what)
        command = args["command"]
        result.update(command=command, changed=False)
        if self._task.check_mode and command not in _DRY + _READ_ONLY:
            result.update(skipped=True, msg="not in check mode: {} runs what is installed".format(command))
            return
        here = str(task_vars.get("inventory_hostname", ""))
        host = str(self._task.delegate_to or here)
        for first in args["first"]:
            known = _by_the_first(first, host)
            if known is not None:
                result.update(known)
                return
        begins = "offkit-run-" + uuid.uuid4().hex[:12]
        said = self._patiently(args, begins)
        survey = server.read(said.stdout)
        if "prefix" not in survey:
            raise Problem("the server's sh did not answer (exit {}): {}".format(said.rc, said.last()))
        before = server.receipt(survey)
        notes = remote.fields(said.stdout, begins)
        text = said.stdout.partition(begins + " begins")[2]
        found = documents.find(text) if "begins" in notes else None
        prefix = survey["prefix"]
        result.update(
            failed=False,  # else Ansible judges by rc
            host=host,
            rc=said.rc if "begins" in notes else _NOTHING,
            document=found,
            findings=documents.findings(found),
            stderr=documents.clean(said.stderr[-_STDERR:]),
            prefix=prefix,
            server=server.facts(survey),
            generation=str(before.get("id", "")),
            time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )
        well = found is not None and said.rc == 0 and not documents.errors(found)
        result["healthy"] = well
        if "begins" in notes:
            result["changed"] = documents.changed(found)
            result["msg"] = documents.line(found, said.rc, said.stderr)
            codes = [str(one.get("code", "")) for one in documents.errors(found)]
            if command == "install" and codes and codes[0].startswith("PY") and args["src"]:
                result["msg"] += self._another(args["src"], result["server"])
        elif "absent" in notes and self._task.check_mode and args["src"]:
            self._foresee(result, args["src"], before)
            well = True
        else:
            result.update(msg=self._nothing(notes, said), unreadable="unreadable" in notes)
        if found and str(found.get("schema")).startswith(("offkit/install-", "offkit/rollback-")):
            self._after(result, found, before)
        if host != here:  # delegated: it counts where it happens, in that host's own turn
            result.update(changed=False, changed_there=result["changed"])
        if host == here and not self._task.run_once:  # Ansible gives a run_once task's facts to every host
            result["ansible_facts"] = {"offkit_server": result["server"]}
            result["_ansible_facts_cacheable"] = True
        if not well and args["judge"] == "now":
            line = {"failed": True, "changed": False, "msg": result["msg"], "rc": result["rc"]}
            result.clear()
            result.update(line)

    def _patiently(self, args, begins):
        """Run it, and again while another offkit holds the prefix: one that a lost connection left at
        its work ends by itself."""
        words = list(args["arguments"])
        if self._task.check_mode and args["command"] in _DRY:
            words.append("--dry-run")
        text = remote.script("survey") + "\n" + remote.script("run")
        until = time.monotonic() + args["wait"]
        while True:
            said = remote.sh(
                self, text, args["prefix"], args["command"], args["bundle"] or "", begins, *words
            )
            found = documents.find(said.stdout.partition(begins + " begins")[2])
            codes = [one.get("code") for one in documents.errors(found)]
            if _BUSY not in codes or time.monotonic() + _PAUSE > until:
                return said
            self._display.v("{}: another offkit is running there, waiting".format(self._task.action))
            time.sleep(_PAUSE)

    def _foresee(self, result, path, before):
        """What an installation would do whose bundle, in check mode, was not carried."""
        try:
            _, digest = source.manifest(path)
        except (OSError, ValueError) as error:
            raise Problem("{}: {}".format(path, error))
        if before.get("manifest") == digest:
            result.update(
                changed=False, healthy=True, msg="{} is current, nothing to do".format(before["id"])
            )
            return
        result.update(changed=True, healthy=True)
        result["msg"] = "would install {} (the bundle is not there yet, so nothing was tried)".format(
            digest[:8]
        )

    def _another(self, path, facts):
        """A word on a bundle that is for another release than this server."""
        try:
            wanted = source.describe(path, C.DEFAULT_LOCAL_TMP)["target"].get("el")
        except (OSError, ValueError):
            return ""
        if not wanted or wanted == facts["el"]:
            return ""
        return " (the bundle is for el{}, this is {})".format(wanted, facts["system"])

    def _nothing(self, notes, said):
        if "missing" in notes:
            return "no offkit is installed in {}: deploy first, or set offkit_prefix".format(notes["missing"])
        if "absent" in notes:
            return "{} does not exist on the server".format(notes["absent"])
        if "unreadable" in notes:
            return "{} has no readable install.sh: {}".format(notes["unreadable"], said.last())
        if "own" in notes:
            return "no temporary directory can be created in {}: {}".format(notes["own"], said.last())
        return documents.line(None, said.rc, said.stderr)

    def _after(self, result, found, before):
        """The generation that is current now (or would be), and the difference in packages."""
        if not found.get("dry_run"):
            result["generation"] = str(found.get("generation", ""))
            python = found.get("python")
            if isinstance(python, dict):
                result["server"]["python"] = str(python.get("version", ""))
        if not self._task.diff:
            return
        was = server.packages(before)
        full = "packages" in found
        becomes = server.packages(found) if full else _changed(was, found.get("changes") or [])
        result["diff"] = {
            "before_header": "{} ({})".format(result["prefix"], before.get("id", "nothing")),
            "after_header": "{} ({})".format(result["prefix"], found.get("generation", "")),
            "before": was,
            "after": becomes,
        }


def _by_the_first(first, host):
    """The result that the first host's installation has already decided: its own; that of the others
    when the bundle is at fault; else None."""
    if first.get("host", "") == host and host:
        return dict(first, changed=first.get("changed_there", False), failed=False)
    blamed = first.get("unreadable") or documents.of_bundle(first.get("document"), first.get("rc", 0))
    if first.get("healthy") is False and blamed:
        message = "not tried, because {} failed with this bundle: {}".format(
            first.get("host"), first.get("msg")
        )
        return {"failed": False, "healthy": False, "host": host, "rc": first.get("rc"), "msg": message}
    return None


def _changed(was, changes):
    """The packages after a rollback, from those before and what it changes."""
    rows = dict(row.split(" ", 1) for row in was.splitlines())
    for one in changes:
        rows.pop(one.get("name"), None)
        if one.get("new"):
            rows[one["name"]] = one["new"]
    return "".join("{} {}\n".format(name, rows[name]) for name in sorted(rows, key=str.lower))
