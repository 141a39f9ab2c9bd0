"""Media that one host of a network serves to the others: everything comes from there, and from nowhere else."""

import contextlib
import json
import os
import re
import subprocess
import sys

import pytest

import bundles
import changes
import disc
import faulty
import fleet
import journey
import needs
import targets
from test_refused import codes

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]
HERE = os.path.dirname(os.path.abspath(__file__))
SERVE = os.path.join(HERE, "..", "..", "ansible", "roles", "offkit", "files", "serve.py")
PYTHON = "/usr/libexec/yum-python"
PORT = 8017
TRACE = "/tmp/network.trace"
STRACE = ["strace", "-f", "-qq", "-o", TRACE, "-e", "trace=connect,sendto,sendmsg,sendmmsg"]
WHO = pytest.mark.parametrize("user", [False, True], ids=["root", "user"])
OPENCV = "import cv2; print(cv2.__version__)"


@pytest.fixture(scope="module")
def network(carried):
    """A host with the discs of el7 and el8 as files, which it serves; others that have nothing but a bundle."""
    with contextlib.ExitStack() as stack:
        nothing = {el: stack.enter_context(targets.target(el, tools=True)) for el in (7, 8)}
        for el, target in nothing.items():
            for user in (False, True):
                journey.carry(target, carried.get(bundles.STORY[el], el), user=user)
        store = stack.enter_context(targets.target(9))
        store.put(SERVE, "/srv/serve.py")
        for el in (7, 8):
            store.put(disc.iso(el), "/srv/{}.iso".format(el))
        bundle = carried.get(bundles.STORY[7], 7)
        subprocess.run(["tar", "-xf", bundle, "-C", store.path("/srv"), "offkit.pyz"], check=True)
        names = [("root7", 7), ("user7", 7), ("root8", 8), ("user8", 8), ("hurt7", 7), ("refused", 7)]
        specs = [fleet.Spec("store", 9, store)]
        specs += [fleet.Spec(name, el, nothing[el]) for name, el in names]
        made = stack.enter_context(fleet.fleet(specs))
        words = ["--state", "/run/media", "--address", made.hosts["store"].address, "--port", str(PORT)]
        media = ["el7=/srv/7.iso", "el8=/srv/8.iso", "--offkit", "/srv/offkit.pyz"]
        done = made.hosts["store"].run([PYTHON, "/srv/serve.py", *words, *media])
        assert done.returncode == 0, done.stdout + done.stderr
        made.url = json.loads(done.stdout)["url"]
        yield made


@pytest.fixture(autouse=True)
def _nothing_beyond(network):
    """Not one packet to any address that is not on the network, whatever a test does."""
    before = network.strays()
    yield
    assert network.strays() == before


def asked(network):
    """Lines of the server's log: everything that anybody has asked for."""
    return network.hosts["store"].run(["cat", "/run/media/serve.log"]).stdout.splitlines()


def reached(host, argv, **how):
    """(the finished command, {"ADDRESS:PORT"} that any of its processes tried to reach)"""
    done = host.run([*STRACE, *argv], timeout=900, **how)
    calls = host.run(["cat", TRACE]).stdout
    host.run(["rm", "-f", TRACE])
    pairs = re.findall(r'sin6?_port=htons\((\d+)\).*?inet_(?:addr|pton)\((?:AF_INET6, )?"([^"]+)"', calls)
    return done, {"{}:{}".format(address, port) for port, address in pairs}


@pytest.mark.parametrize(
    ("name", "el", "user"),
    [("root7", 7, False), ("user7", 7, True), ("root8", 8, False), ("user8", 8, True)],
    ids=["el7 as root", "el7 as user", "el8 as root", "el8 as user"],
)
def test_a_server_with_nothing(network, name, el, user):
    """One command: Python and the libraries come from that URL, which alone is reached; it is healthy, and
    again it changes nothing."""
    host = network.hosts[name]
    url = "{}/el{}".format(network.url, el)
    done, places = reached(host, ["sh", "-c", journey.COMMAND, "sh", "--rpm-repo", url], user=user)
    assert done.returncode == 0, journey.failed(done)
    assert places == {"{}:{}".format(network.hosts["store"].address, PORT)}
    assert journey.python(host, OPENCV, user=user).stdout == "4.2.0\n"
    code, said = journey.doctor(host, user=user)
    assert (code, {each for each in said if each[1] != "hashlib"}) == (0, set())
    base = journey.python(host, "import sys; print(sys.base_prefix)", user=user).stdout
    assert base.startswith(journey.PREFIX[user] + "/python/") if user else base == "/usr\n"
    log = [line for line in asked(network) if " {} ".format(host.address) in line]
    assert any("python3" in line for line in log)
    assert not any("gcc" in line or "RPM-GPG-KEY" in line for line in log)
    again = journey.install(host, "--rpm-repo", url, user=user)
    assert "nothing to do" in again.stdout, journey.failed(again)


