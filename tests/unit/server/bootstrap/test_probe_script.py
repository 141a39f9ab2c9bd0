"""probe.sh: what a server says of itself, by any shell, with a Python, without one, and with little else."""

import json
import os
import re
import shutil
import sys

import pytest

import openpgp_maker
import rpm_tools
from described_maker import RELEASES, TOOLS, V2, V3, Described
from install_sh import every_shell
from offkit.edges import data, releases
from offkit.elf import hwcaps
from offkit.model import packages, probed
from offkit.server.python import interpreter
from offkit.server.system import description

CENTOS = {
    "NAME": '"CentOS Linux"',
    "PRETTY_NAME": '"CentOS Linux 7 (Core)"',
    "ID": '"centos"',
    "VERSION_ID": '"7"',
}
REPO = """
[base]
name=CentOS-$releasever - Base
baseurl=http://user:pass/word@mirror.example/os/$basearch/
  https://TOKEN@other.example/os?auth=SECRET
exclude=kernel* , php*
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7
username=someone
password=hunter2
proxy=http://proxy:secret@proxy.example:3128
proxy_password=secret
sslclientkey=/etc/pki/entitlement/1-key.pem

[off]
enabled = 0
baseurl=http://off.example/

[extra] # a comment
name: with a colon
mirrorlist=http://list.example/?release=7&key=SECRET
includepkgs=a
excludepkgs=b
"""


@pytest.fixture
def server(tmp_path):
    return Described(tmp_path / "a server \xfc")


def whole(server):
    """A server with everything, but for Pythons."""
    server.system(CENTOS)
    server.packages(
        {
            "bash-4.2-1.el7.x86_64": [
                ("bash", "=", "4.2-1.el7"),
                ("bash(x86-64)", "=", "4.2-1.el7"),
                ("/bin/sh", "", ""),
            ],
            "gpg-pubkey-f4a80eb5-53a7ff4b": [("gpg(x)", "=", "4")],
            "zlib-1.2.7-1.el7.x86_64": [("libz.so.1()(64bit)", "", ""), ("zlib", "=", "1.2.7-1.el7")],
        }
    )
    server.put("/etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7")
    server.put("/etc/yum.repos.d/CentOS Base.repo", REPO)
    server.put("/etc/yum.conf", "[main]\nexclude=libSM*\nproxy=http://u:secret@p/\nplugins=1\n")
    server.put("/etc/yum/pluginconf.d/versionlock.conf", "[main]\nenabled = 1\n")
    server.put("/etc/yum/pluginconf.d/versionlock.list", "# none\n\n0:bash-4.2-1.el7.*\n")
    server.put("/etc/dnf/plugins/versionlock.conf", "[main]\nenabled=0\n")
    server.put("/etc/dnf/plugins/versionlock.list", "zlib-0:1.2.7-1.el7.*\n")
    server.put(
        "/etc/dnf/modules.d/python36.module",
        "[python36]\nname=python36\nstream=3.6\nprofiles=build, common\nstate=enabled\n",
    )
    server.put("/etc/crypto-policies/config", "DEFAULT\n")
    server.put("/proc/sys/crypto/fips_enabled", "1\n")
    server.put("/proc/self/mounts", "/dev/sda1 / xfs rw,relatime,seclabel 0 0\nproc /proc proc rw 0 0\n"
               "//nas/share /mnt/my\\040share cifs ro,noexec,username=someone,addr=10.0.0.1 0 0\n")  # fmt: skip
    server.put("/proc/7/comm", "fapolicyd\n")
    server.command("getenforce", "Enforcing")
    server.command("locale", "C", "en_US.utf8", "C.UTF-8")
    server.command("ldconfig", "2 libs found in cache", "\tlibz.so.1 (libc6,x86-64) => /lib64/libz.so.1",
                   "\tlibm.so.6 (libc6,x86-64, OS ABI: Linux 2.6.32) => /lib64/libm.so.6")  # fmt: skip
    os.makedirs(server.root + "/opt")
    server.command("df", "Filesystem 1024-blocks Used Available Capacity Mounted on", "/dev/sda1 9 1 8 1% /")
    return server


