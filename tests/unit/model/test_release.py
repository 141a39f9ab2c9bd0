"""Releases as values: how a file is read, and what is asked of all of them."""

import json
import zipfile

import pytest

from offkit.edges import data
from offkit.model import release, target, toolchain

LEAST = {"name": "x", "os_release": {"ids": ["X"], "version": "1"}, "glibc": "2.31"}
PYTHON = {
    "version": "3.9.2",
    "since": "8.4",
    "install": ["p"],
    "payload": ["p", "p-libs"],
    "libs": "p-libs",
    "tkinter": "p-tk",
    "devel": "p-devel",
    "media": "the DVD",
}


def made(**facts):
    return release.parse(json.dumps(dict(LEAST, **facts)))


def enterprise(el, **facts):
    return made(
        name="el{}".format(el), el=el, os_release={"ids": ["rhel", "ol"], "version": str(el)}, **facts
    )


def test_libraries_that_wheels_want():
    """A column for each release: a package, none, one that is in EPEL, or nothing known; the release's own
    file counts more, and a release without a column has none of it."""
    table = "soname,el8,source\na,liba,x\nb,-,x\nc,epel/libc,x\nd,,x\ne,libe,x\n"
    text = json.dumps(dict(LEAST, name="el8", el=8, sonames={"e": "own"}))
    found = release.parse(text, (), release.parse_sonames(table))
    assert found.sonames == {"a": "liba", "b": None, "c": None, "e": "own"}
    assert found.elsewhere == {"c": "libc from EPEL 8; it is not on the ISO"}
    assert release.parse(json.dumps(LEAST), (), release.parse_sonames(table)).sonames == {}


def test_a_file_with_the_least():
    """What it does not say is empty."""
    found = made()
    assert found == release.UNKNOWN._replace(name="x", ids=("X",), version="1", glibc=(2, 31))
    assert (found.el, found.python, found.sonames, found.media) == (0, "", {}, release.Media())
    assert found.module("ssl") == release.Module((), (), (), None)


def test_a_file_with_everything():
    found = made(
        el=8,
        aliases=["y"],
        kernel="4.18.0",
        python="3.9",
        pythons={"3.9": PYTHON},
        toolchain={"gcc": "8.5.0"},
        locale="C.UTF-8",
        sonames={"a.so.1": "a", "b.so.1": None},
        elsewhere={"b.so.1": "EPEL"},
        modules={
            "ssl": {"sonames": ["a.so.1"], "runtime": ["a"], "devel": ["a-devel"]},
            "zlib": {"sonames": [], "runtime": [], "devel": [], "newer": {"since": "3.10", "note": "more"}},
        },
        headers={"a.h": "a-devel"},
        devel_repository="CRB",
        minimal=["a"],
        keys={"X": ["KEY", "KEY-PQC"]},
        media={
            "what": "W",
            "disc": "D",
            "key": "K",
            "repositories": [{"id": "i", "name": "n", "folder": "F"}],
        },
    )
    python = ("3.9.2", "8.4", ("p",), ("p", "p-libs"), "p-libs", "the DVD", "p-tk", "p-devel")
    assert found.pythons["3.9"] == python
    assert (found.sonames, found.elsewhere) == ({"a.so.1": "a", "b.so.1": None}, {"b.so.1": "EPEL"})
    assert found.module("ssl") == (("a.so.1",), ("a",), ("a-devel",), None)
    assert found.module("zlib").newer == ((3, 10), "more")
    assert found.media == ("W", "D", "K", (("i", "n", "F"),))
    assert (found.aliases, found.minimal, found.keys, found.locale) == (
        ("y",),
        ("a",),
        {"X": ("KEY", "KEY-PQC")},
        "C.UTF-8",
    )
    assert found.headers == {"a.h": "a-devel"}
    assert (found.el, found.kernel, found.python, found.devel_repository) == (8, "4.18.0", "3.9", "CRB")


