"""Hostile files on a server: whatever is in them, its description is a document, and has no password."""

import json
import shutil

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from described_maker import Described
from install_sh import every_shell

FILES = (
    "/etc/os-release",
    "/etc/yum.repos.d/a.repo",
    "/etc/yum.conf",
    "/etc/yum/pluginconf.d/versionlock.list",
    "/etc/dnf/modules.d/a.module",
    "/etc/crypto-policies/config",
    "/proc/cpuinfo",
    "/proc/self/mounts",
    "/proc/sys/crypto/fips_enabled",
)
PARTS = st.sampled_from(
    [b"\n", b"\n", b"\t", b" ", b"=", b":", b",", b"[", b"]", b"\\", b'"', b"'", b"\\n", b"\0", b"\r", b"%s", b"%", b"$(id)", b"`id`", b"*",
     b"\xff", b"\xc3", b"\xe9\x93\xb6", b"\xf0\x9f\x90\x8d", b"\xed\xa0\x80", b"\x1b[31m", b"\x7f", b"-", b"#", b"&", b"\\040",
     b"NAME=", b"ID=", b"[main]\n", b"[x]\n", b"enabled=", b"baseurl=", b"exclude=", b"name=", b"stream=", b"flags\t: ", b"vendor_id: ",
     b"password=SECRET\n", b"http://u:SECRET@h/", b"https://SECRET@h/x?y=SECRET ", b"/dev/x / xfs ro,", b"-\tn\tt\n", b"+\t", b"null\n"]
)  # fmt: skip
CONTENTS = st.one_of(st.lists(PARTS, max_size=25).map(b"".join), st.binary(max_size=40))
KEYS = ("arch", "cpu", "crypto_policy", "fapolicyd", "fips", "glibc", "kernel", "keys", "libraries", "locale", "modules", "mounts",
        "os_release", "packages", "pythons", "repositories", "root", "schema", "selinux", "space", "versionlock", "yum")  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Described(tmp_path_factory.mktemp("fuzz") / "a server")
    server.command("uname", "x86_64")
    for name, path in (
        ("rpm", "/rpms"),
        ("ldconfig", "/cache"),
        ("locale", "/locales"),
        ("getconf", "/glibc"),
    ):
        server.program(name, 'exec {} "{}"\n'.format(shutil.which("cat"), server.put(path)))
    return server


@every_shell
@example(files={"/proc/self/mounts": b"x http://u:SECRET@h/ xfs ro 0 0\n"})
@example(files={"/proc/self/mounts": b"x / https://SECRET@h/x?y=SECRET ro 0 0\n"})
@example(files={"/etc/yum.repos.d/a.repo": b"[password=SECRET\n"})
@example(files={"/etc/yum.repos.d/a.repo": b"[http://u:SECRET@h/]\n"})
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    files=st.dictionaries(
        st.sampled_from((*FILES, "/rpms", "/cache", "/locales", "/glibc")), CONTENTS, max_size=5
    )
)
def test_whatever_is_there(server, shell, files):
    """JSON in ASCII with every key, nothing on stderr, and no word that is a secret."""
    for path in (*FILES, "/rpms", "/cache", "/locales", "/glibc"):
        server.put(path, files.get(path, b""))
    code, out, err = server.run(shell)
    assert (code, err) == (0, b"")
    found = json.loads(out.decode("ascii"))
    assert tuple(found) == KEYS
    told = {name: found[name] for name in ("repositories", "yum", "modules", "mounts", "pythons")}
    assert "SECRET" not in json.dumps(told)