EXPECTED = {
    "arch": "x86_64",
    "cpu": {"flags": sorted(V2.split()), "level": "x86-64-v2", "model": "Xeon", "vendor": "GenuineIntel"},
    "crypto_policy": "DEFAULT",
    "fapolicyd": "running",
    "fips": True,
    "glibc": "2.17",
    "kernel": "3.10.0-1160.el7.x86_64",
    "keys": {
        "files": ["RPM-GPG-KEY-CentOS-7"],
        "ids": [],
        "rpm": ["f4a80eb5-53a7ff4b gpg(CentOS-7 Key <security@centos.org>)"],
        "vendor": [],
    },
    "libraries": [
        "libm.so.6 (libc6,x86-64, OS ABI: Linux 2.6.32) => /lib64/libm.so.6",
        "libz.so.1 (libc6,x86-64) => /lib64/libz.so.1",
    ],
    "locale": {"LANG": "en_US.UTF-8", "LC_ALL": None, "utf8": ["C.UTF-8", "en_US.utf8"]},
    "modules": [{"name": "python36", "profiles": ["build", "common"], "state": "enabled", "stream": "3.6"}],
    "mounts": [
        {"at": "/", "flags": [], "type": "xfs"},
        {"at": "/mnt/my share", "flags": ["ro", "noexec"], "type": "cifs"},
    ],
    "os_release": {
        "ID": "centos",
        "NAME": "CentOS Linux",
        "PRETTY_NAME": "CentOS Linux 7 (Core)",
        "VERSION_ID": "7",
    },
    "packages": {"bash-4.2-1.el7.x86_64": ["/bin/sh"], "zlib-1.2.7-1.el7.x86_64": ["libz.so.1()(64bit)"]},
    "pythons": [],
    "repositories": [
        {
            "baseurl": ["http://mirror.example/os/$basearch/", "https://other.example/os?..."],
            "exclude": ["kernel*", "php*"],
            "file": "CentOS Base.repo",
            "gpgcheck": "1",
            "gpgkey": ["file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7"],
            "id": "base",
            "name": "CentOS-$releasever - Base",
        },
        {
            "exclude": ["b"],
            "file": "CentOS Base.repo",
            "id": "extra",
            "includepkgs": ["a"],
            "mirrorlist": "http://list.example/?...",
            "name": "with a colon",
        },
    ],
    "root": os.geteuid() == 0,
    "schema": "offkit/target-2",
    "selinux": "enforcing",
    "space": [{"at": "/", "free_kib": 8}, {"at": "/opt", "free_kib": 8}],
    "versionlock": ["0:bash-4.2-1.el7.*"],
    "yum": {"exclude": ["libSM*"], "file": "yum.conf", "plugins": "1"},
}


@every_shell
def test_a_server(server, shell):
    """Everything that is asked for, sorted, in a file that can be read, without a Python and without secrets."""
    code, out, err = whole(server).run(shell, LANG="en_US.UTF-8")
    assert (code, err) == (0, b"")
    text = out.decode("ascii")
    assert json.loads(text) == EXPECTED
    assert list(json.loads(text)) == sorted(EXPECTED)
    assert not [word for word in ("secret", "SECRET", "TOKEN", "hunter2", "someone", "pass/word", "10.0.0.1", "nas")
                if word in text]  # fmt: skip
    assert max(map(len, text.splitlines())) < 300
    assert text.startswith('{\n  "arch": "x86_64",\n')


