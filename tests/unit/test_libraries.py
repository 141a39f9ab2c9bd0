"""Libraries out of RPMs into an environment: which, from where, and that Python finds them."""

import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

import repo_maker
import web_maker
from elf_maker import build
from library_maker import Shelf
from offkit.edges import media, rpm_keys, web
from offkit.edges.rpm_keys import DAMAGED, NO_KEY, SIGNED, UNCHECKED, UNSIGNED, Verdict
from offkit.edges.tree import Tree
from offkit.elf import reader
from offkit.model import layout
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.target.libraries import heirs, record, settle
from offkit.target.libraries.here import Here
from offkit.target.libraries.supply import Supply
from offkit.target.libraries.take import Taken, take
from offkit.target.repo import medium
from web_maker import needs_curl

PYTHON = os.path.realpath(sys.executable)
HERE = Here(PYTHON, Tree("/"))
SERVER = medium.Server(7, "centos", Tree("/nonexistent"))
A, B, C = "libofftest-a.so.1", "libofftest-b.so.1", "libofftest-c.so.1"

pytestmark = pytest.mark.skipif(HERE.machine != "x86_64", reason="the makers write x86_64 files")


@pytest.fixture
def answers(monkeypatch):
    """What rpm is taken to say, by the name of the package in the file; by default that all is well."""
    said = {}

    def check(ring, path):
        with open(path, "rb") as source:
            name = source.read(96)[10:76].rstrip(b"\0").decode("ascii")
        return said.get(name, Verdict(SIGNED, "f4a80eb5"))

    monkeypatch.setattr(rpm_keys.KeyRing, "check", check)
    return said


@pytest.fixture
def shelf(tmp_path, answers):
    return Shelf(tmp_path / "disc")


def haul(top, wanted, had=()):
    with Supply(medium.look([], [top]), SERVER) as supply:
        return take(
            wanted if isinstance(wanted, dict) else dict.fromkeys(wanted, ()),
            HERE,
            supply,
            7,
            had,
        )


def refused(top, wanted):
    with pytest.raises((IntegrityError, EnvironmentProblem)) as caught:
        haul(top, wanted)
    return caught.value


# --- which libraries -----------------------------------------------------------------------


def test_with_what_they_need_in_an_order_to_load_them(shelf):
    """And nothing that the server has."""
    shelf.add("a", A, needed=[B, "libc.so.6"])
    shelf.add("b", B, needed=[C])
    shelf.add("c", C)
    found = haul(shelf.done(), [A])
    assert [each.soname for each in found.libraries] == [C, B, A]
    assert [each.rpm for each in found.libraries] == [
        "c-1.0-1.el7.x86_64",
        "b-1.0-1.el7.x86_64",
        "a-1.0-1.el7.x86_64",
    ]
    assert found.libraries[2].path == "usr/lib64/{}.0".format(A)
    assert found.libraries[2].signature == "key f4a80eb5"
    assert found.libraries[2].medium == "disc"
    assert found.findings == ()
    assert found.size == sum(len(each.data) for each in found.libraries)


def test_only_the_libraries_that_are_needed(shelf):
    """A package may hold others, which require what nobody has."""
    shelf.add("a", A, requires=["libofftest-z.so.9()(64bit)"])
    shelf.add("b", B, C)
    found = haul(shelf.done(), [A, B])
    assert sorted(each.soname for each in found.libraries) == [A, B]
    assert found.findings == ()


def test_what_metadata_does_not_say(shelf):
    """createrepo leaves out what a package requires of itself, and a spec can filter requires."""
    shelf.add("ab", A, B, needed=[B, C], requires=[])
    shelf.add("c", C)
    found = haul(shelf.done(), [A])
    assert sorted(each.soname for each in found.libraries) == [A, B, C]


def test_what_is_there_already_is_not_taken_again(shelf):
    shelf.add("a", A, needed=[B])
    found = haul(shelf.done(), [A], [B])
    assert [each.soname for each in found.libraries] == [A]


def test_circles(shelf):
    shelf.add("a", A, needed=[B])
    shelf.add("b", B, needed=[A])
    assert {each.soname for each in haul(shelf.done(), [A]).libraries} == {A, B}


