"""Killing the control node's ansible-playbook, at every task and in the middle of two: the next run ends well."""

import glob
import os
import re
import signal
import time

import pytest

import bundles
import changes
import fleet
import fleet_control
import fleet_hosts
import fleet_story
import journey
import needs

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
    pytest.mark.skipif(bool(fleet_control.obstacle()), reason=fleet_control.obstacle() or "Ansible is there"),
]
PREFIX = journey.PREFIX[False]
PIECES = {"offkit_part_size": "256K"}
SLOW = "24mbit"  # three megabytes take a second: there is a middle
# The path whose appearance on the server is the moment, and what it is in the middle of.
MOMENTS = {
    "carry": "/var/cache/offkit/*.part",
    "install": PREFIX + "/generations/.building-*",
    "switch": PREFIX + "/generations/0001-*",
}
# What a server has after a deployment: no more, no less, but for what a login leaves.
LEFT = ("/opt/offkit", "/var/cache/offkit", *fleet.OWN, *fleet_story.TRACES)


@pytest.fixture(scope="module")
def nine():
    with fleet_hosts.pythonic(9) as made:
        yield made


@pytest.fixture(scope="module")
def bundle(carried):
    return carried.get(bundles.SMALL, 9)


class Pair:
    """Two fresh hosts, one managed by an ordinary user, and a control node."""

    def __init__(self, made, bundle):
        self.fleet = made
        self.hosts = list(made.hosts.values())
        self.control = fleet_control.Control(made)
        self.extra = {"offkit_bundle": bundle, **PIECES}

    def deploy(self, *options, **how):
        return self.control.play("deploy", *options, extra=self.extra, **how)

    def start(self):
        return self.control.start(self.control.words("deploy", extra=self.extra))

    def ends_well(self):
        """Run again it is as if nothing had been: one generation, nothing half, nothing temporary."""
        played = self.deploy()
        assert (played.code, played.those("failed", "unreachable")) == (0, []), played.text
        for host in self.hosts:
            generations = host.run(["ls", "-A", PREFIX + "/generations"]).stdout.split()
            assert [re.sub("-.*", "", each) for each in generations] == ["0001"], (host.name, generations)
            assert generations == [fleet_story.current(host)]
            assert journey.python(host, "import idna; print(idna.__version__)").stdout == "3.4\n"
            carried = host.run(["ls", "-A", "/var/cache/offkit"]).stdout.split()
            assert [os.path.splitext(each)[1] for each in carried] == [".tar"], (host.name, carried)
            left = changes.outside(changes.changes(host), *LEFT)
            assert [each for each in left if not remembered(each)] == [], host.name


def remembered(line):
    """What Ansible makes once and keeps, empty: its directory for what is on the way."""
    return re.search(r" (/root|/home/worker)/\.ansible(/tmp)?$", line) is not None


@pytest.fixture
def pair(nine, bundle):
    specs = [fleet.Spec("one", 9, above=nine), fleet.Spec("two", 9, above=nine, user="worker")]
    with fleet.fleet(specs) as made:
        yield Pair(made, bundle)


@pytest.fixture(scope="module")
def tasks(nine, bundle):
    """The names of all tasks and handlers of a deployment, in their order."""
    with fleet.fleet([fleet.Spec("one", 9, above=nine)]) as made:
        played = Pair(made, bundle).deploy()
        assert played.code == 0, played.text
        return played.tasks


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_killed_as_each_task_begins(nine, bundle, tasks, name):
    """The last one included; SIGINT, which Ansible sees, at every fourth."""
    assert len(tasks) > 5
    for number in range(1, len(tasks) + 1, 1 if name == "SIGKILL" else 4):
        with fleet.fleet([fleet.Spec("one", 9, above=nine, user="worker")]) as made:
            pair = Pair(made, bundle)
            killed = pair.deploy(environment={"OFFKIT_LAB_KILL": "{}:{}".format(number, name)})
            assert killed.code != 0, killed.text
            assert len(killed.tasks) in (number, number - 1), (number, killed.tasks)
            pair.ends_well()


@pytest.mark.parametrize(
    ("moment", "number"), [*((moment, signal.SIGKILL) for moment in MOMENTS), ("install", signal.SIGINT)]
)
def test_killed_in_the_middle(pair, moment, number):
    """As soon as a path appears on the first host; by a power cut, or by Ctrl-C."""
    for host in pair.hosts:
        pair.fleet.slow(host, SLOW)
    started = pair.start()
    wait_for(pair.hosts[0].path(MOMENTS[moment]), started)
    pair.control.kill(started, number)
    pair.ends_well()
    assert pair.deploy().those("changed") == []


def test_a_carry_goes_on_from_where_it_was_cut(pair, bundle):
    """By the bytes on the wire: the second time there are fewer than the whole, the third time next to none."""
    size = os.path.getsize(bundle)
    host = pair.hosts[0]
    pair.fleet.slow(host, SLOW)
    started = pair.start()
    wait_for(host.path(MOMENTS["carry"]), started, size // 2)
    pair.control.kill(started)
    (part,) = glob.glob(host.path(MOMENTS["carry"]))
    there = os.path.getsize(part)
    assert size // 2 <= there < size
    before = pair.fleet.sent(host.name)
    assert pair.deploy().code == 0
    again = pair.fleet.sent(host.name) - before
    # What is left of it, and what ssh and the other tasks say; a piece may have been on its way.
    assert size - there < again < size - there + 700 * 1024, (size, there, again)
    before = pair.fleet.sent(host.name)
    assert pair.deploy().those("changed") == []
    assert pair.fleet.sent(host.name) - before < 200 * 1024


def wait_for(pattern, started, size=0):
    """Until a path is there (and has so many bytes). It fails when the program is over before."""
    while started.poll() is None:
        found = glob.glob(pattern)
        if found and (not size or _size(found[0]) >= size):
            return
        time.sleep(0.005)
    raise AssertionError(
        "it was over, and {} never there: {}".format(pattern, started.communicate()[0][-3000:])
    )


def _size(path):
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0


def test_the_killer_kills_everything(pair):
    """ansible-playbook and what it forked: so that the others mean something."""
    started = pair.start()
    wait_for(pair.hosts[0].path(MOMENTS["carry"]), started)
    pair.control.kill(started, signal.SIGKILL)
    assert started.returncode != 0
    listed = [_command(pid) for pid in os.listdir("/proc") if pid.isdigit() and _in(pid, pair.fleet.pid)]
    assert [each for each in listed if "ansible-playbook" in each] == []


def _command(pid):
    try:
        with open("/proc/{}/cmdline".format(pid), "rb") as text:
            return text.read().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def _in(pid, other):
    try:
        return os.readlink("/proc/{}/ns/net".format(pid)) == os.readlink("/proc/{}/ns/net".format(other))
    except OSError:
        return False