@every_shell
def test_ids_of_keys(server, shell, tmp_path):
    """As gpg tells them, of keys and subkeys, armored by several blocks; and who brought the files."""
    if not shutil.which("gpg"):
        pytest.skip("no gpg")
    home = tmp_path / "gpg"
    home.mkdir(mode=0o700)
    with rpm_tools.near(str(home)) as near:
        gpg = ["gpg", "--homedir", near, "--batch", "--quiet", "--passphrase", ""]
        for name, kind in (("one", "rsa2048"), ("two", "ed25519")):
            rpm_tools.run([*gpg, "--quick-gen-key", name, kind, "sign", "never"])
        listed = rpm_tools.run([*gpg, "--list-keys", "--with-colons"])
        (first, *_) = re.findall(r"^fpr:+([0-9A-F]{40}):", listed, re.M)
        rpm_tools.run([*gpg, "--quick-add-key", first, "rsa1024", "sign", "never"])
        listed = rpm_tools.run([*gpg, "--list-keys", "--with-colons"])
        ids = re.findall(r"^(?:pub|sub):[^:]*:[^:]*:[^:]*:([0-9A-F]{16}):", listed, re.M)
        text = "".join(rpm_tools.run([*gpg, "--armor", "--export", name]) + "\n" for name in ("one", "two"))
    whole(server)
    server.put("/etc/pki/rpm-gpg/RPM-GPG-KEY-a b", "Some words.\r\n" + text.replace("\n", "\r\n"))
    server.put("/etc/pki/rpm-gpg/RPM-GPG-KEY-newer", openpgp_maker.key(6))
    rows = ["Vendor\t/etc/os-release", "Vendor\t/etc/pki/rpm-gpg/RPM-GPG-KEY-a b", "x\t/etc/pki/rpm-gpg/x"]
    server.program("rpm", "case \"$*\" in *-qf*) printf '%b\\n' '{}' ;; esac\n".format("\\n".join(rows)))
    without = server.document(shell)["keys"]["ids"]
    assert without == ["- RPM-GPG-KEY-a b", "- RPM-GPG-KEY-newer"]
    os.symlink(shutil.which("sha1sum"), os.path.join(server.commands, "sha1sum"))
    keys = server.document(shell)["keys"]
    assert (len(ids), keys["vendor"]) == (3, ["RPM-GPG-KEY-a b"])
    told = ["{} RPM-GPG-KEY-a b".format(each.lower()) for each in ids]
    assert keys["ids"] == sorted([*told, "- RPM-GPG-KEY-newer"])


@every_shell
def test_a_server_with_nothing(server, shell):
    """No file and no command but those that it is written in: what is not known is null or empty."""
    server.command("uname", "x")
    found = server.document(shell)
    assert found.pop("root") is (os.geteuid() == 0)
    assert found.pop("schema") == "offkit/target-2"
    assert found.pop("cpu") == {"flags": [], "level": None, "model": None, "vendor": None}
    assert found.pop("keys") == {"files": [], "ids": [], "rpm": None, "vendor": None}
    assert found.pop("locale") == {"LANG": None, "LC_ALL": None, "utf8": []}
    assert (found.pop("arch"), found.pop("kernel"), found.pop("fapolicyd")) == ("x", "x", "absent")
    assert found.pop("os_release") == {}
    lists = ("modules", "mounts", "pythons", "repositories", "space", "versionlock")
    assert all(found.pop(name) == [] for name in lists)
    if "libraries" in found and found["libraries"] is None:  # /sbin/ldconfig may be this machine's
        del found["libraries"]
    found.pop("libraries", None)
    assert set(found.values()) == {None}


@every_shell
def test_what_files_can_hold(server, shell):
    """Quotes, backslashes, control characters, what is no UTF-8, and characters beyond the first 65536."""
    server.system(CENTOS)
    server.put(
        "/etc/os-release",
        b'  # ID=no\r\n ID=\'a"b\' \r\nNAME="q\\"\\\\ \\$x"\nVERSION_ID="\nPRETTY_NAME="\xe9\x93\xb6\xf0\x9f\x90\x8d \xff\xc3(\xed\xa0\x80\x07\x1b[31m"\n'
        b"VERSION=first\nVERSION=second=x\nBUG_REPORT_URL=https://x/\nno equals\n=\n\0VARIANT_ID=x",
    )
    assert server.document(shell)["os_release"] == {
        "ID": 'a"b',
        "NAME": 'q"\\ $x',
        "PRETTY_NAME": "\u94f6\U0001f40d \ufffd\ufffd(\ufffd\ufffd\ufffd\x07\x1b[31m",
        "VARIANT_ID": "x",
        "VERSION": "second=x",
        "VERSION_ID": '"',
    }