def test_everything_that_nobody_has_at_once(shelf):
    """With who needs it; glibc is never taken; a version that is lacking is named."""
    shelf.add("a", A, needed=[C])
    shelf.add("b", B, defines=["B_1"])
    found = haul(shelf.done(), {A: (), B: ("B_1", "B_2"), "libc.so.6": ("GLIBC_2.99",)})
    told = {each.subject: each.message for each in found.findings}
    assert {each.code for each in found.findings} == {"RPM004"}
    assert told[C] == "is on none of the media; needed by a-1.0-1.el7.x86_64"
    assert told[B] == "of b-1.0-1.el7.x86_64 lacks B_2"
    assert "part of glibc" in told["libc.so.6"]


def test_a_newer_library_than_the_server_has(shelf):
    """Where the version asked for is not here, the medium's is taken."""
    assert HERE.lacks("libz.so.1", ("ZLIB_99",))
    shelf.add("zlib", "libz.so.1", defines=["ZLIB_99"], version="99")
    found = haul(shelf.done(), {"libz.so.1": ("ZLIB_99",)})
    assert [each.rpm for each in found.libraries] == ["zlib-99-1.el7.x86_64"]


def test_a_package_without_what_it_promises(shelf):
    shelf.add("a", B)
    with open(shelf.add("b", B), "rb") as source:
        data = source.read()
    shelf.put("b", data, [A + "()(64bit)"])
    found = haul(shelf.done(), [A])
    assert [each.code for each in found.findings] == ["RPM004"]
    assert "which says it has it" in found.findings[0].message


# --- what vouches for them -----------------------------------------------------------------


def flip(path):
    with open(path, "r+b") as sink:
        sink.seek(-20, 2)
        byte = sink.read(1)
        sink.seek(-20, 2)
        sink.write(bytes([byte[0] ^ 1]))


def test_an_altered_rpm(shelf):
    """Found by the metadata's checksum, whatever rpm says of it."""
    flip(shelf.add("a", A))
    error = refused(shelf.done(), [A])
    assert isinstance(error, IntegrityError)
    assert [(each.code, each.subject) for each in error.findings] == [("RPM001", "a-1.0-1.el7.x86_64")]


def test_an_rpm_that_is_not_there(shelf):
    os.unlink(shelf.add("a", A))
    assert "is not there" in refused(shelf.done(), [A]).findings[0].message


def test_an_rpm_under_the_name_of_another(shelf):
    path = shelf.add("b", B)
    with open(path, "rb") as source:
        data = source.read()
    shelf.put("a", data, [A + "()(64bit)"])
    error = refused(shelf.done(), [A])
    assert (error.findings[0].code, error.findings[0].message) == ("RPM001", "is b-1.0-1.el7.x86_64")


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict(DAMAGED, "MD5 digest"), "RPM001"),
        (Verdict(UNSIGNED, ""), "RPM002"),
        (Verdict(NO_KEY, "57e1d941"), "RPM003"),
    ],
)
def test_signatures(shelf, answers, verdict, code):
    """All packages that are refused are named at once."""
    answers["a"] = verdict
    answers["c"] = Verdict(UNSIGNED, "")
    shelf.add("a", A, needed=[B])
    shelf.add("b", B)
    shelf.add("c", C)
    error = refused(shelf.done(), [A, B, C])
    assert [(each.code, each.subject[0]) for each in error.findings] == [(code, "a"), ("RPM002", "c")]
    assert error.exit_code == 3


def test_where_there_is_no_rpm_the_checksums_vouch(shelf, answers, monkeypatch, tmp_path):
    """With a warning."""
    answers["a"] = Verdict(UNCHECKED, "there is no rpm here")
    monkeypatch.setenv("PATH", str(tmp_path))
    shelf.add("a", A)
    with Supply(medium.look([], [shelf.done()]), SERVER) as supply:
        found = take({A: ()}, HERE, supply, 7)
        assert [each.code for each in supply.findings] == ["RPM009"]
    assert [each.signature for each in found.libraries] == ["checksum only"]


# --- from a server beyond the gap ----------------------------------------------------------


@pytest.fixture
def served(shelf, monkeypatch):
    monkeypatch.setattr(web, "_PAUSE", 0)
    shelf.add("a", A, needed=[B])
    shelf.add("b", B)
    with web_maker.site() as site:
        site.add(shelf.done())
        yield site


