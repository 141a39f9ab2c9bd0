"""The control node of a fleet: its inventory, and playbooks to their end or until they are killed."""

import json
import os
import re
import signal
import subprocess
import time
from typing import Dict, List, NamedTuple

import base
import bundles
import fleet_network
import remote

_ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
COLLECTION = os.path.join(_ROOT, "ansible")
_RECAP = re.compile(r"^(\S+)\s+: (ok=.*?)\s*$", re.MULTILINE)
_TASK = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(.*?)\] \**$", re.MULTILINE)
_CONFIG = """\
[defaults]
inventory = inventory.json
host_key_checking = True
forks = {forks}
timeout = 10
nocows = True
retry_files_enabled = True
retry_files_save_path = {folder}
callback_plugins = {folder}/callbacks
collections_path = {folder}/collections
[ssh_connection]
pipelining = True
ssh_args = -F none -o ControlMaster=auto -o ControlPersist=30s -o UserKnownHostsFile={folder}/known_hosts
"""
# Kills its own process group as a task begins: with OFFKIT_LAB_KILL=N:SIGNAL at the Nth, handlers counted.
_KILLER = '''\
"""For the lab: the end of ansible-playbook at a task of one's choice."""

import os
import signal

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kill_at"

    def __init__(self):
        super().__init__()
        number, _, name = os.environ.get("OFFKIT_LAB_KILL", "0:").partition(":")
        self._left, self._signal = int(number), getattr(signal, name, None)

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._left -= 1
        if self._left == 0:
            os.killpg(0, self._signal)

    v2_playbook_on_handler_task_start = lambda self, task: self.v2_playbook_on_task_start(task, False)
'''


def obstacle():
    """Why there is no ansible-playbook here, or ""."""
    return (
        "" if os.access(program("ansible-playbook"), os.X_OK) else "no {}".format(program("ansible-playbook"))
    )


def program(name):
    """$OFFKIT_LAB_ANSIBLE is the directory of Ansible's programs, else the checkout's own environment."""
    folder = os.environ.get("OFFKIT_LAB_ANSIBLE") or os.path.join(_ROOT, ".venv-ansible", "bin")
    return os.path.join(folder, name)


class Played(NamedTuple):
    """A playbook that came to its end."""

    code: int
    text: str  # both outputs, as on a terminal
    hosts: Dict[str, Dict[str, int]]  # from the recap: {"web": {"ok": 3, "changed": 1, …}}
    seconds: float

    def those(self, *states) -> List[str]:
        """The hosts of which any of these is not 0 (failed, unreachable, changed), sorted."""
        return sorted(host for host, counted in self.hosts.items() if any(counted[each] for each in states))

    @property
    def tasks(self) -> List[str]:
        """The names of the tasks and handlers that began, in their order."""
        return _TASK.findall(self.text)


def told(text, host) -> str:
    """The one line about a host in a playbook's summary. LookupError when there is none."""
    for line in text.splitlines():
        name, _, rest = line.partition(" ")
        if name == host and not rest.lstrip().startswith(":"):
            return rest.strip()
    raise LookupError("{} is not in:\n{}".format(host, text))


