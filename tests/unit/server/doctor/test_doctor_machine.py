"""What the running machine does to an environment, from facts that are given."""

import os

import pytest

from offkit.edges.host import Volume
from offkit.edges.tree import Tree
from offkit.server.doctor import machine
from offkit.server.doctor.machine import Facts
from offkit.server.environment import environment
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


def test_an_interpreter_on_a_file_system_without_programs(env):
    """/usr/local on its own, say: nothing starts there, wherever the packages are."""
    there = VOLUME._replace(mount_point="/usr/local", noexec=True)
    (finding,) = machine.judge(env, GOOD._replace(program=there))
    assert (finding.code, finding.severity, finding.subject) == (
        "ENV001",
        "error",
        "/usr/local/bin/python3.6",
    )
    assert finding.message == "/usr/local is mounted noexec: this Python does not start"
    assert machine.judge(env, GOOD._replace(program=VOLUME)) == []


@pytest.mark.parametrize(("there", "words"), [(True, "is not writable"), (False, "is missing")])
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
    assert (finding.code, finding.message) == ("ENV004", "only 5 MB free")


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
    assert finding.message == "3 inodes free: almost no room for new files"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"noexec": True}, "failed to map segment"),
        ({"writable": False}, "is not writable"),
        ({"read_only": True}, "is not writable"),
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
        assert "2 places labelled user_tmp_t" in found[0].message


@pytest.mark.parametrize(
    ("where", "kind", "fix"),
    [
        ("/opt/app", b"user_home_t", "restorecon -R /opt/app"),
        (
            "/home/app/env",
            b"user_home_t",
            "semanage fcontext -a -e /opt /home/app/env && restorecon -R /home/app/env",
        ),
        ("/srv/env", b"var_t", "semanage fcontext -a -e /opt /srv/env && restorecon -R /srv/env"),
        ("/data/e v", b"default_t", "semanage fcontext -a -e /opt '/data/e v' && restorecon -R '/data/e v'"),
    ],
)
def test_the_label_is_what_the_policy_gives(tmp_path, where, kind, fix):
    """restorecon gives it again below /home and wherever the policy knows of no programs: another rule first."""
    server = Server(tmp_path / "root")
    server.put("/etc/selinux/config", "SELINUX=enforcing\n")
    server.put(where + "/pyvenv.cfg", "home = /usr/local/bin\nversion = 3.6.8\n")
    server.link(where + "/bin/python3.6", "/usr/local/bin/python3.6")
    server.directory(where + "/lib/python3.6/site-packages")
    tree = Labelled(server.root, {where: kind})
    (found,) = machine.labels(tree, environment.locate(tree, where)[0])
    assert (found.code, found.subject, found.fix) == ("ENV011", where, fix)


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
    assert finding.message == "the locale is {}: Python before 3.7 treats text as ASCII".format(shown)
    assert finding.looked_in == ("LC_ALL", "LC_CTYPE", "LANG")


OTHER = " on another file system, or mount -o remount,exec /opt"


