"""offkit.fleet.report: what a command found on every host, in files, in lines and as offkit's report."""

import os
import shutil
import subprocess
import sys
import tempfile

from ansible_collections.offkit.fleet.plugins.plugin_utils import hostfile, target
from ansible_collections.offkit.fleet.plugins.plugin_utils.action import Action, Problem, plain
from ansible_collections.offkit.fleet.plugins.plugin_utils.document import several

from ansible import constants as C

_COMMANDS = ("deploy", "doctor", "smoke", "verify", "rollback", "probe")
_TERMINAL = ("default", "ansible.builtin.default")  # callbacks beside which lines can be shown as they are


class ActionModule(Action):
    """See the documentation in plugins/modules/report.py."""

    _requires_connection = False

    ARGUMENTS = {
        "results": {"type": "dict", "required": True},
        "hosts": {"type": "list", "elements": "str", "required": True},
        "directory": {"type": "path", "required": True},
        "table": {"type": "bool", "default": False},
        "offkit": {"type": "path"},
    }

    def act(self, args, result, task_vars):
        unknown = sorted(set(args["results"]) - set(_COMMANDS))
        if unknown or not args["results"]:
            raise Problem("results: {} is not one of {}".format(", ".join(unknown), ", ".join(_COMMANDS)))
        variables = task_vars.get("hostvars") or {}
        told = _told(args["hosts"], args["results"], variables)
        directory = os.path.abspath(args["directory"])
        result.update(changed=False, directory=directory)
        try:
            if "probe" in args["results"]:
                lines = self._targets(result, directory, told)
            else:
                lines = self._hosts(result, args, directory, told, variables)
        except OSError as error:
            self._say(result, _lines(told))  # what was done is done, and has to be known
            raise Problem(
                "the report cannot be written: {}; choose another place with offkit_report_dir".format(error)
            )
        self._say(result, lines)

    def _hosts(self, result, args, directory, told, variables):
        """Write the documents; answer offkit's table of all hosts, or a line for each of these."""
        lines = _lines(told)
        if not self._task.check_mode:
            _write(directory, told, variables)
            return (args["table"] and self._table(result, args, directory, page=True)) or lines
        if not args["table"]:
            return lines
        # in check mode the report is made of a copy, and nothing is left of it
        with tempfile.TemporaryDirectory(prefix="offkit-report-") as scratch:
            if os.path.isdir(os.path.join(directory, "hosts")):
                shutil.copytree(os.path.join(directory, "hosts"), os.path.join(scratch, "hosts"))
            _write(scratch, told, variables)
            return self._table(result, args, scratch, page=False) or lines

    def _table(self, result, args, directory, page):
        """What 'offkit report' says, [] when there is no offkit to ask."""
        beside = os.path.join(os.path.dirname(sys.executable), "offkit")
        command = args["offkit"] or (beside if os.access(beside, os.X_OK) else shutil.which("offkit"))
        if command is None:
            self._warn(
                result,
                "this control node has no offkit to make a report; elsewhere, run: offkit report {}".format(
                    directory
                ),
            )
            return []
        html = os.path.join(directory, "index.html")
        words = [command, "report", directory, *(["--html", html] if page else [])]
        try:
            done = subprocess.run(words, capture_output=True, check=False)
        except OSError as error:
            raise Problem("offkit_command: {} cannot be started: {}".format(command, error.strerror))
        said = done.stdout.decode("utf-8", "replace").splitlines()
        if done.returncode not in (0, 1) or not said:
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["nothing on stderr"]
            self._warn(result, "{} report: exit {}: {}".format(command, done.returncode, last[0]))
            return []
        if page:
            result["page"] = html
        return said

    def _targets(self, result, directory, told):
        """Write each host's target; answer the distinct ones, with the hosts of each."""
        groups, lines = {}, []
        for host, each in told.items():
            one = each["probe"]
            document = one.get("document")
            if not document:
                lines.append((host, plain(one.get("msg"))))
                continue
            path = os.path.join(directory, "targets", hostfile.file_name(host))
            groups.setdefault(target.line(document), []).append((host, path))
            if hostfile.read(path, document["schema"]) != document:
                result["changed"] = True
                if not self._task.check_mode:
                    hostfile.replace(path, document)
        count = len(groups)
        said = ["{} among {}".format(several(count, "target"), several(len(told) - len(lines), "host"))]
        for text, hosts in sorted(groups.items()):
            said.append("  {}: {}".format(text, ", ".join(host for host, _ in hosts)))
            said.append("    offkit bundle --target {}".format(hosts[0][1]))
        said += ["  no target: {}  {}".format(host, text) for host, text in lines]
        result["targets"] = {text: [host for host, _ in hosts] for text, hosts in groups.items()}
        return said

    def _say(self, result, lines):
        """On a terminal as they are; a callback that makes a document of everything gets them as msg."""
        if C.DEFAULT_STDOUT_CALLBACK in _TERMINAL:
            self._display.display("\n".join(lines))
            return
        result["msg"] = lines
        result["_ansible_verbose_always"] = True

    def _warn(self, result, text):
        result.setdefault("warnings", []).append(text)


def _told(hosts, names, variables):
    """{host: {command: its result}}, in the order given, without what was never tried."""
    told = {}
    for host in hosts:
        if host not in variables:
            continue
        found = {command: _of(variables[host], registered) for command, registered in names.items()}
        found = {command: one for command, one in found.items() if one}
        if found:
            told[host] = found
    return told


def _of(variables, names):
    """What a command came to: the first of the variables that is bad, else the last that was tried."""
    found = [variables.get(name) for name in ([names] if isinstance(names, str) else names)]
    found = [one for one in found if isinstance(one, dict) and one]
    bad = [one for one in found if hostfile.is_bad(one)]
    tried = [one for one in found if not one.get("skipped")]
    return (bad or tried[-1:] or found or [None])[0]


def _lines(told):
    """A line for each host: what is wrong with it, else what was done first."""
    width = max([len(host) for host in told] or [0])
    lines = []
    for host, results in told.items():
        tried = [one for one in results.values() if not one.get("skipped")] or list(results.values())
        bad = [one for one in tried if hostfile.is_bad(one)]
        lines.append("{}  {}".format(host.ljust(width), plain((bad or tried)[0].get("msg"))))
    return lines


def _write(directory, told, variables):
    for host, results in told.items():
        path = os.path.join(directory, "hosts", hostfile.file_name(host))
        known = hostfile.read(path)
        for command, one in results.items():
            if not one.get("skipped"):
                known = hostfile.merge(known, host, command, one, variables[host])
                hostfile.replace(path, known)