class Control:
    """Ansible on the control node of ``fleet``, in a directory of its own that is also its HOME."""

    def __init__(self, fleet, forks=10):
        self.fleet = fleet
        self.folder = os.path.join(fleet.folder, "control")
        self._prepare(forks)
        os.makedirs(os.path.join(self.folder, "collections/ansible_collections/offkit"))
        os.symlink(COLLECTION, os.path.join(self.folder, "collections/ansible_collections/offkit/fleet"))
        self.variables["offkit_command"] = bundles.OFFKIT

    def _prepare(self, forks):
        self.reports = os.path.join(self.folder, "offkit-report")
        self.write("callbacks/kill_at.py", _KILLER)
        self.write("ansible.cfg", _CONFIG.format(folder=self.folder, forks=forks))
        self.write("known_hosts", remote.known_hosts(fleet_network.ALL))
        with open(os.path.join(remote.keys(), "control"), encoding="ascii") as key:
            self.write("key", key.read())
        subprocess.run(self.command(["chmod", "600", os.path.join(self.folder, "key")]), check=True)
        self.variables = {"ansible_ssh_private_key_file": os.path.join(self.folder, "key")}
        self.groups: Dict[str, Dict[str, object]] = {}  # group: its variables
        self.environment = {
            "HOME": self.folder,
            "LANG": "C.UTF-8",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "TERM": "dumb",
            "ANSIBLE_CONFIG": os.path.join(self.folder, "ansible.cfg"),
        }

    def write(self, name, text):
        """A file in its directory."""
        base.write(self.folder, name, text)

    def read(self, name) -> str:
        """FileNotFoundError when there is none."""
        with open(os.path.join(self.folder, name), encoding="utf-8") as text:
            return text.read()

    def command(self, argv) -> List[str]:
        """The argument list for subprocess that runs ``argv`` on the node, in its directory."""
        return self.fleet.command(argv, self.folder)

    def program(self, name) -> str:
        return program(name)

    def inventory(self) -> str:
        """The path of the inventory, as the fleet is now."""
        hosts = {}
        groups = {name: {"vars": variables, "hosts": {}} for name, variables in self.groups.items()}
        for host in self.managed():
            become = {"ansible_become": True} if host.spec.user != "root" else {}
            hosts[host.name] = {
                "ansible_host": host.address,
                "ansible_user": host.spec.user,
                **become,
                **(host.spec.variables or {}),
            }
            for group in host.spec.groups:
                groups.setdefault(group, {"hosts": {}})["hosts"][host.name] = {}
        text = {"all": {"hosts": hosts, "children": groups, "vars": self.variables}}
        self.write("inventory.json", json.dumps(text, indent=1))
        return os.path.join(self.folder, "inventory.json")

    def managed(self):
        """The hosts of the inventory."""
        return list(self.fleet.hosts.values())

    def start(self, words, environment=None, output=subprocess.PIPE):
        """Begin one of Ansible's programs, in a process group of its own: a Popen."""
        argv = [self.program(words[0]), *words[1:]]
        return subprocess.Popen(
            self.command(["setsid", *argv]),
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def words(self, playbook, *options, extra=None) -> List[str]:
        """The command line of a playbook of the collection, or of a path."""
        name = playbook if "/" in playbook else "offkit.fleet." + playbook
        given = ["-e", json.dumps(extra)] if extra else []
        return ["ansible-playbook", "-i", self.inventory(), name, *given, *options]

    def play(self, playbook, *options, extra=None, environment=None, timeout=600) -> Played:
        """Run it to its end. ``extra`` are variables; TimeoutExpired ends what it began."""
        return self.end(self.start(self.words(playbook, *options, extra=extra), environment), timeout)

    def end(self, started, timeout=600) -> Played:
        """Wait for what ``start`` began, or end it: TimeoutExpired."""
        begun = time.monotonic()
        try:
            text, _ = started.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill(started)
            raise
        return Played(started.returncode, text, _recap(text), time.monotonic() - begun)

    def kill(self, started, number=signal.SIGKILL):
        """To everything that ``start`` began, as a terminal's Ctrl-C or a power cut does; waits for the end."""
        with open("/proc/{0}/task/{0}/children".format(started.pid), encoding="ascii") as text:
            children = text.read().split()
        for child in children:
            os.killpg(os.getpgid(int(child)), number)
        started.communicate()

    def document(self, host) -> dict:
        """What the report's directory says about a host; FileNotFoundError when it says nothing."""
        return json.loads(self.read("offkit-report/hosts/{}.json".format(host)))


class ControlHost(Control):
    """A host of the fleet as its control node, with what a bundle installed there."""

    def __init__(self, fleet, host, forks=10):
        self.fleet = fleet
        self.host = host
        self.folder = "/root/fleet"
        self._prepare(forks)

    def write(self, name, text):
        self.host.write(os.path.join(self.folder, name), text)

    def read(self, name):
        done = self.host.run(["cat", os.path.join(self.folder, name)])
        if done.returncode != 0:
            raise FileNotFoundError(done.stderr)
        return done.stdout

    def command(self, argv):
        return self.host.command(["env", "-C", self.folder, *[str(word) for word in argv]])

    def program(self, name):
        return "/opt/offkit/current/bin/" + name

    def managed(self):
        return [host for host in self.fleet.hosts.values() if host is not self.host]


def _recap(text):
    last = text.rpartition("PLAY RECAP")[2]
    return {
        host: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", counted)}
        for host, counted in _RECAP.findall(last)
    }