URLS = [
    ("http://h/x", "http://h/x"),
    ("http://h:80/@scope/x", "http://h:80/@scope/x"),
    ("http://[::1]:80/x", "http://[::1]:80/x"),
    ("https://token@h/", "https://h/"),
    ("https://u:p@h:1/x", "https://h:1/x"),
    ("https://u:p/w@h/x@2", "https://2"),
    ("https://u:p@x@h/", "https://h/"),
    ("http://\xfcser:pa\xfcss@h/", "http://h/"),
    ("http://h/?a=\xfcSECRET&b=1", "http://h/?..."),
    ("http://h?x", "http://h?..."),
    ("ftp://h/x?y#z", "ftp://h/x?..."),
    ("file:///mnt/x", "file:///mnt/x"),
    ("http://p/http://u:SECRET@h/x", "http://p/http://h/x"),
    ("http://http://u:SECRET@h/x", "http://http://h/x"),
]


@every_shell
def test_urls_have_no_secrets(server, shell):
    """Whatever the password has in it."""
    server.system(CENTOS)
    server.put(
        "/etc/yum.repos.d/x.repo",
        "".join(
            "[{}]\nbaseurl={}\nname=at {}\n".format(n, *[url] * 2) for n, (url, _) in enumerate(URLS, 10)
        ),
    )
    found = sorted(server.document(shell)["repositories"], key=lambda each: each["id"])
    assert [each["baseurl"] for each in found] == [[bare] for _, bare in URLS]
    assert [each["name"] for each in found] == ["at " + bare for _, bare in URLS]


