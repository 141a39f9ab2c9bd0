"""What the running machine does to an environment, from facts that are given."""

import pytest

from offkit.edges.host import Volume
from offkit.edges.tree import Tree
from offkit.target.doctor import environment, machine
from offkit.target.doctor.machine import Facts
from server_maker import SITE, Server

VOLUME = Volume("/opt", "/opt/env", 10**10, None, False, False, True, True)
GOOD = Facts(VOLUME, True, True, "en_US.UTF-8")


@pytest.fixture
def env(tmp_path):
    return environment.locate(Tree(Server(tmp_path / "root").root), "/opt/env")[0]


def codes(env, facts):
    return [(each.code, each.severity, each.subject) for each in machine.judge(env, facts)]


def test_nothing_wrong(env):
    """A UTF-8 locale, room, /dev/shm."""
    assert codes(env, GOOD) == []


def test_noexec(env):
    """The mount point and how to remount it."""
    (finding,) = machine.judge(env, GOOD._replace(volume=VOLUME._replace(noexec=True)))
    assert (finding.code, finding.severity, finding.subject) == ("ENV001", "error", "/opt/env")
    assert finding.fix.startswith("mount -o remount,exec /opt")


@pytest.mark.parametrize(("there", "words"), [(True, "is not writable"), (False, "is not there")])
def test_shared_memory(env, there, words):
    """Absent and read-only are told apart."""
    (finding,) = machine.judge(env, GOOD._replace(shm=there, shm_writable=False))
    assert (finding.code, finding.severity) == ("ENV002", "warning")
    assert finding.message.startswith(words)


@pytest.mark.parametrize(
    ("locale", "severity"),
    [("", "warning"), ("C", "warning"), ("POSIX", "warning"), ("C.UTF-8", None), ("de_DE.utf8", None)],
)
def test_locale(env, locale, severity):
    """On 3.6 the C locale means ASCII."""
    expected = [("ENV003", severity, "locale")] if severity else []
    assert codes(env, GOOD._replace(locale=locale)) == expected


def test_locale_matters_less_from_37_on(env):
    """PEP 538 and 540 made it UTF-8."""
    newer = env._replace(series=(3, 7))
    assert codes(newer, GOOD._replace(locale="C")) == [("ENV003", "info", "locale")]


def test_no_room(env):
    """Less than 64 MB."""
    (finding,) = machine.judge(env, GOOD._replace(volume=VOLUME._replace(free_bytes=5 * 10**6)))
    assert (finding.code, finding.message) == ("ENV004", "5 MB are free")


def test_the_running_machine_can_be_asked(env):
    """Whatever it says, it says it as facts."""
    facts = machine.observe(env._replace(where="/"), {"LANG": "x", "LC_ALL": "de_DE.UTF-8"})
    assert facts.locale == "de_DE.UTF-8"
    assert facts.volume.mount_point == "/"


@pytest.mark.parametrize(
    ("prefix", "runtime", "expected"),
    [
        ("/srv/p", "/elsewhere/offkit/cli/doctor.py", "/srv/p/current"),
        ("/srv/p", "{env}/offkit/runtime/offkit/cli/doctor.py", "{env}"),
        ("/srv/p", "", "/srv/p/current"),
    ],
)
def test_where_nobody_said(tmp_path, prefix, runtime, expected):
    """The generation that this offkit runs from, else the prefix's current one."""
    env = str(tmp_path / "generation")
    (tmp_path / "generation").mkdir()
    (tmp_path / "generation" / "pyvenv.cfg").write_text("")
    found = environment.default_where(prefix, runtime.replace("{env}", env))
    assert found == expected.replace("{env}", env)


def test_no_inodes(env):
    """Room in bytes, but none for names."""
    (finding,) = machine.judge(env, GOOD._replace(volume=VOLUME._replace(free_inodes=3)))
    assert (finding.code, finding.severity, finding.subject) == ("ENV010", "warning", "/opt")
    assert finding.message == "3 inodes are free: no room for new files"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"noexec": True}, "failed to map segment"),
        ({"writable": False}, "cannot be written to"),
        ({"read_only": True}, "cannot be written to"),
    ],
)
def test_the_place_for_temporary_files(env, change, words):
    """noexec and not writable; both are cured by another TMPDIR."""
    temporary = VOLUME._replace(existing="/tmp", **change)
    (finding,) = machine.judge(env, GOOD._replace(temporary=temporary))
    assert (finding.code, finding.severity, finding.subject) == ("ENV009", "warning", "/tmp")
    assert words in finding.message
    assert "export TMPDIR=" in finding.fix


class Labelled(Tree):
    """A tree with SELinux labels, which few file systems of test machines have."""

    def __init__(self, root, labels):
        super().__init__(root)
        self.labels = labels

    def attribute(self, path, name):
        assert name == "security.selinux"
        if path not in self.labels:
            raise OSError(61, "No data available", path)
        return b"unconfined_u:object_r:" + self.labels[path] + b":s0\0"


@pytest.mark.parametrize("enforcing", [True, False])
def test_selinux_labels(tmp_path, enforcing):
    """Files moved out of a temporary directory keep its label, which matters when it is enforced."""
    server = Server(tmp_path / "root")
    server.put("/etc/selinux/config", "SELINUX={}\n".format("enforcing" if enforcing else "permissive"))
    server.put(SITE + "/a.so", "")
    labels = {"/opt/env": b"usr_t", SITE: b"user_tmp_t", SITE + "/a.so": b"user_tmp_t"}
    tree = Labelled(server.root, labels)
    found = machine.labels(tree, environment.locate(tree, "/opt/env")[0])
    assert [(each.code, each.severity, each.subject, each.fix) for each in found] == (
        [("ENV011", "warning", "/opt/env", "restorecon -R /opt/env")] if enforcing else []
    )
    if enforcing:
        assert "2 places are labelled user_tmp_t" in found[0].message


def test_no_labels_at_all(tmp_path):
    """A file system without extended attributes says nothing."""
    server = Server(tmp_path / "root")
    server.put("/etc/selinux/config", "SELINUX=enforcing\n")
    tree = Tree(server.root)
    assert machine.labels(tree, environment.locate(tree, "/opt/env")[0]) == []


@pytest.mark.parametrize(
    ("locale", "shown"), [("", "not set"), ("C", "C"), ("POSIX", "POSIX"), ("C.ASCII", "C.ASCII")]
)
def test_a_locale_that_says_nothing(env, locale, shown):
    """It is named, or said to be none."""
    (finding,) = machine.judge(env, GOOD._replace(locale=locale))
    assert (finding.code, finding.subject) == ("ENV003", "locale")
    assert finding.message == "the locale is {}: Python before 3.7 takes text for ASCII".format(shown)
    assert finding.looked_in == ("LC_ALL", "LC_CTYPE", "LANG")
