"""Many servers on one network, and a control node: real sshd, nothing beyond them.

All of it lives in namespaces below one process that waits for the end of a pipe. When whoever made
the fleet ends, however it ends, so does that process, and the kernel ends the rest with it: hosts,
links, mounts. Nothing of this machine's own network is touched.
"""

import contextlib
import os
import subprocess
import tempfile
import time
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import cache
import enter
import fleet_network
import remote
import targets

# First process of the network: everything below it ends with it. Nobody's word of a name server
# holds here; the one that is named lies beyond the gap.
_FIRST = r"""
set -e
mount --make-rprivate /
mount -t proc proc /proc
printf 'nameserver 192.0.2.53\noptions timeout:1 attempts:1\n' >"$1"
[ ! -e /etc/resolv.conf ] || mount --bind "$1" /etc/resolv.conf
hostname control
echo ready
read -r _ || :
"""
# First process of a host. What "$@" holds is mounted first: KIND OPTIONS DIRECTORY ...
_BOOT = r"""
hostname "$1"
printf '127.0.0.1 localhost %s\n' "$1" >/etc/hosts
printf 'nameserver 192.0.2.53\noptions timeout:1 attempts:1\n' >/etc/resolv.conf
shift
while [ $# -gt 0 ]; do
    mkdir -p "$3"; mount -t "$1" -o "$2" "$1" "$3" || echo "not mounted: $3"; shift 3
done
mkdir -p /run/sshd /dev/pts
mount -t devpts -o newinstance,mode=620,ptmxmode=666 devpts /dev/pts
ln -s pts/ptmx /dev/ptmx
/usr/sbin/sshd -D -E /var/log/sshd.log &
while :; do sleep 1000 & wait; done
"""
OWN = ("/etc/hosts", "/etc/resolv.conf")  # what it writes on a host itself
_PATIENCE = 60  # seconds for a host to start, on a machine with other things to do


class Spec(NamedTuple):
    """What a host of the fleet is like."""

    name: str
    el: int = 7
    above: object = None  # a Target that it continues from, which has to stand still
    layers: Sequence[str] = ()  # directories that lie above what it continues from
    iso: str = ""  # an image in its drive
    mounts: Sequence[Tuple[str, str, str]] = ()  # (kind, options, directory): file systems of its own
    user: str = "root"  # whom the control node logs in as
    groups: Sequence[str] = ()
    variables: Optional[Dict[str, object]] = None  # of the inventory
    rate: str = ""  # of its link, as tc writes it (8mbit); "" for as fast as it goes


class Host(targets.Target):
    """A target that can be switched on and off, on the fleet's network while it is on."""

    def __init__(self, folder, spec, number):
        super().__init__(folder, spec.el, spec.above)
        self.spec = spec
        self.name = spec.name
        self.number = number
        self.address = fleet_network.address(number)
        if remote.layer() not in self.layers:
            self.layers.insert(1, remote.layer())
        self.layers[1:1] = spec.layers
        if spec.iso:
            self.insert(spec.iso)
        self._process = None

    @property
    def on(self):
        return bool(self._pid)

    @property
    def pid(self):
        """Of its first process, as this machine counts."""
        return self._pid

    def put(self, source, inside):
        """Carry a file over the gap; while it is on, through its own file system."""
        if not self.on:
            super().put(source, inside)
            return
        with open(str(source), "rb") as data:
            self._receive(inside, data)

    def write(self, inside, text):
        if not self.on:
            super().write(inside, text)
            return
        with tempfile.TemporaryFile() as data:
            data.write(text.encode("utf-8"))
            data.seek(0)
            self._receive(inside, data)

    def _receive(self, inside, data):
        # A layer may not be written to from below while it is mounted.
        script = 'mkdir -p "$(dirname "$1")" && cat >"$1"'
        subprocess.run(self.command(["sh", "-c", script, "sh", inside]), stdin=data, check=True)

    def boot(self, network):
        """Begin to start below the process ``network``; ``booted`` waits for it."""
        boot = ["bash", "-c", _BOOT, "bash", self.name]
        boot += [word for mount in self.spec.mounts for word in mount]
        outside = ["nsenter", "-t", str(network), "-n", "-p", *self.command(boot)]
        environment = dict(targets.VARIABLES, PATH=enter.PATH)
        log = os.path.join(self.folder, "boot.log")
        with open(log, "wb") as output:
            self._process = subprocess.Popen(
                outside, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )

    def booted(self):
        """Its namespaces are there; RuntimeError with what it said when they are not."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            found = [pid for pid in _line_of_descent(self._process.pid) if _program(pid) == "bash"]
            if found:
                self._pid = found[0]  # those below are its own forks
                return
            time.sleep(0.002)
        with open(os.path.join(self.folder, "boot.log"), encoding="utf-8", errors="replace") as text:
            raise RuntimeError("{} did not start: {}".format(self.name, text.read()[-500:]))

    def listens(self):
        """sshd answers on it."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and self.on:
            with open("/proc/{}/net/tcp".format(self._pid), encoding="ascii") as table:
                if ":0016 00000000:0000 0A" in table.read():
                    return
            time.sleep(0.005)
        raise RuntimeError("no sshd on {}".format(self.name))

    def off(self):
        """Power off, at once: what was written is there when it is on again, but for ``mounts``."""
        if self._process is not None:
            if self._pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, 9)  # the first process: the kernel ends the others
            else:
                self._process.kill()
            self._process.wait()
        self._pid, self._process = 0, None

    def up(self):
        raise NotImplementedError("a host of a fleet is switched on by the fleet")


