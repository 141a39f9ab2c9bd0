"""Libraries out of RPMs into an environment: which, from where, and that Python finds them."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

import repo_maker
import rpm_maker
import web_maker
from elf_maker import build
from library_maker import Shelf
from offkit.edges import files, releases
from offkit.edges.tree import Tree
from offkit.elf import reader
from offkit.media import keys, medium, rpm_keys, web
from offkit.media.rpm_keys import DAMAGED, NO_KEY, SIGNED, UNCHECKED, UNSIGNED, Verdict
from offkit.media.rpm_payload import Contents
from offkit.media.supply import Supply, judge
from offkit.model import layout
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.server.libraries import here, pick, record, reuse, vendor
from offkit.server.libraries.here import Here
from offkit.server.libraries.record import Vendored
from offkit.server.libraries.unpack import unpack
from server_maker import LDSO, Server
from web_maker import needs_curl

PYTHON = os.path.realpath(sys.executable)
HERE = Here(PYTHON, Tree("/"))
SERVER = keys.Server(7, "centos", Tree("/nonexistent"))
EL7 = releases.of(7)
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
    with Supply([medium.of(top)], SERVER) as supply:
        return unpack(
            wanted if isinstance(wanted, dict) else dict.fromkeys(wanted, ()),
            HERE,
            supply,
            EL7,
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
    assert told[B] == "lacks B_2 (from b-1.0-1.el7.x86_64)"
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
    assert "which claims to provide it" in found.findings[0].message


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
    assert "is missing, although" in refused(shelf.done(), [A]).findings[0].message


def test_an_rpm_under_the_name_of_another(shelf):
    path = shelf.add("b", B)
    with open(path, "rb") as source:
        data = source.read()
    shelf.put("a", data, [A + "()(64bit)"])
    error = refused(shelf.done(), [A])
    assert (error.findings[0].code, error.findings[0].message) == (
        "RPM001",
        "contains b-1.0-1.el7.x86_64 instead",
    )


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
    told = [(each.code, [title[0] for title in each.subject.split(", ")]) for each in error.findings]
    assert told == ([(code, ["a", "c"])] if code == "RPM002" else [(code, ["a"]), ("RPM002", ["c"])])
    assert error.exit_code == 3


def test_where_there_is_no_rpm_the_checksums_vouch(shelf, answers, monkeypatch, tmp_path):
    """With a warning."""
    answers["a"] = Verdict(UNCHECKED, "rpm is not installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    shelf.add("a", A)
    with Supply([medium.of(shelf.done())], SERVER) as supply:
        found = unpack({A: ()}, HERE, supply, EL7)
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
    return keys.Server(7, "centos", Tree(str(tmp_path / "server")))


def fetched(served, server):
    with ExitStack() as stack:
        with Supply(web.opened([served.url], stack), server) as supply:
            return unpack({A: ()}, HERE, supply, EL7)


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
    assert error.findings[0].message == "is outside its repository"


# --- found at run time ---------------------------------------------------------------------


def taken(soname, needed=(), **fields):
    return Vendored(
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
    vendor.put(root, [taken(B), taken(A, [B])])
    assert "cannot open shared object file" in run(root, OPEN, path)
    vendor.own_interpreter(root)
    assert run(root, OPEN, path, B) == "opened"


def test_an_environment_stays_one(root, tmp_path):
    """Prefixes, links, children of every kind, and environments made by it."""
    asked = "import sys; print(sys.prefix, sys.base_prefix, sys.version_info[:2])"
    before = run(root, asked)
    based = "import sys; print(getattr(sys, '_base_executable', ''))"
    base = run(root, based)
    vendor.put(root, [taken(A)])
    vendor.own_interpreter(root)
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
    vendor.own_interpreter(root)
    program = os.path.realpath(os.path.join(root, "bin", "python"))
    assert os.path.dirname(program) == os.path.join(os.path.realpath(root), "bin")
    before = os.stat(program)
    for name in ("python", "python3", "python{}.{}".format(*sys.version_info[:2])):
        path = os.path.join(root, "bin", name)
        if os.path.lexists(path):  # every name is the file itself, and none a link
            assert not os.path.islink(path)
            assert os.path.samestat(before, os.stat(path))
    vendor.own_interpreter(root)
    assert os.path.samestat(before, os.stat(program))


def test_what_the_original_found_by_its_own_path_is_found(root):
    """The directories of its RPATH or RUNPATH follow; $ORIGIN in them means the original's."""
    with open(os.path.realpath(sys.executable), "rb") as source:
        elf = reader.read(source.read())
    vendor.own_interpreter(root)
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
    real = medium.Directory.open

    def broken(self, path):
        if path.endswith(".rpm"):
            raise OSError(5, "Input/output error", path)
        return real(self, path)

    monkeypatch.setattr(medium.Directory, "open", broken)
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
        vendor.own_interpreter(root)
    assert caught.value.findings[0].code == "PY025"