def test_what_is_glibcs_everywhere():
    """By the glibc of each release; what its own file says comes first, and unknown ones have all of it."""
    libc = release.parse_libc("soname,since,source\nlibc.so.6,,x\nlibmvec.so.1,2.22,x\n")
    old, new = (release.parse(json.dumps(dict(LEAST, glibc=glibc)), libc) for glibc in ("2.17", "2.22"))
    assert old.sonames == {"libc.so.6": "glibc", "libmvec.so.1": None}
    assert new.sonames == {"libc.so.6": "glibc", "libmvec.so.1": "glibc"}
    own = release.parse(json.dumps(dict(LEAST, sonames={"libmvec.so.1": "more"})), libc)
    assert own.sonames == {"libc.so.6": "glibc", "libmvec.so.1": "more"}
    known = release.order([old], libc)
    assert known.of(8) == known.told({}) == release.UNKNOWN._replace(sonames=new.sonames)


@pytest.mark.parametrize(
    "text",
    ["", "{}", json.dumps(dict(LEAST, glibc="2")), json.dumps(dict(LEAST, pythons={"3.9": {"no": 1}}))],
)
def test_what_is_no_release(text):
    with pytest.raises((ValueError, KeyError, TypeError)):
        release.parse(text)


def test_all_of_them():
    """Enterprise Linux first, by its age; what is asked of all is the sum."""
    bases = [{"id": "a", "name": "a", "folder": "A"}, {"id": "b", "name": "b", "folder": ""}]
    eight = enterprise(8, pythons={"3.9": PYTHON}, sonames={"a.so": "a", "b.so": None})
    ten = enterprise(10, pythons={"3.9": PYTHON}, media={"repositories": bases}, sonames={"a.so": "c"})
    seven, other = enterprise(7, aliases=["centos7"]), made(glibc="2.17")
    known = release.order([ten, other, eight, seven])
    assert known.all == (seven, eight, ten, other)
    assert [known.of(el) for el in (7, 9, 10, 0)] == [seven, release.UNKNOWN, ten, release.UNKNOWN]
    assert [known.named(name) for name in ("EL8", "CentOS7", "x", "y")] == [
        eight,
        seven,
        other,
        release.UNKNOWN,
    ]
    assert known.shipping("3.9") == [eight, ten]
    assert (known.packages, known.folders) == ({"a", "c"}, ("A",))


@pytest.mark.parametrize(
    ("identity", "version", "major"),
    [("rhel", "8", 8), ("ol", "8.9", 8), ("rhel", "11.0", 11), ("rhel", "", 0), ("rhel", "V8", 0), ("X", "8", 0), ("", "8", 0)],
)  # fmt: skip
def test_the_major(identity, version, major):
    """Of a release without a file too, as long as its distribution has one; of no other distribution."""
    known = release.order([enterprise(8), made()])
    assert known.el_major({"ID": identity, "VERSION_ID": version}) == major
    assert known.el_major({}) == 0


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("EL8", "el8"), ("el-8", "el8"), ("rhel8.10", "el8"), ("RHEL_8.10", "el8"), ("CentOS-Stream 8", "el8"), ("x", "x"),
        ("V10", "v10"), ("v10-SP3", "v10"), ("v10.1", "v10"), ("v100", ""), ("el80", ""), ("el8.", ""), ("el8.x", ""), ("", ""),
    ],
)  # fmt: skip
def test_names(name, meant):
    """In any case, with any hyphens, and with a minor release or a service pack."""
    known = release.order(
        [enterprise(8, aliases=["rhel8", "centosstream8"]), made(), made(name="v10", glibc="2.28")]
    )
    assert known.named(name).name == meant
    assert known.of(0, name).name == meant
    assert known.of(8, name).name == "el8"
    assert known.of(9, name).name == ""


def test_names_that_are_near():
    """The most similar first."""
    known = release.order([enterprise(8, aliases=["rocky8", "alma8"]), made()])
    assert known.near("rokcy-8") == ["rocky8"]
    assert known.near("debian12") == []
    for slip in ("roky8", "rockyy8", "rocly-8", "rocky9"):
        assert known.near(slip) == ["rocky8"]
    assert known.near("almma8") == ["alma8"]
    assert known.near("calma8") == known.near("almalinux8") == []