class Fleet:
    """The network, its hosts by name, and the control node on it."""

    def __init__(self, folder):
        self.folder = folder
        self.hosts: Dict[str, Host] = {}
        self._first = None
        self._pid = 0
        self._network = None

    def _begin(self):
        words = ["unshare", "-m", "-n", "-p", "-u", "-f", "--kill-child"]
        resolv = os.path.join(self.folder, "resolv.conf")
        self._first = subprocess.Popen(
            [*words, "sh", "-c", _FIRST, "fleet", resolv], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if self._first.stdout.readline() != b"ready\n":
            raise RuntimeError("no namespaces for a fleet: exit {}".format(self._first.wait()))
        self._pid = _line_of_descent(self._first.pid)[0]
        self._network = fleet_network.Network(self._pid)

    def add(self, specs: Sequence[Spec]) -> List[Host]:
        """More hosts, switched on together. ValueError for a name that is taken."""
        made = []
        for spec in specs:
            if spec.name in self.hosts:
                raise ValueError("there is a {} already".format(spec.name))
            number = len(self.hosts) + 2
            folder = os.path.join(self.folder, spec.name)
            made.append(Host(folder, spec, number))
            self.hosts[spec.name] = made[-1]
        self.on(*made)
        return made

    def on(self, *hosts: Host) -> None:
        for host in hosts:
            host.boot(self._pid)
        for host in hosts:
            host.booted()
        self._network.plug([(host.number, host.pid, host.spec.rate) for host in hosts])
        for host in hosts:
            host.listens()

    def end(self):
        if self._first is None:
            return
        self._first.stdin.close()
        self._first.wait()
        self._first.stdout.close()
        if self._network:
            self._network.end()
        for host in self.hosts.values():
            host.off()

    def command(self, argv, folder="/") -> List[str]:
        """The argument list for subprocess that runs ``argv`` on the control node, in that directory."""
        into = ["nsenter", "-t", str(self._pid), "-m", "-u", "-n", "-p"]
        return [*into, "env", "-C", folder, *[str(word) for word in argv]]

    @property
    def pid(self) -> int:
        """Of the first process, as this machine counts."""
        return self._pid

    def slow(self, host: Host, rate: str) -> None:
        """That host's link takes no more than ``rate`` (8mbit) until it is told otherwise; "" for all."""
        self._network.shape(host.number, rate)

    def sent(self, name) -> int:
        """Bytes that went to that host over the wire since it was first switched on."""
        return self._network.sent(self.hosts[name].number)

    def strays(self) -> int:
        """Packets to any address that is not on the network, from whichever host or the control node."""
        return self._network.strays()


@contextlib.contextmanager
def fleet(specs: Sequence[Spec] = ()):
    """A Fleet in a directory that goes at the end, its hosts switched on."""
    folder = tempfile.mkdtemp(prefix="fleet-", dir=cache.home())
    made = Fleet(folder)
    try:
        made._begin()
        made.add(specs)
        yield made
    finally:
        made.end()
        cache.remove(folder)


def _line_of_descent(pid) -> List[int]:
    """The first child, its first child and so on, while there are any."""
    found = []
    while True:
        try:
            with open("/proc/{0}/task/{0}/children".format(pid), encoding="ascii") as text:
                children = text.read().split()
        except (FileNotFoundError, ProcessLookupError):
            return found
        if not children:
            return found
        pid = int(children[0])
        found.append(pid)


def _program(pid):
    try:
        with open("/proc/{}/comm".format(pid), encoding="ascii") as text:
            return text.read().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