@pytest.mark.parametrize(
    ("facts", "finding"),
    [
        (
            GOOD._replace(volume=VOLUME._replace(noexec=True)),
            (
                "ENV001",
                "error",
                "/opt/env",
                "/opt is mounted noexec: no extension module can be loaded",
                ("/opt",),
                "mount -o remount,exec /opt; or install under another --prefix",
            ),
        ),
        (
            GOOD._replace(shm_writable=False),
            (
                "ENV002",
                "warning",
                "/dev/shm",
                "is not writable: multiprocessing cannot create locks, so only one process is used",
                ("/dev/shm",),
                "mount -t tmpfs -o mode=1777 tmpfs /dev/shm",
            ),
        ),
        (
            GOOD._replace(shm=False, shm_writable=True),
            (
                "ENV002",
                "warning",
                "/dev/shm",
                "is missing: multiprocessing cannot create locks, so only one process is used",
                ("/dev/shm",),
                "mount -t tmpfs -o mode=1777 tmpfs /dev/shm",
            ),
        ),
        (
            GOOD._replace(locale="C"),
            (
                "ENV003",
                "warning",
                "locale",
                "the locale is C: Python before 3.7 treats text as ASCII",
                ("LC_ALL", "LC_CTYPE", "LANG"),
                "export LC_ALL=…, a UTF-8 locale from 'locale -a'",
            ),
        ),
        (
            GOOD._replace(volume=VOLUME._replace(free_bytes=63999999)),
            ("ENV004", "warning", "/opt", "only 63 MB free", ("/opt/env",), "free some space on /opt"),
        ),
        (
            GOOD._replace(volume=VOLUME._replace(free_inodes=499)),
            (
                "ENV010",
                "warning",
                "/opt",
                "499 inodes free: almost no room for new files",
                ("/opt/env",),
                "remove files on /opt",
            ),
        ),
        (
            GOOD._replace(temporary=VOLUME._replace(existing="/tmp", noexec=True, writable=False)),
            (
                "ENV009",
                "warning",
                "/tmp",
                'is mounted noexec: libraries unpacked there cannot be loaded ("failed to map segment")',
                ("/opt",),
                "export TMPDIR=DIR" + OTHER,
            ),
        ),
        (
            GOOD._replace(temporary=VOLUME._replace(existing="/tmp", read_only=True)),
            (
                "ENV009",
                "warning",
                "/tmp",
                "is the directory for temporary files and is not writable",
                ("/opt",),
                "export TMPDIR=DIR with a writable directory",
            ),
        ),
        (GOOD._replace(volume=VOLUME._replace(free_bytes=64000000, free_inodes=500)), None),
        (GOOD._replace(temporary=VOLUME, locale="C.utf8"), None),
    ],
)
def test_word_for_word(env, facts, finding):
    """And where the limits are."""
    assert [tuple(each) for each in machine.judge(env, facts)] == ([finding] if finding else [])


def test_all_at_once(env):
    """In this order."""
    bad = VOLUME._replace(noexec=True, free_bytes=0, free_inodes=0)
    facts = Facts(bad, False, False, "", bad)
    assert [code for code, _, _ in codes(env, facts)] == [
        "ENV001",
        "ENV002",
        "ENV003",
        "ENV004",
        "ENV010",
        "ENV009",
    ]


@pytest.mark.parametrize(
    ("variables", "locale", "temporary"),
    [
        ({}, "", "/tmp"),
        ({"LANG": "a", "TMPDIR": ""}, "a", "/tmp"),
        ({"LANG": "a", "LC_CTYPE": "b", "TMPDIR": "/var/x"}, "b", "/var/x"),
        ({"LANG": "a", "LC_CTYPE": "b", "LC_ALL": "c"}, "c", "/tmp"),
        ({"LANG": "a", "LC_CTYPE": "", "LC_ALL": ""}, "a", "/tmp"),
    ],
)
@pytest.mark.parametrize(("there", "usable"), [(True, False), (False, True)])
def test_what_is_observed(env, monkeypatch, variables, locale, temporary, there, usable):
    """The variables as the C library reads them, the places that count, and what may be done in /dev/shm."""
    asked = []

    def access(path, mode):
        asked.append((path, mode))
        return usable

    monkeypatch.setattr(machine.host, "volume", lambda path: VOLUME._replace(existing=path))
    monkeypatch.setattr(machine.os.path, "isdir", lambda path: there if path == "/dev/shm" else None)
    monkeypatch.setattr(machine.os, "access", access)
    facts = machine.observe(env, variables)
    monkeypatch.undo()
    assert facts == Facts(
        VOLUME._replace(existing="/opt/env"),
        there,
        usable,
        locale,
        VOLUME._replace(existing=temporary),
        VOLUME._replace(existing="/usr/local/bin/python3.6"),
    )
    assert asked == [("/dev/shm", os.W_OK | os.X_OK)]