@pytest.fixture
def keyed(tmp_path):
    """A server with the distribution's key, which alone counts there."""
    repo_maker.write(str(tmp_path / "server"), "etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7", b"key")
    return medium.Server(7, "centos", Tree(str(tmp_path / "server")))


def fetched(served, server):
    with ExitStack() as stack:
        with Supply(medium.look([], web.opened([served.url], stack)), server) as supply:
            return take({A: ()}, HERE, supply, 7)


@needs_curl
def test_libraries_out_of_a_url(served, keyed):
    """As from a directory; each RPM once, and the server's key not at all."""
    found = fetched(served, keyed)
    assert [(each.soname, each.medium) for each in found.libraries] == [(B, served.url), (A, served.url)]
    asked = [path for path, _ in served.log]
    assert sorted(asked) == sorted(set(asked))
    assert not any("KEY" in path for path in asked)


@needs_curl
def test_a_url_on_a_server_without_the_key(served):
    with pytest.raises(IntegrityError) as caught:
        fetched(served, SERVER)
    assert [each.code for each in caught.value.findings] == ["REPO014"]


@needs_curl
def test_an_rpm_that_is_forged_on_its_way(served, keyed):
    path = "Packages/a-1.0-1.el7.x86_64.rpm"
    served.files[path] = served.files[path][:-20] + b"x" * 20
    with pytest.raises(IntegrityError) as caught:
        fetched(served, keyed)
    assert [(each.code, each.subject) for each in caught.value.findings] == [("RPM001", "a-1.0-1.el7.x86_64")]


@needs_curl
def test_a_server_that_stops_at_an_rpm(served, keyed):
    """REPO017 and not damage: exit 4."""
    served.does["Packages/b-1.0-1.el7.x86_64.rpm"] = web_maker.cut(0, 100)
    with pytest.raises(EnvironmentProblem) as caught:
        fetched(served, keyed)
    assert [each.code for each in caught.value.findings] == ["REPO017"]