def test_the_doctor_asks_the_url(network):
    """Which RPM has what is missing; the line to add the repository is that of the URL's medium."""
    host, url = network.hosts["hurt7"], network.url + "/el7"
    done = journey.install(host, "--rpm-repo", url, user=True)
    assert done.returncode == 0, journey.failed(done)
    lost = host.run(["sh", "-c", 'rm "$1"/generations/*/offkit/lib64/libSM.so.6', "sh", journey.PREFIX[True]])
    assert lost.returncode == 0, lost.stderr
    done, places = reached(
        host, [journey.PREFIX[True] + "/current/bin/offkit", "doctor", "--rpm-repo", url, "--json"], user=True
    )
    report = json.loads(done.stdout)
    assert [(each["soname"], each["rpms"], each["source"]) for each in report["providers"]] == [
        ("libSM.so.6", ["libSM"], url)
    ]
    assert places == {"{}:{}".format(network.hosts["store"].address, PORT)}


@contextlib.contextmanager
def served(network, fault):
    """The URL of el7's disc on a server that behaves so, at the store's own address."""
    store = network.hosts["store"]
    words = [sys.executable, faulty.__file__, disc.tree(7), store.address, "0", fault]
    inside = ["nsenter", "-t", str(store.pid), "-n", *words]
    with subprocess.Popen(inside, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as serving:
        try:
            yield serving.stdout.readline().strip()
        finally:
            serving.stdin.close()


def refused(network, user, url):
    """(exit code, {codes of what is an error}, everything said); the server is as it was before."""
    host = network.hosts["refused"]
    before, installed = changes.moment(host), journey.rpms(host)
    done = journey.install(host, "--rpm-repo", url, user=user)
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    after = changes.moment(host)
    new = {path for path in after if after[path] != before.get(path)} | (set(before) - set(after))
    kept = (*journey.LEFT, "/tmp", "/root", targets.HOME)
    assert [
        each for each in sorted(new) if not (each + "/").startswith(tuple(one + "/" for one in kept))
    ] == []
    assert host.run(["ls", "-A", "/tmp"]).stdout == ""
    assert host.run(["sh", "-c", "ls -d /opt/offkit /home/worker/.local/share/offkit"]).stdout == ""
    assert journey.rpms(host) == installed
    return done.returncode, codes(said), said


FAULTS = [
    ("forged", 3, {"RPM001"}),
    ("cut", 3, {"RPM001"}),
    ("metadata", 3, {"REPO011"}),
    ("redirects", 4, {"REPO017"}),
    ("stops", 4, {"REPO017"}),
]


@WHO
@pytest.mark.parametrize(("fault", "code", "expected"), FAULTS, ids=[each[0] for each in FAULTS])
def test_a_server_that_behaves_badly(network, user, fault, code, expected):
    """It is told as what it is, and nothing half-done stays."""
    with served(network, fault) as url:
        found = refused(network, user, url)
    assert found[:2] == (code, expected), found[2]


@WHO
def test_nobody_there(network, user):
    """Refused at once; the port is named that a firewall has to let in."""
    url = "http://{}:8018/el7".format(network.hosts["store"].address)
    code, found, said = refused(network, user, url)
    assert (code, found) == (4, {"REPO017"})
    assert "firewall-cmd --add-port=8018/tcp" in said


@WHO
def test_no_curl(network, user):
    """What fetches it is not there."""
    host = network.hosts["refused"]
    where = host.run(["sh", "-c", "command -v curl"]).stdout.strip()
    assert host.run(["mv", where, where + ".away"]).returncode == 0
    try:
        code, found, _ = refused(network, user, network.url + "/el7")
    finally:
        host.run(["mv", where + ".away", where])
    assert (code, found) == (4, {"REPO018"})
