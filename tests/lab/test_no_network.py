"""Nobody asks the network: no connection to any address is even tried, whatever the stock repositories say."""

import re

import pytest

import bundles
import disc
import journey
import needs
import targets

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

TRACE = "/tmp/network.trace"
STRACE = ["strace", "-f", "-qq", "-o", TRACE, "-e", "trace=connect,sendto,sendmsg,sendmmsg"]
INTERNET = re.compile(r"AF_INET6?\b")
OFFKIT = "/opt/offkit/current/bin/offkit"
USERS = journey.PREFIX[True] + "/current/bin/offkit"
INSTALL = ["sh", "-c", journey.COMMAND, "sh", "--iso", journey.ISO]


@pytest.fixture(scope="module")
def server(carried):
    """el7 with the stock repositories of the dead internet, a disc as a file for everybody, and strace."""
    with targets.target(7, tools=True) as target:
        for user in (False, True):
            journey.carry(target, carried.get(bundles.STORY[7]), disc.iso(7), user=user)
        yield target


def asked(target, argv, **how):
    """(the finished command, its attempts to reach an address), all its processes watched."""
    done = target.run([*STRACE, *argv], timeout=900, **how)
    calls = target.run(["cat", TRACE]).stdout.splitlines()
    target.run(["rm", "-f", TRACE])
    return done, [line for line in calls if INTERNET.search(line)]


def test_the_watch_sees_an_attempt(server):
    """yum with the stock repositories tries, and is seen to: so the silence of the others means something."""
    with targets.target(above=server) as target:
        _, attempts = asked(target, ["yum", "-y", "install", "libSM"])
        assert attempts != []


def test_nothing_that_root_does_asks(server):
    """install.sh with yum, the doctor with a cure, offkit repo, uninstall."""
    with targets.target(above=server) as target:
        for argv in (
            INSTALL,
            [OFFKIT, "doctor"],
            [OFFKIT, "doctor", "--iso", "/root/" + journey.ISO],
            # in one: strace waits for whoever reads the mounted disc
            ["sh", "-c", '"$0" repo add --iso "$1" && "$0" repo remove', OFFKIT, "/root/" + journey.ISO],
            [OFFKIT, "uninstall", "-y"],
        ):
            done, attempts = asked(target, argv)
            assert (done.returncode, attempts) == (0, []), journey.failed(done)


def test_nothing_that_a_user_does_asks(server):
    with targets.target(above=server) as target:
        for argv in (INSTALL, [USERS, "doctor"], [USERS, "uninstall", "-y"]):
            done, attempts = asked(target, argv, user=True)
            assert (done.returncode, attempts) == (0, []), journey.failed(done)