@every_shell
def test_every_character_once(server, shell):
    """Bytes that are valid come back as they are, in ASCII; each of the others is U+FFFD."""
    rows = [
        bytes([first, second])
        for first in range(33, 256)
        for second in (32, 97, 128, 191, 255)
        if first != 35
    ]
    rows += [b"x" + row for row in (b"\xe0\x80\x80", b"\xe0\xa0\x80", b"\xef\xbf\xbf", b"\xed\x9f\xbf", b"\xed\xa0\x80",
             b"\xf0\x80\x80\x80", b"\xf0\x90\x80\x80", b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xe2\x82")]  # fmt: skip
    server.system(CENTOS).put("/etc/yum/pluginconf.d/versionlock.list", b"\n".join(rows) + b"\n")
    server.put("/etc/yum/pluginconf.d/versionlock.conf", "[main]\nenabled=1\n")
    expected = sorted(set(rows))
    told = [row.decode("utf-8", "surrogateescape") for row in expected]
    assert server.document(shell)["versionlock"] == [
        "".join("\ufffd" if "\udc80" <= char <= "\udcff" else char for char in row) for row in told
    ]


@every_shell
def test_pythons(server, shell):
    """Those that answer, once each; no environment, no shim, none of Python 2."""
    server.system(CENTOS)
    server.python("/usr/bin/python3.6")
    os.symlink("python3.6", server.root + "/usr/bin/python3")
    server.python("/usr/bin/python3.9", "/bin/false")
    server.python("/usr/bin/python3.11-config")
    server.put("/usr/bin/python3.12", "#!/bin/sh\necho version 2.7.18\n")
    os.chmod(server.root + "/usr/bin/python3.12", 0o755)
    server.python("/opt/py thon/bin/python3.8")
    server.python("/opt/env/bin/python3.8")
    server.put("/opt/env/pyvenv.cfg")
    found = server.document(shell)["pythons"]
    assert [each["path"] for each in found] == ["/opt/py thon/bin/python3.8", "/usr/bin/python3.6"]
    one = found[0]
    assert one["version"] == "{}.{}.{}".format(*sys.version_info[:3])
    assert (one["bits"], one["implementation"], one["chosen"]) == (64, "cpython", False)
    assert interpreter.abi_of(one["soabi"]).startswith("cp3")
    assert one["openssl"].startswith("OpenSSL ")
    assert one["sqlite"].startswith("3.")
    assert "zlib" not in one["lacks"]


@every_shell
def test_a_python_that_was_chosen(server, shell):
    """Wherever it lies; it is told once."""
    server.system(CENTOS)
    server.python("/usr/bin/python3.6")
    server.python("/home/x/python3.9")
    code, out, err = server.run(shell, ["--python", server.root + "/home/x/python3.9"])
    assert (code, err) == (0, b"")
    found = {each["path"]: each["chosen"] for each in json.loads(out.decode())["pythons"]}
    assert found == {"/home/x/python3.9": True, "/usr/bin/python3.6": False}


@every_shell
def test_the_systems_python_alone(server, shell):
    """A stock EL 8: it is told, and no target is about it."""
    server.system(RELEASES["rocky8"][0], glibc="2.28")
    server.python("/usr/libexec/platform-python3.6")
    os.symlink("platform-python3.6", server.root + "/usr/libexec/platform-python")
    found = server.document(shell)
    assert [each["path"] for each in found["pythons"]] == ["/usr/libexec/platform-python"]
    target = probed.read(found, releases.known())
    assert (target.name, target.el, target.python, target.glibc) == ("el8", 8, "3.6.8", (2, 28))


@pytest.mark.parametrize("name", sorted(RELEASES))
@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_every_release(server, name, arch):
    """A server without a Python is a target, with the one that its release ships; of one release that is not known."""
    os_release, glibc = RELEASES[name]
    found = server.system(os_release, arch, glibc).document()
    known = releases.known()
    target = probed.read(found, known, "3.11" if name in ("anolis23", "kylin11") else None)
    release = known.of(target.el, target.name)
    assert release.name
    assert (target.arch, "{}.{}".format(*target.glibc)) == (arch, glibc)
    assert target.glibc == release.glibc
    assert target.python_minor == (release.python or "3.11")


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        ("fpu", "x86-64"),
        (V2, "x86-64-v2"),
        (V2 + " " + V3, "x86-64-v3"),
        (V3, "x86-64"),
        (V2.replace("pni ", ""), "x86-64"),
    ],
)
def test_the_level_of_a_processor(server, flags, level):
    """Of what all of them can do, as glibc has it; another architecture has none."""
    found = server.system(CENTOS, flags=flags).document()["cpu"]
    assert (found["level"], found["flags"]) == (level, sorted(flags.split()))
    assert server.system(CENTOS, "aarch64", flags=flags).document()["cpu"]["level"] is None
    text = description.script()
    assert all('all("{}")'.format(names) in text for _, names in hwcaps.X86_64_LEVELS)


@pytest.mark.parametrize(
    ("said", "glibc"),
    [
        ("GNU C Library (GNU libc) stable release version 2.17, by Roland McGrath et al.", "2.17"),
        ("GNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36.", "2.36"),
        ("musl libc (x86_64) Version 1.2.3", None),
    ],
)
def test_a_library_that_says_what_it_is(server, said, glibc):
    """Where no getconf is, as in an image of few packages."""
    server.system(CENTOS)
    os.unlink(os.path.join(server.commands, "getconf"))
    server.put("/lib64/libc.so.6", "#!/bin/sh\necho '{}'\necho more 9.9\n".format(said))
    os.chmod(server.root + "/lib64/libc.so.6", 0o755)
    assert server.document()["glibc"] == glibc