@needs_curl
def test_nothing_vouches_where_there_is_no_rpm(served, keyed, monkeypatch, tmp_path):
    """Whoever forges a package over HTTP forges its checksum too: refused."""
    os.symlink(shutil.which("curl"), str(tmp_path / "curl"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentProblem) as caught:
        fetched(served, keyed)
    assert [each.code for each in caught.value.findings] == ["RPM009"]


def test_an_rpm_that_cannot_be_unpacked_here(shelf, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    shelf.add("a", A, compressor="zstd")
    error = refused(shelf.done(), [A])
    assert isinstance(error, EnvironmentProblem)
    assert error.findings[0].code == "RPM008"


def test_a_medium_without_a_key(shelf):
    shelf.add("a", A)
    os.unlink(os.path.join(shelf.done(), "RPM-GPG-KEY-test"))
    error = refused(shelf.top, [A])
    assert [each.code for each in error.findings] == ["REPO014"]


def test_an_rpm_outside_of_its_repository(shelf, tmp_path):
    """The metadata may name any path."""
    shelf.add("a", A)
    primary = "Packages/a-1.0-1.el7.x86_64.rpm"
    with open(os.path.join(shelf.top, primary), "rb") as source:
        data = source.read()
    (tmp_path / "outside.rpm").write_bytes(data)
    shelf._rows[0]["href"] = "../outside.rpm"
    error = refused(shelf.done(), [A])
    assert error.findings[0].message == "lies outside its repository"


# --- found at run time ---------------------------------------------------------------------


def taken(soname, needed=(), **fields):
    return Taken(
        soname, build(soname=soname, needed=needed, **fields), "rpm-1", "usr/lib64/x", "disc", "key 1"
    )


@pytest.fixture
def root(tmp_path):
    """A real virtual environment."""
    where = str(tmp_path / "env")
    base = os.path.join(sys.base_prefix, "bin", "python{}.{}".format(*sys.version_info[:2]))
    subprocess.run([base, "-m", "venv", "--without-pip", where], check=True)
    return where


def site(root):
    return os.path.join(root, "lib", "python{}.{}".format(*sys.version_info[:2]), "site-packages")


def module(root, name="module.so", **fields):
    path = os.path.join(site(root), name)
    with open(path, "wb") as sink:
        sink.write(build(**fields))
    return path


def run(root, code, *arguments):
    """What the environment's Python prints, with no variable set that the loader would read."""
    done = subprocess.run(
        [os.path.join(root, "bin", "python"), "-I", "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": "/usr/bin:/bin"},
    )
    return done.stdout.decode("utf-8", "replace").strip()


OPEN = "import _ctypes, sys; [_ctypes.dlopen(path, 2) for path in sys.argv[1:]]; print('opened')"


def test_modules_find_what_was_put_there(root):
    """Whether they need it or open it by its name."""
    path = module(root, needed=[A])
    settle.put(root, [taken(B), taken(A, [B])])
    assert "cannot open shared object file" in run(root, OPEN, path)
    settle.own_interpreter(root)
    assert run(root, OPEN, path, B) == "opened"


def test_an_environment_stays_one(root, tmp_path):
    """Prefixes, links, children of every kind, and environments made by it."""
    asked = "import sys; print(sys.prefix, sys.base_prefix, sys.version_info[:2])"
    before = run(root, asked)
    based = "import sys; print(getattr(sys, '_base_executable', ''))"
    base = run(root, based)
    settle.put(root, [taken(A)])
    settle.own_interpreter(root)
    assert run(root, asked) == before
    assert os.path.realpath(run(root, based)) in (
        os.path.realpath(base),
        os.path.realpath(root + "/bin/python"),
    )
    if sys.version_info >= (3, 11):
        assert os.path.realpath(run(root, based)) == os.path.realpath(base)
    path = module(root, needed=[A])
    child = (
        "import subprocess, sys; print(subprocess.check_output([sys.executable, '-c', {!r}, {!r}]).decode())"
    )
    assert run(root, child.format(OPEN, path)) == "opened"
    script = os.path.join(str(tmp_path), "spawning.py")
    with open(script, "w") as sink:
        sink.write(
            "import _ctypes, multiprocessing, sys\n"
            "def work(path):\n    _ctypes.dlopen(path, 2)\n    return sys.prefix\n"
            "if __name__ == '__main__':\n"
            "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
            "        print(pool.map(work, [{!r}]) == [sys.prefix])\n".format(path)
        )
    assert run(root, "import runpy; runpy.run_path({!r}, run_name='__main__')".format(script)) in ("True", "")
    done = subprocess.run(
        [os.path.join(root, "bin", "python"), script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={},
    )
    assert done.stdout.decode().strip() == "True"
    again = os.path.join(str(tmp_path), "again")
    subprocess.run(
        [os.path.join(root, "bin", "python"), "-m", "venv", "--without-pip", again], check=True, env={}
    )
    assert run(again, "import sys; print(sys.prefix)") == again


def test_done_again_changes_nothing(root):
    settle.own_interpreter(root)
    program = os.path.realpath(os.path.join(root, "bin", "python"))
    assert os.path.dirname(program) == os.path.join(os.path.realpath(root), "bin")
    before = os.stat(program)
    for name in ("python", "python3", "python{}.{}".format(*sys.version_info[:2])):
        path = os.path.join(root, "bin", name)
        if os.path.lexists(path):  # every name is the file itself, and none a link
            assert not os.path.islink(path)
            assert os.path.samestat(before, os.stat(path))
    settle.own_interpreter(root)
    assert os.path.samestat(before, os.stat(program))


def test_what_the_original_found_by_its_own_path_is_found(root):
    """The directories of its RPATH or RUNPATH follow; $ORIGIN in them means the original's."""
    with open(os.path.realpath(sys.executable), "rb") as source:
        elf = reader.read(source.read())
    settle.own_interpreter(root)
    with open(os.path.realpath(os.path.join(root, "bin", "python")), "rb") as source:
        own = reader.read(source.read())
    places = own.rpath.split(":")
    assert places[0] == "$ORIGIN/../offkit/lib64"
    assert "$ORIGIN" not in ":".join(places[1:])
    if elf.runpath is None:
        assert len(places) == 1 + len([each for each in (elf.rpath or "").split(":") if each])
    for place in places[1:]:
        assert elf.runpath is None or any(name in os.listdir(place) for name in elf.needed)
    assert run(root, "print('started')") == "started"


def test_a_medium_that_cannot_be_read_is_to_blame(shelf, monkeypatch):
    """An input or output error, as of a scratched disc."""
    shelf.add("a", A)
    top = shelf.done()
    real = media.Directory.open

    def broken(self, path):
        if path.endswith(".rpm"):
            raise OSError(5, "Input/output error", path)
        return real(self, path)

    monkeypatch.setattr(media.Directory, "open", broken)
    error = refused(top, [A])
    assert (error.findings[0].code, error.findings[0].message) == (
        "RPM001",
        "cannot be read: Input/output error",
    )


def test_a_program_that_cannot_have_a_path(root):
    """A script in the place of the interpreter, a wrapper for instance."""
    link = os.path.join(root, "bin", "python")
    for name in os.listdir(os.path.join(root, "bin")):
        if name.startswith("python"):
            os.unlink(os.path.join(root, "bin", name))
    wrapper = os.path.join(os.path.dirname(root), "wrapper")
    with open(wrapper, "w") as sink:
        sink.write("#!/bin/sh\n")
    os.symlink(wrapper, link)
    with pytest.raises(EnvironmentProblem) as caught:
        settle.own_interpreter(root)
    assert caught.value.findings[0].code == "PY025"


def test_modules_with_a_runpath_need_a_preload(root):
    """Their DT_RUNPATH hides the program's path (dl-load.c); what is loaded is found by its name."""
    path = module(root, needed=[A], runpath="$ORIGIN")
    settle.put(root, [taken(B), taken(A, [B])])
    settle.own_interpreter(root)
    assert A in run(root, OPEN, path)
    settle.preload(root, [site(root)], [A])
    assert run(root, OPEN, path) == "opened"


def test_a_preload_that_fails_does_not_keep_python_from_starting(root):
    settle.put(root, [taken(A, ["libofftest-none.so.1"])])
    settle.own_interpreter(root)
    settle.preload(root, [site(root)], [A, "libofftest-absent.so.1"])
    assert run(root, "print('started')") == "started"


def test_the_list_says_where_each_is_from(root):
    settle.put(root, [taken(B)])
    settle.put(root, [taken(A, [B])])
    listed = record.read(Tree("/"), root)
    assert [(each.soname, each.rpm, each.medium, each.signature) for each in listed.entries] == [
        (B, "rpm-1", "disc", "key 1"),
        (A, "rpm-1", "disc", "key 1"),
    ]
    assert record.altered(Tree("/"), root, listed) == []
    with open(os.path.join(root, "offkit", "lib64", A), "ab") as sink:
        sink.write(b"x")
    os.unlink(os.path.join(root, "offkit", "lib64", B))
    assert [(each.soname, how) for each, how in record.altered(Tree("/"), root, listed)] == [
        (B, "is missing"),
        (A, "is altered"),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "Expecting value"),
        (b"[]", "no list of libraries"),
        (b"{}", "no list of libraries"),
        (b'{"schema": "offkit/libraries-2"}', "libraries-2"),
        (b"\xff", "ascii"),
        (b'{"schema": "offkit/libraries-1", "libraries": [], "preloaded": ["../../x"]}', "a path for a name"),
    ],
)
def test_a_list_that_is_none(text, why):
    with pytest.raises(ValueError, match=why):
        record.load(text)


def test_a_generation_without_a_list_has_nothing(tmp_path):
    assert record.read(Tree("/"), str(tmp_path)) == record.NOTHING


def test_an_earlier_generation_that_is_not_whole(tmp_path):
    """What is missing, altered, or no library as it was written is left out; the others count."""
    good, text = build(soname="libc1.so"), b"not a library"
    files = {"liba1.so": None, "libb1.so": b"altered", "libc0.so": text, "libc1.so": good}
    rows = [
        record.Entry(
            soname, "x-1-1.x86_64", "/usr/lib64/" + soname, "disc", hashlib.sha256(data).hexdigest(), 1, ""
        )
        for soname, data in (("liba1.so", good), ("libb1.so", good), ("libc0.so", text), ("libc1.so", good))
    ]
    listed = tmp_path / layout.GENERATION_LIBRARY_LIST
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_bytes(record.dump(record.Record(tuple(rows), ())))
    for soname, data in files.items():
        if data is not None:
            path = tmp_path / layout.GENERATION_LIBRARIES / soname
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    one = SimpleNamespace(path=str(tmp_path), id="1")
    assert list(heirs._shelf(one)) == ["libc1.so"]
    listed.write_text("{}")
    assert heirs._shelf(one) == {}