def labelled(tmp_path, labels):
    server = Server(tmp_path / "root")
    server.put("/etc/selinux/config", "# x\n SELinux=ENFORCING \nSELINUXTYPE=targeted\n")
    for name in "abcdefg":
        server.put("{}/{}.so".format(SITE, name), "")
    tree = Labelled(server.root, labels)
    return [tuple(each) for each in machine.labels(tree, environment.locate(tree, "/opt/env")[0])]


def test_labels_word_for_word(tmp_path):
    """One finding for each kind, in order; five places are named. The interpreter and bin/ count too."""
    names = ["{}/{}.so".format(SITE, name) for name in "abcdefg"]
    labels = dict.fromkeys(names, b"tmp_t")
    labels.update(
        {"/opt/env/bin": b"default_t", "/usr/local/bin/python3.6": b"default_t", "/opt/env": b"usr_t"}
    )
    message = "{} places labelled {}: a service confined by SELinux may not load from there"
    assert labelled(tmp_path, labels) == [
        (
            "ENV011",
            "warning",
            "/opt/env",
            message.format(2, "default_t"),
            ("/opt/env/bin", "/usr/local/bin/python3.6"),
            "restorecon -R /opt/env",
        ),
        (
            "ENV011",
            "warning",
            "/opt/env",
            message.format(7, "tmp_t"),
            tuple(names[:5]),
            "restorecon -R /opt/env",
        ),
    ]


@pytest.mark.parametrize(
    "kind",
    ["tmp_t", "user_tmp_t", "user_home_t", "admin_home_t", "default_t", "unlabeled_t", "usr_t", "lib_t"],
)
def test_which_labels_keep_services_away(tmp_path, kind):
    found = labelled(tmp_path, {SITE: kind.encode("ascii")})
    assert len(found) == (0 if kind in ("usr_t", "lib_t") else 1)


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        (b"system_u:object_r:usr_t:s0\0", "usr_t"),
        (b"a:b:c", "c"),
        (b"a:b", ""),
        (b"", ""),
        (b"a:b:\xff", "\ufffd"),
    ],
)
def test_the_type_in_a_label(label, kind):
    class One:
        @staticmethod
        def attribute(path, name):
            assert (path, name) == ("/x", "security.selinux")
            return label

    assert machine._type(One, "/x") == kind


@pytest.mark.parametrize(("text", "enforcing"), [("1\n", True), ("0", False), (None, False)])
def test_whether_the_running_system_enforces(monkeypatch, text, enforcing):
    """By selinuxfs, not by what is configured for the next start."""

    def read(self, path):
        assert path == "/sys/fs/selinux/enforce"
        if text is None:
            raise FileNotFoundError(2, "No such file or directory", path)
        return text

    monkeypatch.setattr(Tree, "text", read)
    assert machine._enforcing(Tree("/")) is enforcing


@pytest.mark.parametrize(
    ("text", "enforcing"),
    [("SELINUX=enforcing\n", True), ("#SELINUX=enforcing\nSELINUX=disabled\n", False), (None, False)],
)
def test_whether_a_mounted_system_enforces(tmp_path, text, enforcing):
    server = Server(tmp_path / "root")
    if text is not None:
        server.put("/etc/selinux/config", text)
    assert machine._enforcing(Tree(server.root)) is enforcing


def test_a_generation_that_is_not_complete(tmp_path):
    """Word for word; what is no generation has no receipt."""
    server = Server(tmp_path / "root")
    tree = Tree(server.root)
    env = environment.locate(tree, "/opt/env")[0]
    assert machine.generation(tree, env) == []
    message = "this generation has no receipt: its installation did not finish"
    path = "/opt/env/offkit/receipt.json"
    assert [tuple(each) for each in machine.generation(tree, env._replace(generation=True))] == [
        ("ENV005", "error", "/opt/env", message, (path,), "install the bundle again")
    ]
    server.put(path, "{}")
    assert machine.generation(tree, env._replace(generation=True)) == []
