"""Files below a root: links stay inside, and nothing blocks."""

import errno
import os
import subprocess
import sys

import pytest

import offkit
from offkit.edges.tree import Entry, Tree

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))


@pytest.fixture
def root(tmp_path):
    (tmp_path / "usr" / "lib").mkdir(parents=True)
    (tmp_path / "usr" / "lib" / "a.so").write_bytes(b"a")
    os.symlink("usr/lib", str(tmp_path / "lib"))
    os.symlink("/usr/lib/a.so", str(tmp_path / "absolute"))
    os.symlink("../../../../../etc/passwd", str(tmp_path / "usr" / "escape"))
    os.symlink("loop2", str(tmp_path / "loop1"))
    os.symlink("loop1", str(tmp_path / "loop2"))
    os.mkfifo(str(tmp_path / "fifo"))
    return tmp_path


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("/lib/a.so", "/usr/lib/a.so"),
        ("/absolute", "/usr/lib/a.so"),
        ("/usr/escape", "/etc/passwd"),
        ("/usr/../lib/./a.so", "/usr/lib/a.so"),
        ("/../../usr", "/usr"),
        ("/lib/../x", "/usr/x"),
        ("/lib/..", "/usr"),
        ("/lib/.", "/usr/lib"),
        ("/lib/", "/usr/lib"),
        ("lib", "/usr/lib"),
        ("/nowhere/at/all", "/nowhere/at/all"),
        ("/", "/"),
        ("", "/"),
    ],
)
def test_real(root, path, real):
    """Resolved as the kernel would inside a chroot; ``..`` never leaves the root."""
    assert Tree(str(root)).real(path) == real


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("/loop1", errno.ELOOP),
        ("/absolute/../x", errno.ENOTDIR),
        ("/nowhere/../usr", errno.ENOENT),
        ("/a\0b", errno.EINVAL),
    ],
)
def test_paths_that_lead_nowhere(root, path, number):
    """The kernel's own error numbers."""
    with pytest.raises(OSError, match=r".") as caught:
        Tree(str(root)).real(path)
    assert caught.value.errno == number


def test_open(root):
    """Regular files only; a FIFO does not hang."""
    tree = Tree(str(root))
    with tree.open("/absolute") as source:
        assert source.read() == b"a"
    for path, words in (("/fifo", "a FIFO"), ("/usr", "a directory")):
        with pytest.raises(OSError, match=words) as caught:
            tree.open(path)
        assert caught.value.errno == errno.EINVAL
    with pytest.raises(FileNotFoundError):
        tree.open("/usr/escape")


def test_scan(root):
    """Kinds without following links."""
    assert Tree(str(root)).scan("/") == [
        Entry("absolute", "link"),
        Entry("fifo", "other"),
        Entry("lib", "link"),
        Entry("loop1", "link"),
        Entry("loop2", "link"),
        Entry("usr", "directory"),
    ]
    assert Tree(str(root)).names("/nowhere") == []


def test_is_file_and_is_dir(root):
    """Through links; False where it cannot be told."""
    tree = Tree(str(root))
    assert tree.is_file("/absolute")
    assert tree.is_dir("/lib")
    assert not tree.is_file("/loop1")
    assert not tree.is_dir("/fifo")
    assert not tree.is_file("/fifo")


def test_names_that_are_not_ascii(root):
    """As UTF-8 whatever the locale, and as bytes that are none."""
    (root / "usr").joinpath("lib").joinpath("x").mkdir()
    for name in (b"\xc3\xbc.so", b"\xff.so"):
        with open(os.path.join(os.fsencode(str(root)), b"usr/lib/x", name), "wb") as out:
            out.write(name)
    tree = Tree(str(root))
    for name in ("\xfc.so", "\udcc3\udcbc.so", "\udcff.so"):
        assert tree.is_file("/lib/x/" + name), ascii(name)
    assert len(tree.names("/lib/x")) == 2


def test_names_that_are_utf8_in_the_c_locale(root):
    """Where Python takes names for ASCII they are found all the same."""
    (root / "usr" / "l\u00fc").write_bytes(b"x")
    code = (
        "import sys; from offkit.edges.tree import Tree\n"
        "with Tree(sys.argv[1]).open(u'/usr/l\\xfc') as source: print(source.read())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)],
        env=dict(os.environ, PYTHONPATH=TOOLKIT, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.stdout.decode() == "b'x'\n"