def test_a_server_says_what_it_is():
    """By ID and VERSION_ID, or what that begins with; an ID of two kinds of systems is none of the others."""
    eight = enterprise(8)
    other = made(name="ol23", os_release={"ids": ["ol"], "version": "23"})
    known = release.order([other, eight])
    rows = [("ol", "8.9", "el8", 8), ("ol", "23", "ol23", 0), ("ol", "23.1", "ol23", 0), ("ol", "9", "", 0),
            ("rhel", "9", "", 9), ("rhel", "80", "", 80), ("x", "8", "", 0), ("ol", "", "", 0)]  # fmt: skip
    for identity, version, name, major in rows:
        said = {"ID": identity, "VERSION_ID": version}
        assert (known.told(said).name, known.el_major(said)) == (name, major)


def test_keys_of_a_distribution():
    """In their order; for an ID that nobody knows the first of each distribution, then the second ones."""
    keys = {"b": ("B", "A-PQC"), "a": ("A",), "c": ("A",)}
    assert release.told_keys(keys) == [("A", "a"), ("A", "c"), ("B", "b"), ("A-PQC", "b")]
    assert release.own_keys(keys, "b") == ["B", "A-PQC"]
    assert release.own_keys(keys, "z") == ["A", "B", "A-PQC"]
    assert release.medium_key(keys, ["A-PQC", "B"]) == "B"


@pytest.mark.parametrize(
    ("series", "versions", "lacks"),
    [
        ((3, 9), {"OpenSSL": "1.0.2k"}, []),
        ((3, 10), {"OpenSSL": "1.0.2k"}, ["OpenSSL 1.0.2k"]),
        ((3, 10), {"OpenSSL": "1.1.1k"}, []),
        ((3, 13), {"OpenSSL": "3.0.7", "gcc": "4.8.5", "SQLite": "3.7.17"}, ["gcc 4.8.5", "SQLite 3.7.17"]),
        ((3, 13), {}, []),
    ],
)
def test_what_a_release_lacks(series, versions, lacks):
    """A version that is not known lacks nothing."""
    found = toolchain.lacks(series, enterprise(7, toolchain=versions))
    assert [has for _, has in found] == lacks


@pytest.mark.parametrize(
    ("series", "versions", "oldest", "below"),
    [
        ((3, 9), {"OpenSSL": "1.0.2k"}, "1.1.1", "1.0.2k"),
        ((3, 10), {"OpenSSL": "1.0.2k"}, "1.1.1", ""),
        ((3, 9), {"OpenSSL": "1.1.1k"}, "1.1.1", ""),
        ((3, 10), {"OpenSSL": "1.1.1k"}, "3", "1.1.1k"),
        ((3, 9), {}, "1.1.1", ""),
    ],
)
def test_an_openssl_that_a_python_gets(series, versions, oldest, below):
    """Where it is compiled there, which it is not where it wants a newer one itself."""
    assert toolchain.openssl_below(series, enterprise(7, toolchain=versions), oldest) == below


def test_a_python_that_none_ships():
    """Goes to the oldest that can compile it; to the newest where none is known to."""
    old, new = enterprise(7, toolchain={"OpenSSL": "1.0.2"}), enterprise(8)
    known = release.order([old, new])
    assert [target.preset(known, "3." + minor).name for minor in ("9", "10")] == ["el7", "el8"]
    assert target.preset(release.order([old]), "3.10").name == "el7"


def test_names_of_data_files(tmp_path, monkeypatch):
    """Those of a checkout, and of an archive that offkit runs from."""
    assert "el7.json" in data.names(release.FOLDER)
    with zipfile.ZipFile(str(tmp_path / "a.pyz"), "w") as archive:
        for name in (
            "offkit/data/t/b.json",
            "offkit/data/t/a.json",
            "offkit/data/t/c",
            "offkit/data/tt",
            "offkit/data/t.json",
        ):
            archive.writestr(name, "")

    class Spec:
        class loader:
            archive = str(tmp_path / "a.pyz")

    monkeypatch.setattr(data, "__spec__", Spec)
    assert data.names("t") == ["a.json", "b.json"]
