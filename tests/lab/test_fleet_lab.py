"""The fleet itself: servers of their own with real sshd, no way out, and nothing left of it however it ends."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

import fleet
import fleet_control
import fleet_hosts
import needs
import remote
import targets
import waiting

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]
HERE = os.path.dirname(os.path.abspath(__file__))
OUTSIDE = ("http://192.0.2.1/", "http://[2001:db8::1]/", "http://nobody.example/")
CURL = ["curl", "-s", "-m", "1"]


@pytest.fixture(scope="module")
def few():
    """el7, el8 and el9, the second one managed by an ordinary user."""
    specs = [fleet.Spec("seven", 7), fleet.Spec("eight", 8, user=targets.USER), fleet.Spec("nine", 9)]
    with fleet.fleet(specs) as made:
        yield made


def ssh(made, host, command, user="root", data=None):
    """A command on a host, as anybody at the control node would give it; bytes out when ``data`` goes in."""
    folder = made.folder
    with open(os.path.join(folder, "known_hosts"), "w", encoding="ascii") as text:
        text.write(remote.known_hosts(fleet_control.fleet_network.ALL))
    options = ["-F", "none", "-i", os.path.join(remote.keys(), "control")]
    for each in ("BatchMode=yes", "ConnectTimeout=5", "UserKnownHostsFile={}/known_hosts".format(folder)):
        options += ["-o", each]
    words = made.command(["ssh", *options, "{}@{}".format(user, host.address), command])
    given = {"stdin": subprocess.DEVNULL, "text": True} if data is None else {"input": data}
    return subprocess.run(words, capture_output=True, check=False, timeout=60, **given)


def test_each_host_is_a_server_of_its_own(few):
    """Its name, its system, its processes: what a login sees, and the machine's name is what it was."""
    here = os.uname().nodename
    seen = {
        name: ssh(few, host, "hostname; cat /etc/redhat-release; cat /proc/1/comm").stdout.splitlines()
        for name, host in few.hosts.items()
    }
    assert seen == {
        "seven": ["seven", "CentOS Linux release 7.9.2009 (Core)", "bash"],
        "eight": ["eight", "Rocky Linux release 8.10 (Green Obsidian)", "bash"],
        "nine": ["nine", "AlmaLinux release 9.4 (Seafoam Ocelot)", "bash"],
    }
    assert os.uname().nodename == here


def test_an_ordinary_user_logs_in_and_becomes_root_by_sudo(few):
    done = ssh(few, few.hosts["eight"], "id -un; sudo -n id -un", user=targets.USER)
    assert (done.stdout.split(), done.stderr) == ([targets.USER, "root"], "")


def test_what_manages_a_host_is_no_library_of_its_system(few):
    """What sshd and curl need lies where only they look: a server has no libcurl or libwrap for it."""
    listed = few.hosts["seven"].run(["sh", "-c", "/sbin/ldconfig -p"]).stdout
    assert "libssl.so.3" in listed
    assert "libcurl.so.4 " not in listed
    assert "libwrap" not in listed


def test_there_is_no_way_out_and_every_attempt_is_counted(few):
    """IPv4, IPv6, and a name: nobody answers, from a host or from the control node, and the gateway saw it."""
    places = {"control": few.command, "seven": few.hosts["seven"].command}
    for where, command in places.items():
        for address in OUTSIDE:
            before = few.strays()
            done = subprocess.run(command([*CURL, address]), capture_output=True, check=False)
            assert (where, address, done.returncode != 0, done.stdout) == (where, address, True, b"")
            assert few.strays() > before, (where, address)


def test_talk_on_the_network_is_no_stray(few):
    before = few.strays()
    assert ssh(few, few.hosts["nine"], "true").returncode == 0
    assert few.strays() == before


def test_links_are_the_bridge_s_only(few):
    """Neither the control node nor a host sees a link of this machine."""
    named = subprocess.run(
        few.command(["ip", "-br", "link"]), capture_output=True, text=True, check=True
    ).stdout
    assert sorted(line.split("@")[0].split()[0] for line in named.splitlines()) == [
        "bridge", "host2", "host3", "host4", "host65534", "lo",
    ]  # fmt: skip
    seen = few.hosts["nine"].run(["sed", "-n", "s/^ *\\(.*\\):.*/\\1/p", "/proc/net/dev"]).stdout.split()
    assert sorted(seen) == ["eth0", "lo"]


def test_a_host_that_went_off_is_the_same_when_it_is_on_again(few):
    """Unreachable meanwhile; what was on its disk is there, what ran is not."""
    host = few.hosts["nine"]
    assert ssh(few, host, "echo kept >/root/note; sleep 4321 >/dev/null 2>&1 &").returncode == 0
    host.off()
    assert ssh(few, host, "true").returncode == 255
    few.on(host)
    done = ssh(few, host, "cat /root/note; cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep 432[1]'")
    assert done.stdout.split() == ["kept", "0"]


def test_a_slow_link_takes_what_it_is_told_and_counts(few):
    """The kernel may have no netem, so a link is slow by its rate (a token bucket)."""
    host = few.hosts["seven"]
    few.slow(host, "8mbit")
    shown = subprocess.run(
        few.command(["tc", "qdisc", "show", "dev", "host2"]), capture_output=True, text=True, check=True
    )
    assert "tbf" in shown.stdout
    assert "rate 8Mbit" in shown.stdout
    before = few.sent("seven")
    assert ssh(few, host, "wc -c", data=b"0" * 300000).stdout.strip() == b"300000"
    assert 300000 < few.sent("seven") - before < 400000
    few.slow(host, "")


def test_python_2_7_of_el7_is_real():
    layer = fleet_hosts.python2()
    if layer is None:
        pytest.skip("no CPython 2.7 under pyenv")
    with targets.target(7) as target:
        target.layers.insert(1, layer)
        done = target.run(["python", "-c", "import json, hashlib, sys; print sys.version_info[:2]"])
        assert done.stdout == "(2, 7)\n"
        assert target.run(["sh", "-c", "command -v python3"]).returncode != 0


def test_nothing_is_left_when_whoever_made_it_is_killed(tmp_path):
    """SIGKILL to the program: its hosts, the network and the control node's processes are gone."""
    program = textwrap.dedent(
        """\
        import subprocess, sys
        sys.path[:0] = [{here!r}, {tests!r}]
        import fleet
        with fleet.fleet([fleet.Spec("one", 7), fleet.Spec("two", 9)]) as made:
            subprocess.Popen(made.command(["setsid", "sleep", "1000"]))
            print(made.folder, made.pid, *[host.pid for host in made.hosts.values()], flush=True)
            sys.stdin.read()
        """
    ).format(here=HERE, tests=os.path.dirname(HERE))
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        folder, *pids = started.stdout.readline().split()
        assert len(pids) == 3
        below = [pid for pid in os.listdir("/proc") if pid.isdigit() and _network(pid) == _network(pids[0])]
        assert len(below) > 2
        os.kill(started.pid, signal.SIGKILL)
    waiting.until(lambda: not any(os.path.exists("/proc/" + pid) for pid in (*pids, *below)))
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        assert folder not in mounts.read()
    fleet.cache.remove(folder)


def _network(pid):
    try:
        return os.readlink("/proc/{}/ns/net".format(pid))
    except OSError:
        return None
