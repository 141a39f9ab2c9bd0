"""Files below a root: links stay inside, and nothing blocks."""

import errno
import os
import stat
import subprocess
import sys

import pytest

import offkit
from offkit.edges.tree import DirEntry, Tree, kind

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
        DirEntry("absolute", "link"),
        DirEntry("fifo", "other"),
        DirEntry("lib", "link"),
        DirEntry("loop1", "link"),
        DirEntry("loop2", "link"),
        DirEntry("usr", "directory"),
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


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (stat.S_IFDIR, "a directory"),
        (stat.S_IFIFO, "a FIFO"),
        (stat.S_IFSOCK, "a socket"),
        (stat.S_IFCHR, "a device"),
        (stat.S_IFBLK, "a device"),
        (0, "a special file"),
    ],
)
def test_what_is_no_regular_file(mode, words):
    assert kind(mode | 0o644) == words


def test_as_many_links_as_the_kernel_follows(tmp_path):
    """Forty lead there, one more does not."""
    (tmp_path / "0").write_bytes(b"")
    for number in range(1, 42):
        (tmp_path / str(number)).symlink_to(str(number - 1))
    tree = Tree(str(tmp_path))
    assert tree.real("/40") == "/0"
    with pytest.raises(OSError, match="Too many levels") as caught:
        tree.real("/41")
    assert (caught.value.errno, caught.value.filename) == (errno.ELOOP, "/41")


def test_errors_name_what_was_asked_for(root):
    """With the words of the system."""
    tree = Tree(str(root))
    with pytest.raises(NotADirectoryError) as caught:
        tree.real("/absolute/../x")
    assert (caught.value.strerror, caught.value.filename) == ("Not a directory", "/absolute/..")
    with pytest.raises(OSError, match="FIFO") as special:
        tree.open("/fifo")
    assert (special.value.strerror, special.value.filename) == ("not a regular file but a FIFO", "/fifo")
    with pytest.raises(OSError, match="zero") as zero:
        tree.open("/a\0b")
    assert (zero.value.strerror, zero.value.filename) == ("a name contains a zero byte", "/a\0b")


def test_links_are_read_once(root, monkeypatch):
    """However many files of a directory are asked for."""
    (root / "usr" / "lib" / "b.so").write_bytes(b"b")
    read = []
    real = os.readlink
    monkeypatch.setattr(os, "readlink", lambda path: read.append(path) or real(path))
    tree = Tree(str(root) + "/")
    assert [tree.real("/lib/" + name) for name in ("a.so", "b.so", "a.so")] == [
        "/usr/lib/a.so",
        "/usr/lib/b.so",
        "/usr/lib/a.so",
    ]
    names = ["/lib", "/usr", "/usr/lib", "/usr/lib/a.so", "/usr/lib/b.so"]
    assert sorted(read) == [str(root) + name for name in names]


def test_where_a_file_lies(root):
    """Below the root, for this process; the root itself by any name of it."""
    assert Tree(str(root) + "//").host("/lib/a.so") == str(root) + "/usr/lib/a.so"
    assert Tree("/").host("/") == "/"
    assert Tree().root == ""
    assert Tree(os.path.relpath(str(root))).root == str(root)
    assert Tree(str(root)).stat("/absolute") == os.lstat(str(root / "usr" / "lib" / "a.so"))


def test_a_file_that_becomes_another_is_not_followed(root, monkeypatch):
    """Opened without waiting, without following what has become a link, and closed in children."""
    flags = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda path, how: flags.append(how) or real(path, how))
    Tree(str(root)).open("/absolute").close()
    assert flags == [os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW]


def test_scan_for_some_names(root):
    """Directories and links are there whatever they are called."""
    (root / "b.so").write_bytes(b"")
    (root / "c.txt").write_bytes(b"")
    found = Tree(str(root)).scan("/", lambda name: name.endswith(".so"))
    assert [(one.name, one.kind) for one in found] == [
        ("absolute", "link"),
        ("b.so", "file"),
        ("lib", "link"),
        ("loop1", "link"),
        ("loop2", "link"),
        ("usr", "directory"),
    ]
    assert Tree(str(root)).names("/lib") == ["a.so"]


def test_small_texts(root):
    """As much as is asked for, at most a mebibyte; bytes that are no UTF-8 are escaped."""
    (root / "t").write_bytes(b"\xc3\xbc\xff" + b"x" * (1 << 20))
    tree = Tree(str(root))
    assert tree.text("/t", 4) == "\xfc\udcffx"
    assert len(tree.text("/t").encode("utf-8", "surrogateescape")) == 1 << 20


def test_an_attribute(root, monkeypatch):
    """Of the file that the links below the root lead to, and no other."""
    asked = []
    monkeypatch.setattr(os, "getxattr", lambda *args, **how: asked.append((args, how)) or b"x")
    assert Tree(str(root)).attribute("/absolute", "security.selinux") == b"x"
    path = str(root / "usr" / "lib" / "a.so")
    assert asked == [((path, "security.selinux"), {"follow_symlinks": False})]


@pytest.mark.parametrize(
    ("closed", "asked", "refused"),
    [
        (("/usr/lib/a.so",), "/absolute", "/usr/lib/a.so"),  # may not be read
        (("/usr/lib",), "/lib", "/usr/lib"),  # may not be listed
        (("/usr/lib/a.so", "see"), "/lib/a.so", "/usr/lib"),  # what is in it may not even be seen
        (("/usr/lib", "see"), "/lib/a.so", "/usr"),
        ((), "/lib/a.so", ""),
        ((), "/lib/none", ""),
        ((), "/loop1", ""),
        ((), "/fifo", ""),
        ((), "/", ""),
    ],
)
def test_what_is_in_the_way(root, monkeypatch, closed, asked, refused):
    """The innermost that can be told; nothing where the file is only absent, or no file."""

    def guarded(function, seeing):
        def call(path, *args, **how):
            if closed and path == str(root) + closed[0] and (not seeing or len(closed) > 1):
                raise PermissionError(errno.EACCES, "Permission denied", path)
            return function(path, *args, **how)

        return call

    tree = Tree(str(root))
    with monkeypatch.context() as machine:
        for name in ("open", "scandir", "lstat"):
            machine.setattr(os, name, guarded(getattr(os, name), name == "lstat"))
        found = tree.refuses(asked)
    assert found == refused
