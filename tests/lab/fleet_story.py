"""The story of a fleet, told once on real hosts: what every step said, and what the servers were like after it."""

import glob
import json
import os
import time
from typing import Dict, NamedTuple

import bundles
import changes
import disc
import fleet
import fleet_control
import fleet_hosts
import journey
import targets

NEWER = ("idna==3.6",)
NEWER_FILM = ("idna==3.6", "opencv-python-headless", "numpy")
# Where the film plays: the others have a small bundle, since it is not about the packages.
FILM = ("nine9", "nothing7")
# What is wrong with each sick host, and what the play says about it.
SICK = {
    "full9": "not enough space for",
    "lacks7": "LIB001",
    "noexec8": "ENV026",
    "wrong9": "ENV048",
}
DIES = "dies7"
# What Ansible and sshd themselves leave on a server that is only looked at.
TRACES = ("/var/log", *changes.PASSING)


class Step(NamedTuple):
    """One playbook, and what came of it."""

    played: fleet_control.Played
    documents: Dict[str, dict]  # of the report, by host; {} where there is none yet
    current: Dict[str, str]  # host: its current generation, "" for none
    changed: Dict[str, list]  # host: what is different of its files since before the step


class Story:
    """The fleet, with its bundles, and its steps as they are told."""

    def __init__(self, fleet_, control, carried):
        self.fleet = fleet_
        self.control = control
        self._carried = carried
        self.steps: Dict[str, Step] = {}
        self.resent = 0  # bytes on the wire of the host that died, since it was on again
        self.whole = 0  # of the bundle that was carried to it

    def bundle_for(self, newer=False):
        """Each group's bundle, and those of the hosts that have their own."""
        for el in (7, 8, 9):
            small = self._carried.get(NEWER if newer else bundles.SMALL, el)
            self.control.groups["el{}".format(el)] = {"offkit_bundle": small}
        for name in (*FILM, DIES):
            el = self.fleet.hosts[name].flavour.el
            film = self._carried.get(NEWER_FILM if newer else bundles.HEADLESS, el)
            self.fleet.hosts[name].spec.variables["offkit_bundle"] = film

    def step(self, name, playbook, *options, meanwhile=None, **how):
        before = {host.name: changes.moment(host, TRACES) for host in self.fleet.hosts.values()}
        if meanwhile is None:
            played = self.control.play(playbook, *options, **how)
        else:
            started = self.control.start(self.control.words(playbook, *options))
            played = meanwhile(started)
        after = {host.name: changes.moment(host, TRACES) for host in self.fleet.hosts.values()}
        self.steps[name] = Step(
            played,
            {host: self._document(host) for host in self.fleet.hosts},
            {host.name: current(host) for host in self.fleet.hosts.values()},
            {host: changes.between(before[host], after[host]) for host in before},
        )

    def _document(self, host):
        try:
            return self.control.document(host)
        except FileNotFoundError:
            return {}


def specs(seven, nine):
    """The hosts. ``seven`` and ``nine`` are targets that have their EL's Python already."""
    rpms = {"offkit_rpm_repos": [targets.DISC]}
    python2 = [layer for layer in [fleet_hosts.python2()] if layer]
    spec = fleet.Spec
    return [
        spec("nothing7", 7, iso=disc.iso(7), groups=["el7"], variables=dict(rpms)),
        spec("two7", 7, layers=python2, iso=disc.iso(7), groups=["el7"], variables=dict(rpms)),
        spec("platform8", 8, layers=[fleet_hosts.platform_python()], iso=disc.iso(8), user=targets.USER, groups=["el8"], variables=dict(rpms)),
        spec("nine9", 9, above=nine, groups=["el9"], variables={}),
        spec("slow7", 7, above=seven, groups=["el7"], rate="20mbit"),
        spec(DIES, 7, above=seven, groups=["el7"], variables={}, rate="200mbit"),
        spec("lacks7", 7, above=seven, groups=["el7"], variables={}),
        spec("noexec8", 8, iso=disc.iso(8), groups=["el8"], mounts=[("tmpfs", "noexec,size=200m", "/opt")], variables=dict(rpms)),
        spec("full9", 9, above=nine, groups=["el9"], mounts=[("tmpfs", "size=200k", "/var/cache/offkit")]),
        spec("wrong9", 9, above=nine, groups=["el9"], variables={}),
    ]  # fmt: skip


def tell(fleet_, carried):
    """A Story with all its steps."""
    hosts = fleet_.hosts
    control = fleet_control.Control(fleet_)
    story = Story(fleet_, control, carried)
    story.bundle_for()
    hosts["lacks7"].spec.variables["offkit_bundle"] = carried.get(bundles.STORY[7], 7)
    hosts["wrong9"].spec.variables["offkit_bundle"] = carried.get(bundles.SMALL, 7)
    story.step("check", "deploy", "--check")
    story.step("deploy", "deploy", meanwhile=lambda started: _dying(control, started, hosts[DIES]))
    _cure(fleet_, carried)
    story.step("retry", "deploy", "--limit", "@" + os.path.join(control.folder, "deploy.retry"))
    story.resent = fleet_.sent(DIES)
    story.whole = os.path.getsize(hosts[DIES].spec.variables["offkit_bundle"])
    story.step("again", "deploy")
    story.step("doctor", "doctor")
    story.step("verify", "verify", "--limit", ",".join(FILM))
    story.bundle_for(newer=True)
    for name in ("lacks7", "wrong9"):
        del hosts[name].spec.variables["offkit_bundle"]
    story.step("check upgrade", "deploy", "--check")
    story.step("upgrade", "deploy")
    story.step("check rollback", "rollback", "--check")
    story.step("rollback", "rollback")
    hurt(hosts["nine9"])
    story.step("hurt", "doctor")
    return story


def _dying(control, started, host):
    """The host goes off in the middle of what is carried to it: half of it is there."""
    parts = host.path("/var/cache/offkit") + "/*.part"
    half = os.path.getsize(host.spec.variables["offkit_bundle"]) // 2
    while started.poll() is None and sum(map(os.path.getsize, glob.glob(parts))) < half:
        time.sleep(0.002)
    host.off()
    return control.end(started)


def _cure(fleet_, carried):
    """What the messages told the administrator to do."""
    hosts = fleet_.hosts
    hosts["lacks7"].off()
    hosts["lacks7"].insert(disc.iso(7))
    hosts["lacks7"].spec.variables["offkit_rpm_repos"] = [targets.DISC]
    fleet_.on(hosts["lacks7"], hosts[DIES])
    assert hosts["noexec8"].run(["mount", "-o", "remount,exec", "/opt"]).returncode == 0
    assert hosts["full9"].run(["mount", "-o", "remount,size=100m", "/var/cache/offkit"]).returncode == 0
    hosts["wrong9"].spec.variables["offkit_bundle"] = carried.get(bundles.SMALL, 9)


def hurt(host):
    """Somebody removes a file of the current generation."""
    gone = host.run(["sh", "-c", "rm /opt/offkit/current/lib/python3.*/site-packages/numpy/version.py"])
    assert gone.returncode == 0, gone.stderr


def current(host) -> str:
    """What PREFIX/current points to, "" when there is nothing or nobody to ask."""
    if not host.on:
        return ""
    link = host.run(["readlink", journey.PREFIX[False] + "/current"]).stdout.strip()
    return os.path.basename(link)


def receipt(host) -> dict:
    text = host.run(["cat", journey.PREFIX[False] + "/current/offkit/receipt.json"]).stdout
    return json.loads(text)