def test_modules_with_a_runpath_need_a_preload(root):
    """Their DT_RUNPATH hides the program's path (dl-load.c); what is loaded is found by its name."""
    path = module(root, needed=[A], runpath="$ORIGIN")
    vendor.put(root, [taken(B), taken(A, [B])])
    vendor.own_interpreter(root)
    assert A in run(root, OPEN, path)
    vendor.preload(root, [site(root)], [A])
    assert run(root, OPEN, path) == "opened"


def test_a_preload_that_fails_does_not_keep_python_from_starting(root):
    vendor.put(root, [taken(A, ["libofftest-none.so.1"])])
    vendor.own_interpreter(root)
    vendor.preload(root, [site(root)], [A, "libofftest-absent.so.1"])
    assert run(root, "print('started')") == "started"


def test_the_list_says_where_each_is_from(root):
    vendor.put(root, [taken(B)])
    vendor.put(root, [taken(A, [B])])
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
        (b"[]", "not a list of libraries"),
        (b"{}", "not a list of libraries"),
        (b'{"schema": "offkit/libraries-2"}', "libraries-2"),
        (b"\xff", "ascii"),
        (
            b'{"schema": "offkit/libraries-1", "libraries": [], "preloaded": ["../../x"]}',
            "a library name contains a path",
        ),
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
        record.LibraryFile(
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
    assert list(reuse._whole(one)) == ["libc1.so"]
    listed.write_text("{}")
    assert reuse._whole(one) == {}


# --- refusals and answers word for word ----------------------------------------------------

RPM = "a-1.0-1.el7.x86_64"
COPY = "copy disc again and compare sha256sum on both sides of the gap"
FULLER = "use a fuller ISO (Everything, DVD) of this server's release"


def words_of(error):
    """Kind, headline, and the only finding."""
    (finding,) = error.findings
    return type(error), error.message, tuple(finding)


@pytest.mark.parametrize(
    ("verdict", "code", "message", "fix"),
    [
        (Verdict(DAMAGED, "MD5 digest"), "RPM001", "is damaged: MD5 digest", COPY),
        (
            Verdict(UNSIGNED, ""),
            "RPM002",
            "is not signed",
            "use the distribution's own RPMs: each of them is signed",
        ),
        (
            Verdict(UNSIGNED, "only digests"),
            "RPM002",
            "is not signed: only digests",
            "use the distribution's own RPMs: each of them is signed",
        ),
        (
            Verdict(NO_KEY, "57e1d941"),
            "RPM003",
            "is signed with key 57e1d941, which is not among those that this server has",
            "use the distribution's own RPMs; or, if you trust that key: rpm --import FILE, as root",
        ),
    ],
)
def test_what_is_said_of_a_signature(shelf, answers, verdict, code, message, fix):
    answers["a"] = verdict
    shelf.add("a", A)
    assert words_of(refused(shelf.done(), [A])) == (
        IntegrityError,
        "an RPM from disc cannot be used",
        (code, "error", RPM, message, ("disc",), fix),
    )


@pytest.mark.parametrize(
    ("name", "damaged", "unsigned"),
    [
        ("c7.iso", "copy the ISO again", "use the distribution's own ISO: "),
        ("b.tar", "bundle again, with RPMs that are whole", "bundle again, with RPMs that the distribution"),
        ("rpms", "copy rpms again", "use the distribution's own RPMs: "),
        ("c7.iso, b.tar", "copy c7.iso, b.tar again", "use the distribution's own RPMs: "),
    ],
)
def test_what_helps_is_told_by_what_the_medium_is(name, damaged, unsigned):
    """Nobody is told of an ISO where there is none: the RPMs of a bundle lie in a directory called like it."""
    found = [judge(RPM, name, Verdict(kind, "")).fix for kind in (DAMAGED, UNSIGNED, NO_KEY)]
    assert found[0].startswith(damaged)
    assert found[1].startswith(unsigned)
    assert found[2].endswith("; or, if you trust that key: rpm --import FILE, as root")


def moved(href):
    def change(shelf):
        shelf._rows[0]["href"] = href

    return change


def with_checksum(text):
    def change(shelf):
        shelf._rows[0]["checksum"] = text

    return change


def with_algorithm(name, known=None):
    """The metadata's checksum in another algorithm."""

    def change(shelf):
        with open(os.path.join(shelf.top, shelf._rows[0]["href"]), "rb") as source:
            digest = hashlib.new(known or name, source.read()).hexdigest()
        shelf._rows[0]["checksum"] = "{}:{}".format(name, digest)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (moved("Packages/none.rpm"), "is missing, although the metadata lists it"),
        (moved("/etc/passwd"), "is outside its repository"),
        (moved("../a.rpm"), "is outside its repository"),
        (moved("http://x/a.rpm"), "is outside its repository"),
        (with_checksum(""), "has no checksum in the metadata"),
        (
            with_checksum("md5:00"),
            "has only a checksum of a kind that proves nothing (md5) in the metadata: make those anew "
            "(createrepo_c)",
        ),
        (with_checksum("sha256:00"), "does not match its checksum in the metadata"),
    ],
)
def test_an_rpm_that_nothing_vouches_for(shelf, change, message):
    shelf.add("a", A)
    change(shelf)
    assert words_of(refused(shelf.done(), [A])) == (
        IntegrityError,
        "an RPM from disc cannot be used",
        ("RPM001", "error", RPM, message, ("disc",), COPY),
    )