@pytest.mark.parametrize("args", [["--bad"], ["--python"], ["--root", "/", "x"]])
def test_what_it_does_not_take(server, args):
    code, out, err = server.run("sh", args)
    assert (code, out, err) == (2, b"", b"usage: probe [--python PATH] [--root DIR]\n")


def test_what_it_cannot_do_without(server):
    """Is named, all of it, and nothing is written that is no document. (busybox's shell has them all.)"""
    needed = [one for one in TOOLS if one != "sh"]
    for tool in needed:
        os.unlink(os.path.join(server.commands, tool))
    code, out, err = server.run("sh")
    assert (code, out, err.decode()) == (4, b"", "probe: not on PATH: {}\n".format(" ".join(needed)))


@every_shell
@pytest.mark.parametrize(
    "text",
    [
        '[modules]\n[modules.db]\nenabled_stream = "10.3"\ninstalled_profiles = ["build","common"]\nstate = "Enabled"\n'
        '[modules."app.x"]\nenabled_stream = ""\ninstalled_profiles = []\nstate = "Disabled"\n',
        '[modules]\n"app.x" = {installed_profiles=[],state="Disabled",enabled_stream=""}\n'
        'db = {installed_profiles=["build","common"],state="Enabled",enabled_stream="10.3"}\n',
    ],
    ids=["tables", "lines"],
)  # fmt: skip
def test_modules_of_dnf_5(server, shell, text):
    """In the two forms that the tests of libdnf5 expect of it (test/libdnf5/system/test_state.cpp)."""
    server.system(CENTOS)
    path = "/usr/lib/sysimage/libdnf5/modules.toml"
    server.put(path, 'version = "1.0"\n' + text + '[others]\n[others.no]\nstate = "Enabled"\n')
    code, out, err = server.run(shell)
    assert (code, err) == (0, b"")
    assert json.loads(out.decode("ascii"))["modules"] == [
        {"name": "app.x", "profiles": [], "state": "disabled", "stream": ""},
        {"name": "db", "profiles": ["build", "common"], "state": "enabled", "stream": "10.3"},
    ]


def test_what_a_python_is_asked_for():
    """The modules that the doctor knows, and those that an installation needs."""
    rows = packages.parse_modules(data.read_text(packages.MODULES))
    wanted = {name for row in rows for name in row.extensions} | set(interpreter.NEEDED)
    text = description.script()
    asked = text.partition("probe_asked='")[2].partition("'")[0].split()
    assert asked == sorted(wanted)


def test_it_does_not_matter_what_the_environment_holds(server):
    """No variable of it is one of the script's."""
    server.system(CENTOS)
    plain = server.document()
    names = ("root", "chosen", "seen", "found", "real", "json_awk", "probe_asked", "newline", "said", "each", "kib",
             "locale_told", "GREP_OPTIONS", "IFS", "POSIXLY_CORRECT", "place", "name")  # fmt: skip
    assert server.document(**dict.fromkeys(names, "-x /etc")) == plain


@every_shell
def test_a_place_that_holds_no_file(server, shell):
    """A FIFO, to which nobody writes, or a directory: it has nothing to say."""
    plain = server.system(CENTOS).document()
    for path in ("/etc/yum.repos.d/a.repo", "/etc/dnf/dnf.conf", "/etc/dnf/modules.d/a.module", "/usr/lib/sysimage/libdnf5/modules.toml",
                 "/etc/yum/pluginconf.d/versionlock.list", "/etc/yum/pluginconf.d/versionlock.conf", "/proc/sys/crypto/fips_enabled"):  # fmt: skip
        os.makedirs(os.path.dirname(server.root + path), exist_ok=True)
        os.mkfifo(server.root + path)
    os.mkdir(server.root + "/etc/yum.repos.d/b.repo")
    code, out, err = server.run(shell)
    assert (code, err) == (0, b"")
    assert json.loads(out.decode("ascii")) == plain
