"""/etc/ld.so.conf, and libraries that lie where the loader does not look."""

import pytest

from elf_maker import build
from offkit.edges.tree import Tree
from offkit.server.doctor.examine import examine
from offkit.server.loader import ldconf
from server_maker import Server


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    made.module("x", needed=["libssl.so.1.1"])
    return made


def findings(server):
    result = examine("/opt/env", server.root, checks=["libraries"])
    return [(each.code, each.severity, each.subject, each.fix) for each in result.findings]


def test_directories(server):
    """Comments, includes with wildcards in order, an include of itself."""
    server.put("/etc/ld.so.conf", "# libc\n/opt/a/ # own\ninclude ld.so.conf.d/*.conf\n/opt/z\n")
    server.put("/etc/ld.so.conf.d/1.conf", "/opt/b=libc6\ninclude /etc/ld.so.conf\n")
    server.put("/etc/ld.so.conf.d/2.txt", "/opt/no\n")
    found = ldconf.directories(Tree(server.root))
    assert found == ["/opt/a", "/opt/b", "/opt/z"]


def test_a_prefix_that_is_not_named(server):
    """OpenSSL compiled into /usr/local: no RPM is wanted, but a line in ld.so.conf.d."""
    server.library("libssl.so.1.1", "/usr/local/lib")
    fix = "echo /usr/local/lib >> /etc/ld.so.conf.d/offkit.conf && ldconfig"
    assert findings(server) == [
        ("LIB001", "error", "libssl.so.1.1", fix),
        ("LIB010", "warning", "/usr/local/lib", fix),
    ]


def test_ldconfig_was_not_run(server):
    """The directory is named, the cache is older."""
    server.put("/etc/ld.so.conf", "/opt/ssl/lib\n")
    server.library("libssl.so.1.1", "/opt/ssl/lib")
    assert findings(server) == [
        ("LIB001", "error", "libssl.so.1.1", "ldconfig"),
        ("LIB010", "warning", "/opt/ssl/lib", "ldconfig"),
    ]


def test_a_library_there_for_another_architecture(server):
    """It would not help."""
    server.put("/usr/local/lib/libssl.so.1.1", build(soname="libssl.so.1.1", bits=32, machine=3))
    assert [each[0] for each in findings(server)] == ["LIB001"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("relative\n  /a/b//  \n/\n", ["/a/b", "/"]),
        ("hwcap 1 /nosegneg\n#/no\n/a#b\n", ["/a"]),
        ("include   ld.so.conf.d/1.conf  # own\n", ["/one"]),
        ("include /etc/ld.so.conf.d/?.conf\n", ["/one", "/two"]),
        ("include ld.so.conf.d/none.conf\ninclude none/*\n/z\n", ["/z"]),
        ("includes ld.so.conf.d/1.conf\n", []),
        ("include ld.so.conf.d/1.conf\ninclude ld.so.conf.d/1.conf\n", ["/one"]),
        ("include ld.so.conf.d/1.CONF\n", []),
        ("include ld.so.conf.d/folder\n/z\n", ["/z"]),
    ],
)
def test_lines_of_the_file(server, text, found):
    """What ldconfig takes for a directory, and for a file to read."""
    server.put("/etc/ld.so.conf", text)
    server.put("/etc/ld.so.conf.d/1.conf", "/one\n")
    server.put("/etc/ld.so.conf.d/2.conf", "/two\n")
    server.put("/etc/ld.so.conf.d/folder/x", "/no\n")
    assert ldconf.directories(Tree(server.root)) == found


def test_no_such_file_names_nothing(tmp_path):
    assert ldconf.directories(Tree(str(tmp_path))) == []


def test_the_cure_for_a_directory():
    """Its name may need quotes; one that is named already wants no line."""
    assert ldconf.cure("/a b", ["/a"]) == "echo '/a b' >> /etc/ld.so.conf.d/offkit.conf && ldconfig"
    assert ldconf.cure("/a", ["/a"]) == "ldconfig"