@pytest.mark.parametrize(
    ("name", "known"),
    [("sha", "sha1"), ("sha1", None), ("sha256", None), ("sha384", None), ("sha512", None)],
)
def test_checksums_that_createrepo_writes(shelf, name, known):
    """Old ones call SHA-1 sha."""
    shelf.add("a", A)
    with_algorithm(name, known)(shelf)
    assert [each.soname for each in haul(shelf.done(), [A]).libraries] == [A]


@pytest.mark.parametrize(("release", "lost"), [("1.el7", 0), ("1.el8", 1), ("1.el7_9", 0), ("1", 0)])
def test_packages_of_another_release(shelf, release, lost):
    """They are passed over as though they were not there."""
    shelf.add("a", A)
    shelf._rows[0]["release"] = release
    if release != "1.el7":  # the file calls itself 1.el7, which is not compared
        shelf._rows[0]["href"] = "Packages/a-1.0-1.el7.x86_64.rpm"
    assert len(haul(shelf.done(), [A]).findings) == lost


def test_a_medium_whose_metadata_is_damaged_meanwhile(shelf):
    """It was whole when the medium was looked at."""
    shelf.add("a", A)
    with Supply([medium.of(shelf.done())], SERVER) as supply:
        packed = os.path.join(shelf.top, "repodata", "primary.xml.gz")
        with open(packed, "wb") as sink:
            sink.write(b"junk")
        with pytest.raises(IntegrityError) as caught:
            supply.ask(["x"])
    kind, message, (code, severity, subject, said, looked, fix) = words_of(caught.value)
    assert (kind, message) == (IntegrityError, "a medium is damaged")
    assert (code, severity, subject, looked, fix) == ("REPO011", "error", "disc", ("",), COPY)
    assert said.startswith("its metadata cannot be read: ")


