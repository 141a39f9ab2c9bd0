"""The wires of a fleet: a bridge that has the control node, a link for each host, and a gateway to nowhere.

Every host and the control node have a default route, as on a server whose router drops what is for
elsewhere. The gateway forwards nothing and counts: what anybody sends beyond the network is in its
kernel's counters, whatever the protocol, and nothing can be sent unseen.
"""

import json
import subprocess
from typing import List, Sequence, Tuple

# From the ranges for private use: the control node is 1, hosts are 2 and up, the gateway is the last.
ALL = "10.77.*"
_FOUR, _SIX = "10.77.{}.{}", "fd77::{:x}"
_GATEWAY = 65534
# A host that does not forward counts what is not for it as this, by protocol.
_COUNTED = (("snmp", "Ip:", "InAddrErrors"), ("snmp6", "Ip6InAddrErrors", ""), ("snmp6", "Ip6InNoRoutes", ""))
_SHAPED = "root tbf rate {} burst 32kbit latency 200ms"


def address(number: int) -> str:
    """IPv4, of the host with that number: 1 is the control node, hosts are 2 to 65533."""
    return _FOUR.format(number >> 8, number & 255)


class Network:
    """What is plugged in below a process that has a network namespace of its own.

    Links are made from outside, by process numbers of this machine; they go with the namespaces.
    """

    def __init__(self, pid: int):
        self._pid = pid
        self._ip(pid, ["link set lo up", "link add bridge type bridge", *_addresses("bridge", 1)])
        with open("/proc/{}/net/if_inet6".format(pid), encoding="ascii"):
            pass  # FileNotFoundError: a kernel without IPv6
        gateway = ["nsenter", "-t", str(pid), "-n", "-p", "unshare", "-n", "sleep", "1000000"]
        self._gateway = subprocess.Popen(gateway, stdin=subprocess.DEVNULL)
        self._router = _only_child(self._gateway, "sleep")
        self._plug(_GATEWAY, self._router)
        self._ip(self._router, ["link set lo up", *_addresses("eth0", _GATEWAY)])
        self._ip(pid, _routes("bridge"))

    def plug(self, hosts: Sequence[Tuple[int, int, str]]) -> None:
        """(number, process, rate of the link or "") each: a wire from the bridge to that process."""
        for number, pid, rate in hosts:
            self._plug(number, pid)
            self._ip(pid, ["link set lo up", *_addresses("eth0", number), *_routes("eth0")])
            if rate:
                self.shape(number, rate)

    def shape(self, number: int, rate: str) -> None:
        """That host's wire takes no more than ``rate`` from now on (8mbit); "" for as fast as it goes."""
        change = ["replace", "dev", _wire(number), *_SHAPED.format(rate).split()]
        _run(self._pid, ["tc", "qdisc", *(change if rate else ["del", "dev", _wire(number), "root"])])

    def sent(self, number: int) -> int:
        """Bytes that went to that host since it was plugged in last; 0 while it is not."""
        listed = json.loads(_run(self._pid, ["ip", "-j", "-s", "link", "show"]))
        return sum(each["stats64"]["tx"]["bytes"] for each in listed if each["ifname"] == _wire(number))

    def strays(self) -> int:
        """Packets that came to the gateway and were for somebody beyond it."""
        return sum(_counter(self._router, *each) for each in _COUNTED)

    def end(self) -> None:
        self._gateway.wait()

    def _plug(self, number, pid):
        # A server keeps its address of the card when it is off for a while.
        card = "02:77:00:00:{:02x}:{:02x}".format(number >> 8, number & 255)
        peer = "peer name eth0 address {} netns {}".format(card, pid)
        self._ip(
            self._pid,
            [
                "link add {} type veth {}".format(_wire(number), peer),
                "link set {} master bridge up".format(_wire(number)),
            ],
        )

    @staticmethod
    def _ip(pid, lines: List[str]):
        _run(pid, ["ip", "-batch", "-"], "\n".join(lines) + "\n")


def _wire(number):
    return "host{}".format(number)


def _addresses(link, number):
    return [
        "address add {}/16 dev {}".format(address(number), link),
        "link set {} up".format(link),
        "address add {}/64 dev {} nodad".format(_SIX.format(number), link),
    ]


def _routes(link):
    return [
        "route add default via {} dev {}".format(address(_GATEWAY), link),
        "route add ::/0 via {} dev {}".format(_SIX.format(_GATEWAY), link),
    ]


def _run(pid, argv, text=""):
    """Output of a command in the network of that process, with this machine's programs."""
    done = subprocess.run(
        ["nsenter", "-t", str(pid), "-n", *argv], input=text, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError("{}: {}\n{}".format(" ".join(argv), done.stderr.strip(), text))
    return done.stdout


def _only_child(waiting, program):
    """The process that nsenter began, once it is that program."""
    children = "/proc/{0}/task/{0}/children".format(waiting.pid)
    while waiting.poll() is None:
        with open(children, encoding="ascii") as text:
            found = text.read().split()
        if found:
            with open("/proc/{}/comm".format(found[0]), encoding="ascii") as text:
                if text.read().strip() == program:
                    return int(found[0])
    raise RuntimeError("no gateway")


def _counter(pid, name, key, column):
    """One number of /proc/PID/net: a pair of lines (names, values) in snmp, a line each in snmp6."""
    with open("/proc/{}/net/{}".format(pid, name), encoding="ascii") as text:
        lines = [line.split() for line in text if line.split()[0] == key]
    return int(lines[1][lines[0].index(column)]) if column else int(lines[0][1])
