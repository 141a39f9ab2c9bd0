"""A Python in the bundle: what is no source or build, what the target could not use, and the target's version."""

import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import elf_maker
import source_maker
from offkit.model import manifest
from offkit.model.errors import IntegrityError, OffkitError, RequestError, UsageError
from offkit.online.carry import bootstrap, pythons, tarball
from target_maker import preset

# An archive has the time in it, which would be another name for the same test in every process.
ARCHIVES = {"ids": lambda value: "archive" if isinstance(value, bytes) else None}
LOADER = "/lib64/ld-linux-x86-64.so.2"
SYSCONFIG = "lib/python{0}/_sysconfigdata_{1}_linux_x86_64-linux-gnu.py"


def archive(files, mode="w:gz", links=()):
    """A tarball of {path: text or bytes}; ``links`` are (path, target)."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=mode) as tar:
        for name, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            about = tarfile.TarInfo(name)
            about.size = len(data)
            tar.addfile(about, io.BytesIO(data))
        for name, target in links:
            about = tarfile.TarInfo(name)
            about.type, about.linkname = tarfile.SYMTYPE, target
            tar.addfile(about)
    return sink.getvalue()


def source(version="3.6.15", mode="w:gz", top="Python-X", **more):
    files = {
        f"{top}/configure": "#!/bin/sh\n",
        f"{top}/Include/patchlevel.h": source_maker.patchlevel(version),
    }
    return archive({**files, **more}, mode)


def build(version="3.9.18", soabi="cpython-39-x86_64-linux-gnu", glibc="GLIBC_2.17", links=(), **how):
    """A ready-made build, as an install_only archive is laid out."""
    series = ".".join(version.split(".")[:2])
    needs = {"libc.so.6": [glibc]}
    executable = elf_maker.build(**{"needed": ["libc.so.6"], "needs": needs, "interpreter": LOADER, **how})
    files = {
        f"python/bin/python{series}": executable,
        f"python/include/python{series}/patchlevel.h": source_maker.patchlevel(version),
        "python/" + SYSCONFIG.format(series, ""): f"build_time_vars = {{'SOABI': '{soabi}'}}\n",
        "python/README": "text",
    }
    return archive(files, links=[("python/bin/python3", f"python{series}"), *links])


@pytest.fixture
def put(tmp_path):
    def write(data, name="Python-3.6.15.tgz"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def findings(call):
    """{(code, message)} of what it raises."""
    with pytest.raises(OffkitError) as caught:
        call()
    return caught.value, [(one.code, one.message) for one in caught.value.findings]


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w"])
def test_a_source_is_known_by_its_contents(put, mode):
    """Its version is what Include/patchlevel.h says, whatever the file is called."""
    found = pythons.look(put(source("3.8.20", mode), "some-name.tar"), None).carried[0]
    assert (found.kind, found.version, found.series) == ("source", "3.8.20", "3.8")
    assert found.member == "python-source/some-name.tar"
    assert found.unpacked > 100


def test_a_source_packed_from_its_directory(put):
    """tar -C Python-X.Y.Z .. may begin with the directory itself."""
    whole = {"./": "", "./P/configure": "", "./P/Include/patchlevel.h": source_maker.patchlevel("3.8.20")}
    assert pythons.look(put(archive(whole)), None).carried[0].version == "3.8.20"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (archive({"a/b": "c"}), "it has no configure and no Include/patchlevel.h"),
        (
            archive({"a/configure": "", "b/Include/patchlevel.h": source_maker.patchlevel()}),
            "no single top directory",
        ),
        (archive({"a/configure": "", "a/Include/patchlevel.h": "int x;"}), "gives no version"),
        (b"not a tar at all" * 100, "it is not a tar archive"),
        (b"BZh91AY" + b"x" * 100, "compressed with bzip2"),
        (b"\x28\xb5\x2f\xfd" + b"x" * 100, "compressed with zstd"),
        (archive({"../x": "", "a/configure": ""}), "would write outside its directory (../x)"),
        (
            archive({"a/configure": ""}, links=[("a/x", "../../etc")]),
            "would write outside its directory (a/x)",
        ),
    ],
    **ARCHIVES,
)
def test_what_is_no_source(put, data, words):
    error, found = findings(lambda: pythons.look(put(data), None))
    assert isinstance(error, RequestError)
    assert [code for code, _ in found] == ["PY030"]
    assert words in found[0][1]


@pytest.mark.parametrize(
    ("name", "kind", "command"),
    [
        ("Python-3.8.20.tar.bz2", "bz2", "bzip2 -dc Python-3.8.20.tar.bz2 | gzip -9n >Python-3.8.20.tar.gz"),
        ("p.tbz2", "bz2", "bzip2 -dc p.tbz2 | gzip -9n >p.tar.gz"),
        ("p.tzst", "zst", "zstd -dc p.tzst | gzip -9n >p.tar.gz"),
        ("p.zst", "zst", "zstd -dc p.zst | gzip -9n >p.tar.gz"),
    ],
)
def test_how_to_pack_it_again(name, kind, command):
    """A command that can be typed as it is."""
    assert tarball.repack(Path(name), kind) == command + ", and give that"


def test_a_prerelease(put):
    text = (
        source_maker.patchlevel("3.13.0")
        .replace("LEVEL_FINAL", "LEVEL_BETA")
        .replace('"3.13.0"', '"3.13.0b1"')
    )
    _, found = findings(lambda: pythons.look(put(source(**{"Python-X/Include/patchlevel.h": text})), None))
    assert "is a pre-release (3.13.0b1)" in found[0][1]


@pytest.mark.parametrize("squeeze", [gzip.compress, lzma.compress])
def test_a_damaged_source(put, squeeze):
    """Cut short, or a flipped bit behind the last file: integrity, exit 3."""
    whole = squeeze(source(mode="w", **{"Python-X/README": "words " * 20000}))
    flipped = bytearray(whole)
    flipped[-6] ^= 1
    for data in (whole[:-20], whole[: len(whole) // 2], bytes(flipped)):
        error, found = findings(lambda data=data: pythons.look(put(data), None))
        assert isinstance(error, IntegrityError)
        assert [code for code, _ in found] == ["PY030"]
        assert "is damaged" in found[0][1]


@pytest.mark.parametrize("name", ["with space.tgz", "ü.tgz"])
def test_names_that_a_bundle_cannot_hold(put, name):
    with pytest.raises(UsageError, match="cannot hold a file named"):
        pythons.look(put(source(), name), None)


def test_files_that_are_none(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="--python-build"):
            pythons.look(None, path)


@pytest.mark.parametrize(
    ("given", "python", "exact", "expected"),
    [
        ("3.6.15", None, False, "3.6.8"),  # the bundle stays good for the distribution's own
        ("3.7.16", "3.7", False, "3.7.16"),  # lower than the preset's 3.7.17
        ("3.6.15", "3.6.15", True, "3.6.15"),
    ],
)
def test_the_target_is_no_newer_than_what_is_carried(put, given, python, exact, expected):
    """Packages for an older patch level run on a newer one, not the other way round."""
    read = pythons.look(put(source(given)), None)
    fitted, remarks = pythons.fit(preset(python or pythons.series(read)), read, exact)
    assert (fitted.python, remarks) == (expected, [])


@pytest.mark.parametrize(
    ("given", "python", "name", "exact", "codes", "words"),
    [
        ("3.6.4", "3.6.8", "el7", True, ["PY031"], "older than the 3.6.8"),
        ("3.8.20", "3.6", "el7", False, ["PY031"], "the bundle is for 3.6"),
        ("3.10.18", "3.10", "el7", False, ["PY032"], "OpenSSL 1.1.1 for ssl and hashlib; the ISO of el7 has OpenSSL 1.0.2k"),
        ("3.11.13", "3.11", "el7", False, ["PY032"] * 2, "a C11 compiler"),
        ("3.13.5", "3.13", "el7", False, ["PY032"] * 3, "SQLite 3.15.2"),
        ("3.12.1", "3.11", "el7", False, ["PY031", "PY032", "PY032"], "gcc 4.8.5"),
    ],
)  # fmt: skip
def test_a_source_that_the_target_cannot_use(put, given, python, name, exact, codes, words):
    """Said here, all of it, and not after an hour of compiling beyond the gap."""
    read = pythons.look(put(source(given)), None)
    _, found = findings(lambda: pythons.fit(preset(python, name), read, exact))
    assert [code for code, _ in found] == codes
    assert words in " ".join(message for _, message in found)


@pytest.mark.parametrize(("given", "name"), [("3.9.23", "el7"), ("3.11.13", "el8"), ("3.13.5", "el9")])
def test_a_source_that_it_can(put, given, name):
    read = pythons.look(put(source(given)), None)
    assert pythons.fit(preset(pythons.series(read), name), read, False)[1] == []


def test_a_python_that_el7_cannot_get_at_all():
    """A warning: the server may have it already."""
    _, remarks = pythons.fit(preset("3.11", "el7"), pythons.NONE, False)
    assert [(one.code, one.severity) for one in remarks] == [("PY032", "warning")]
    assert pythons.fit(preset("3.9", "el7"), pythons.NONE, False)[1] == []


def test_a_build(put):
    """Version, ABI and architecture are read from what is in it; nothing is executed."""
    read = pythons.look(None, put(build(), "cpython-3.9.18.tar.gz"))
    assert [(one.kind, one.version, one.member) for one in read.carried] == [
        ("build", "3.9.18", "python-build/cpython-3.9.18.tar.gz")
    ]
    target, remarks = pythons.fit(preset("3.9", "el8"), read, False)
    assert (target.python, remarks) == ("3.9.2", [])


@pytest.mark.parametrize(
    ("how", "name", "codes", "words"),
    [
        ({"glibc": "GLIBC_2.28"}, "el7", ["PY034"], "needs glibc 2.28 (bin/python3.9), el7 has 2.17"),
        ({"machine": 183}, "el8", ["PY033"], "is for aarch64, the target is x86_64"),
        ({"interpreter": "/lib/ld-musl-x86_64.so.1"}, "el8", ["PY033"], "not that of glibc"),
        ({"soabi": "cpython-39d-x86_64-linux-gnu"}, "el8", ["PY033"], "has the ABI cp39d"),
        ({"version": "3.8.2"}, "el8", ["PY031"], "is CPython 3.8.2, the bundle is for 3.9"),
        ({"glibc": "GLIBC_2.28", "machine": 183}, "el7", ["PY033", "PY034"], "aarch64"),
    ],
)
def test_a_build_that_the_target_cannot_use(put, how, name, codes, words):
    read = pythons.look(None, put(build(**how), "b.tar.gz"))
    _, found = findings(lambda: pythons.fit(preset("3.9", name), read, False))
    assert [code for code, _ in found] == codes
    assert words in " ".join(message for _, message in found)


def test_what_a_build_wants_from_the_server(put):
    """A library that a minimal installation lacks is a warning with its package."""
    read = pythons.look(None, put(build(needed=["libc.so.6", "libcrypt.so.1", "libz.so.1"]), "b.tar.gz"))
    _, remarks = pythons.fit(preset("3.9", "el9"), read, False)
    assert [(one.code, one.severity) for one in remarks] == [("PY035", "warning")]
    assert "needs libcrypt.so.1 from the server (libxcrypt-compat)" in remarks[0].message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (archive({"python/bin/python3.9": "#!/bin/sh\n"}), "no bin/pythonX.Y that is an ELF file"),
        (source(), "is not a ready-made build"),
        (build(links=[("python/x", "/etc/passwd")]), "would write outside its directory"),
    ],
    **ARCHIVES,
)
def test_what_is_no_build(put, data, words):
    _, found = findings(lambda: pythons.look(None, put(data, "b.tar.gz")))
    assert [code for code, _ in found] == ["PY030"]
    assert words in found[0][1]


def test_what_is_wrong_with_both(put):
    """At once."""
    both = [put(archive({"a/b": ""}), "one.tgz"), put(archive({"a/b": ""}), "two.tgz")]
    error, found = findings(lambda: pythons.look(*both))
    assert [code for code, _ in found] == ["PY030", "PY030"]
    assert {one.subject for one in error.findings} == {"one.tgz", "two.tgz"}


def test_install_sh_is_told(put):
    """Member, version, checksum and size; and what compiling that Python on that EL wants."""
    read = pythons.look(put(source()), put(build("3.6.15", "cpython-36m-x86_64-linux-gnu"), "b.tar.gz"))
    text = bootstrap.script(preset("3.6"), b"", read.carried).decode()
    values = dict(line.split("=", 1) for line in text.splitlines() if line.startswith("OFFKIT_"))
    for name, member, one in zip(
        ("SOURCE", "BUILD"), ("python-source/Python-3.6.15.tgz", "python-build/b.tar.gz"), reversed(read.carried),
        strict=True,
    ):  # fmt: skip
        assert values["OFFKIT_" + name].strip("'").split()[:3] == [member, "3.6.15", one.sha256]
    assert {"zlib-devel", "openssl-devel", "libffi-devel"} <= set(values["OFFKIT_DEVEL"].strip("'").split())
    assert "libuuid-devel" not in values["OFFKIT_DEVEL"]  # _uuid came with 3.7
    assert "ssl:openssl-devel" in values["OFFKIT_ESSENTIAL"]
    assert values["OFFKIT_SOURCE"] in text
    assert "@OFFKIT" not in text.replace("@OFFKIT_REST_SHA256", "")


def run(*argv):
    offkit = os.path.join(os.path.dirname(sys.executable), "offkit")
    return subprocess.run(
        [str(word) for word in (offkit, *argv)], capture_output=True, text=True, check=False
    )


@pytest.mark.network
def test_bundle_and_inspect(put, tmp_path):
    """One command packs it, and inspect shows it; verify vouches for it."""
    out = tmp_path / "bundle.tar"
    done = run("bundle", "idna==3.4", "--python-source", put(source()), "-o", out)
    assert done.returncode == 0, done.stderr
    assert "carries Python 3.6.15 (source, compiled on the server), for a server without one" in done.stdout
    with tarfile.open(out) as tar:
        names = tar.getnames()
        listing = manifest.load(tar.extractfile("MANIFEST.json").read())
    assert names.index("python-source/Python-3.6.15.tgz") < names.index("wheels/idna-3.4-py3-none-any.whl")
    assert listing.options["pythons"] == [
        {"kind": "source", "member": "python-source/Python-3.6.15.tgz", "version": "3.6.15"}
    ]
    assert "Python 3.6.15, its source (python-source/Python-3.6.15.tgz)" in run("inspect", out).stdout
    assert run("verify", out).returncode == 0


def test_nothing_is_downloaded_for_one_that_cannot_be_used(put, tmp_path):
    """Exit 1 with every finding, and no bundle."""
    out = tmp_path / "bundle.tar"
    done = run("bundle", "idna==3.4", "--target", "el7", "--python", "3.11", "--python-source", put(source("3.11.13")),
               "-o", out)  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("PY032") == 2
    assert not out.exists()