@needs_curl
def test_a_server_that_goes_away_meanwhile(served, keyed):
    """Neither damage nor a library that nobody has."""
    with ExitStack() as stack:
        with Supply(web.opened([served.url], stack), keyed) as supply:
            del served.files["repodata/primary.xml.gz"]
            served.does["repodata/primary.xml.gz"] = web_maker.status(500)
            with pytest.raises(EnvironmentProblem) as caught:
                supply.ask(["x"])
    assert caught.value.message == "a medium cannot be reached"
    assert [each.code for each in caught.value.findings] == ["REPO017"]


def test_libraries_out_of_an_image(shelf, tmp_path):
    """As out of a directory; the key is copied out of it, and nothing is left of the copy."""
    shelf.add("a", A, needed=[B])
    shelf.add("b", B)
    top = shelf.done()
    files = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as source:
                files[os.path.relpath(path, top)] = source.read()
    image = tmp_path / "c7.iso"
    image.write_bytes(repo_maker.image(files))
    with medium.Image(str(image)) as opened, Supply([opened], SERVER) as supply:
        found = unpack({A: ()}, HERE, supply, EL7)
        scratch = supply._scratch
        assert supply.names == ["c7.iso"]
        with open(os.path.join(scratch, "0.key"), "rb") as key:
            assert key.read() == b"not looked at\n"
    assert not os.path.exists(scratch)
    assert [(each.soname, each.rpm, each.medium, each.signature) for each in found.libraries] == [
        (B, "b-1.0-1.el7.x86_64", "c7.iso", "key f4a80eb5"),
        (A, RPM, "c7.iso", "key f4a80eb5"),
    ]
    assert [each.path for each in found.libraries] == ["usr/lib64/{}.0".format(each) for each in (B, A)]


def test_what_is_said_where_there_is_no_rpm(shelf, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    shelf.add("a", A)
    with Supply([medium.of(shelf.done())], SERVER) as supply:
        (finding,) = supply.findings
    message = "is not installed, so no signatures are checked, only the medium's own checksums"
    assert tuple(finding) == ("RPM009", "warning", "rpm", message, (), "")


@needs_curl
def test_what_is_said_where_there_is_no_rpm_and_the_medium_is_a_url(served, keyed, monkeypatch, tmp_path):
    os.symlink(shutil.which("curl"), str(tmp_path / "curl"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentProblem) as caught:
        fetched(served, keyed)
    message = "is not installed; without it, packages from {} cannot be verified".format(served.url)
    fix = "install rpm, or use a local medium: --iso FILE, --rpm-repo DIR"
    assert words_of(caught.value) == (
        EnvironmentProblem,
        "signatures cannot be checked",
        ("RPM009", "error", "rpm", message, (), fix),
    )


def test_what_is_said_of_libraries_that_are_not_to_be_had(shelf, tmp_path):
    """Every medium that was asked is named, and who needs the library."""
    shelf.add("a", A, needed=[C])
    shelf.add("b", B, defines=["B_1"])
    other = Shelf(tmp_path / "other")
    other.add("d", "libofftest-d.so.1")
    with Supply([medium.of(shelf.done()), medium.of(other.done())], SERVER) as supply:
        found = unpack(
            {A: (), B: ("B_1", "B_2"), "libc.so.6": ("GLIBC_2.98", "GLIBC_2.99")}, HERE, supply, EL7
        )
        assert supply.names == ["disc", "other"]
    glibc = "is part of glibc, which cannot come from another system (GLIBC_2.98, GLIBC_2.99)"
    probe = "bundle again for this system: --target with what 'offkit probe' writes here"
    where = ("disc", "other")
    assert [tuple(each) for each in found.findings] == [
        ("RPM004", "error", B, "lacks B_2 (from b-1.0-1.el7.x86_64)", where, FULLER),
        ("RPM004", "error", "libc.so.6", glibc, where, probe),
        ("RPM004", "error", C, "is on none of the media; needed by " + RPM, where, FULLER),
    ]
    assert [each.soname for each in found.libraries] == [A]


def test_what_is_of_the_c_library_is_the_releases_own(shelf):
    """libcrypt is on EL 7, and a package of its own elsewhere; libc is everywhere."""
    lib, versions = "libcrypt.so.1", ("CRYPT_9",)
    shelf.add("libxcrypt", lib, defines=versions)
    asked = {lib: versions, "libc.so.6": ("GLIBC_2.99",)}
    with Supply([medium.of(shelf.done())], SERVER) as supply:
        for name, taken in (("el7", []), ("kylin11", [lib]), ("unheard-of", [])):
            found = unpack(asked, HERE, supply, releases.of(0, name))
            assert [each.soname for each in found.libraries] == taken
            assert sorted(each.subject for each in found.findings) == sorted({*asked} - {*taken})


def test_a_weak_version_is_not_asked_for(shelf):
    """The loader does without it; nor is a name with a slash, which is a path."""
    shelf.add("a", A, needed=[B, "/opt/libx.so"], weak={B: ["B_9"]})
    shelf.add("b", B, defines=["B_1"])
    found = haul(shelf.done(), [A])
    assert ([each.soname for each in found.libraries], found.findings) == ([B, A], ())


def test_a_library_without_versions_has_them_all(shelf):
    """dl-version.c: only one that defines any can lack one."""
    shelf.add("a", A)
    assert [each.soname for each in haul(shelf.done(), {A: ("A_1",)}).libraries] == [A]


def test_damage_counts_more_than_what_this_machine_cannot_do(shelf, monkeypatch, tmp_path):
    """One error with all findings; its kind decides the exit code."""
    monkeypatch.setenv("PATH", str(tmp_path))
    shelf.add("a", A, compressor="zstd")
    flip(shelf.add("b", B))
    error = refused(shelf.done(), [A, B])
    assert isinstance(error, IntegrityError)
    assert error.message == "an RPM from disc cannot be used"
    assert [(each.code, each.subject, each.fix) for each in error.findings] == [
        ("RPM008", RPM, "yum install rpm, which has rpm2cpio"),
        ("RPM001", "b-1.0-1.el7.x86_64", COPY),
    ]


@pytest.mark.parametrize("arch", ["i686", "aarch64"])
def test_an_rpm_for_another_architecture_under_this_name(shelf, arch):
    """What is in the file has to be what the metadata says."""
    data = rpm_maker.rpm("a", {"./usr/lib64/" + A: build(soname=A)}, arch=arch)
    shelf.put("a", data, [A + "()(64bit)"])
    message = "contains a-1.0-1.el7.{} instead".format(arch)
    assert words_of(refused(shelf.done(), [A]))[2][3] == message


# --- which file of a package ---------------------------------------------------------------

ARCH = reader.read(build()).arch


def picked(files, links=(), soname=A):
    found = pick.pick(Contents(files, dict(links)), soname, ARCH)
    return None if found is None else (found.path, found.data == files[found.path], found.elf.soname)


def test_which_file_is_taken_for_a_name():
    """What is called so, however deep; else by its DT_SONAME, the least deep first."""
    named, other = build(soname=A), build(soname="libother.so")
    deep, flat = "usr/lib64/sse2/" + A, "usr/lib64/x.so"
    assert picked({flat: named, deep: other}) == (deep, True, "libother.so")
    assert picked({"usr/lib64/sse2/x.so": named, flat: named}) == (flat, True, A)
    assert picked({flat: other}) is None
    assert picked({flat: named, "usr/lib64/real": other}, {"usr/lib64/" + A: "real"}) == (
        "usr/lib64/real",
        True,
        "libother.so",
    )


def test_files_that_are_not_taken():
    """No ELF file, and one for another machine; what comes after is looked at."""
    first, second = "usr/lib64/" + A, "usr/lib64/z.so"
    for harm in (b"text", build(soname=A, bits=32, machine=3), build(soname=A, machine=183)):
        assert picked({first: harm}) is None
        assert picked({first: harm, second: build(soname=A)}) == (second, True, A)


# --- what this server has ------------------------------------------------------------------


def test_an_interpreter_that_is_no_program(tmp_path):
    path = str(tmp_path / "python")
    with open(path, "w") as sink:
        sink.write("#!/bin/sh\n")
    with pytest.raises(EnvironmentProblem) as caught:
        Here(path, Tree("/"))
    assert caught.value.message == path + " is not an ELF program: no ELF header"


@pytest.fixture
def bare(tmp_path):
    """A server with a libz, the loader's cache empty; and an interpreter that loads libown from its RPATH."""
    server = Server(tmp_path / "root")
    server.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    server.library("libz.so.1", defines=["ZLIB_1", "ZLIB_2"])
    server.library("libplain.so.1")
    server.library("libown.so.1", "/usr/local/own")
    program = build(needed=["libc.so.6", "libown.so.1"], rpath="/usr/local/own", interpreter=LDSO, kind=2)
    server.put("/usr/local/bin/python3.6", program)
    return server


@pytest.mark.parametrize(
    ("soname", "versions", "lacks"),
    [
        ("libz.so.1", (), False),
        ("libz.so.1", ("ZLIB_1", "ZLIB_2"), False),
        ("libz.so.1", ("ZLIB_1", "ZLIB_3"), True),
        ("libz.so.1", ("",), False),
        ("libplain.so.1", ("X_1",), False),
        ("libnone.so.1", (), True),
        ("libown.so.1", (), False),
        ("ld-linux-x86-64.so.2", (), False),
    ],
)
def test_what_a_server_has(bare, soname, versions, lacks):
    """Where the loader looks, and what the interpreter has loaded from wherever."""
    here = Here("/usr/local/bin/python3.6", Tree(bare.root))
    assert here.lacks(soname, versions) is lacks
    wanted = Checklist((Library(soname, versions, (), "", False),))
    assert here.lacking(wanted) == ({soname: versions} if lacks else {})
    if len(versions) == 1:
        assert here.lacks_capability("{}({})(64bit)".format(soname, versions[0])) is lacks
    assert (here.machine, here.arch) == ("x86_64", ARCH)


def test_versions_that_files_ask_for(tmp_path):
    """Of all who miss a library, each version once and in order; weak ones are not counted."""
    for name, fields in (
        ("a", {"needs": {A: ["A_2", "A_1"], B: ["B_1"]}}),
        ("b", {"needs": {A: ["A_3", "A_1"]}, "weak": {A: ["A_9"]}}),
    ):
        (tmp_path / name).write_bytes(build(needed=[A, B], **fields))
    missing = [
        SimpleNamespace(name=A, needed_by=str(tmp_path / "a")),
        SimpleNamespace(name=A, needed_by=str(tmp_path / "b")),
        SimpleNamespace(name=C, needed_by=str(tmp_path / "gone")),
        SimpleNamespace(name=B, needed_by=str(tmp_path / "a")),
    ]
    assert here.versions_asked(Tree("/"), missing) == {A: ("A_1", "A_2", "A_3"), C: (), B: ("B_1",)}


# --- what an earlier generation has --------------------------------------------------------


def generation(tmp_path, number, *libraries):
    where = str(tmp_path / number)
    vendor.put(where, libraries)
    return SimpleNamespace(path=where, id=number)


def inherited(existing, wanted):
    found = reuse.reuse(existing, wanted, HERE)
    return [(each.soname, each.medium) for each in found.libraries], found.left


def test_the_newest_generation_that_has_it(tmp_path):
    """What each has not is looked for in an older one; what none has is left."""
    old = generation(tmp_path, "0001", taken(A)._replace(medium="old"), taken(B)._replace(medium="old"))
    new = generation(tmp_path, "0002", taken(B)._replace(medium="new"))
    for existing in ([old, new], [new, old]):
        assert inherited(existing, {A: (), B: (), C: ("C_1",)}) == (
            [(B, "new"), (A, "old")],
            {C: ("C_1",)},
        )


def test_with_all_that_it_needs(tmp_path):
    """Each after what it needs, once; circles end; what the server has is not copied."""
    one = generation(tmp_path, "0001", taken(A, [B, C, "libc.so.6", "", "/x.so"]), taken(B, [C, A]), taken(C))
    assert inherited([one], {A: (), B: ()}) == ([(C, "disc"), (B, "disc"), (A, "disc")], {})


def test_what_a_generation_has_only_in_part(tmp_path):
    """A need that is not beside it, another machine's, a version that it does not define."""
    one = generation(
        tmp_path,
        "0001",
        taken(A, [B]),
        taken(C, bits=32, machine=3),
        taken("libofftest-d.so.1", defines=["D_1"]),
        taken("libofftest-e.so.1", ["libofftest-d.so.1"], needs={"libofftest-d.so.1": ["D_2"]}),
        taken("libofftest-f.so.1", ["libofftest-d.so.1"], weak={"libofftest-d.so.1": ["D_2"]}),
        taken("libofftest-g.so.1"),
    )
    left = {A: (), C: (), "libofftest-d.so.1": ("D_2",), "libofftest-e.so.1": ()}
    asked = dict(left, **{"libofftest-f.so.1": (), "libofftest-g.so.1": ("G_1",)})
    found, lost = inherited([one], asked)
    assert ([soname for soname, _ in found], lost) == (
        ["libofftest-d.so.1", "libofftest-f.so.1", "libofftest-g.so.1"],
        left,
    )


def test_no_file_that_was_exchanged_while_it_was_read(tmp_path, monkeypatch):
    """What is taken has the hash that is written."""
    one = generation(tmp_path, "0001", taken(A))
    with open(os.path.join(one.path, "offkit", "lib64", A), "ab") as sink:
        sink.write(b"x")
    monkeypatch.setattr(record, "altered", lambda *asked: [])
    assert inherited([one], {A: ()}) == ([], {A: ()})


# --- the list and the interpreter ----------------------------------------------------------


def test_the_list_as_it_is_written(tmp_path):
    """The format is a contract: an older offkit reads it, and people do."""
    where = str(tmp_path)
    with files.umask():  # as an installation has it
        vendor.put(where, [taken(A)])
    path = os.path.join(where, "offkit", "libraries.json")
    data = build(soname=A)
    with open(path) as source:
        text = source.read()
    assert json.loads(text) == {
        "schema": "offkit/libraries-1",
        "libraries": [
            {
                "soname": A,
                "rpm": "rpm-1",
                "path": "usr/lib64/x",
                "medium": "disc",
                "sha256": hashlib.sha256(data).hexdigest(),
                "size": len(data),
                "signature": "key 1",
            }
        ],
        "preloaded": [],
    }
    assert text.startswith('{\n "')
    assert text.endswith("}\n")
    assert os.stat(path).st_mode & 0o777 == 0o644
    library = os.path.join(where, "offkit", "lib64", A)
    assert os.stat(library).st_mode & 0o777 == 0o755
    vendor.put(where, [])  # where nothing is added, all stays
    assert [each.soname for each in record.read(Tree("/"), where).entries] == [A]


def test_what_python_loads_first(tmp_path):
    """Written into the first site-packages alone; the list knows, and a later call takes its place."""
    where, sites = str(tmp_path / "env"), [str(tmp_path / name) for name in ("one", "two")]
    for place in sites:
        os.mkdir(place)
    vendor.put(where, [taken(A), taken(B)])
    vendor.preload(where, sites, [B])
    vendor.preload(where, sites, [B, A])
    assert sorted(os.listdir(sites[0])) == ["_offkit_libraries.py", "offkit-libraries.pth"]
    assert os.listdir(sites[1]) == []
    for name in os.listdir(sites[0]):
        assert os.stat(os.path.join(sites[0], name)).st_mode & 0o777 == 0o644
    with open(os.path.join(sites[0], "offkit-libraries.pth")) as source:
        assert source.read() == "import _offkit_libraries\n"
    with open(os.path.join(sites[0], "_offkit_libraries.py")) as source:
        text = source.read()
    assert "for _name in {!r}:".format((B, A)) in text
    assert "os.path.join(sys.prefix, *('offkit', 'lib64'), _name)" in text
    listed = record.read(Tree("/"), where)
    assert (listed.preloaded, [each.soname for each in listed.entries]) == ((B, A), [A, B])


def test_a_library_that_cannot_be_read(tmp_path, monkeypatch):
    """It is neither missing nor altered; those after it are looked at."""
    where = str(tmp_path)
    vendor.put(where, [taken(A), taken(B)])
    real = Tree.open
    with open(os.path.join(where, "offkit", "lib64", B), "ab") as sink:
        sink.write(b"x")

    def opened(self, path):
        if path.endswith(A):
            raise OSError(5, "Input/output error", path)
        return real(self, path)

    monkeypatch.setattr(Tree, "open", opened)
    listed = record.read(Tree("/"), where)
    assert [(each.soname, how) for each, how in record.altered(Tree("/"), where, listed)] == [
        (A, "cannot be read: Input/output error"),
        (B, "is altered"),
    ]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        ({"rpath": "$ORIGIN/../lib::/opt/x:${ORIGIN}"}, ["{here}/../lib", "/opt/x", "{here}"]),
        ({"rpath": "$ORIGINAL/x"}, ["$ORIGINAL/x"]),
        ({"runpath": "$ORIGIN/own:$ORIGIN/none:/nowhere"}, ["{here}/own"]),
        ({"runpath": "/nowhere", "rpath": "/opt/x"}, []),
    ],
)
def test_where_the_original_looked(tmp_path, fields, found):
    """All of a DT_RPATH; of a DT_RUNPATH, which goes first, what has a library that the program needs."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / A).write_bytes(b"")
    (tmp_path / "none").mkdir()
    elf = reader.read(build(needed=[A, B], **fields))
    places = vendor._directories(elf, str(tmp_path / "python"))
    assert places == [each.format(here=tmp_path) for each in found]


def test_an_original_in_a_directory_with_a_colon():
    """It cannot be written into a path; where nothing refers to it, it need not."""
    origin = "/opt/a:b/bin/python"
    with pytest.raises(ValueError, match=r"^is in a directory with a colon in its name$"):
        vendor._directories(reader.read(build(rpath="$ORIGIN/../lib")), origin)
    assert vendor._directories(reader.read(build(rpath="/opt/x")), origin) == ["/opt/x"]


def test_what_is_said_of_a_program_that_cannot_have_a_path(tmp_path):
    folder = tmp_path / "env" / "bin"
    folder.mkdir(parents=True)
    wrapper = str(tmp_path / "wrapper")
    with open(wrapper, "w") as sink:
        sink.write("#!/bin/sh\n")
    os.symlink(wrapper, str(folder / "python3"))
    with pytest.raises(EnvironmentProblem) as caught:
        vendor.own_interpreter(str(tmp_path / "env"))
    message = wrapper + " no ELF header, so no library path can be added to it"
    fix = "use another Python (--python PATH), or install the libraries as root"
    assert words_of(caught.value) == (
        EnvironmentProblem,
        "this Python cannot use libraries from RPMs",
        ("PY025", "error", wrapper, message, (wrapper,), fix),
    )
    assert os.listdir(str(folder)) == ["python3"]


def test_links_that_are_no_pythons_stay(tmp_path):
    """And so does an environment that has programs of its own already."""
    folder = tmp_path / "env" / "bin"
    folder.mkdir(parents=True)
    for name in ("pythonw", "python3-config", "xpython3"):
        os.symlink("/nowhere", str(folder / name))
    (folder / "python3").write_text("own")
    vendor.own_interpreter(str(tmp_path / "env"))
    assert sorted(os.listdir(str(folder))) == ["python3", "python3-config", "pythonw", "xpython3"]
    assert not (tmp_path / "env" / "offkit").exists()
    assert (folder / "python3").read_text() == "own"


@pytest.mark.parametrize("data", [b"junk", b""])
def test_what_is_no_rpm_at_all(shelf, data):
    """The metadata was made for it all the same."""
    shelf.put("a", data, [A + "()(64bit)"])
    kind, headline, (code, severity, subject, message, looked, fix) = words_of(refused(shelf.done(), [A]))
    assert (kind, headline) == (IntegrityError, "an RPM from disc cannot be used")
    assert (code, severity, subject, looked, fix) == ("RPM001", "error", RPM, ("disc",), COPY)
    assert message not in ("", "is damaged")
