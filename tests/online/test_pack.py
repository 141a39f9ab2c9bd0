"""Packing: one form of every bundle, nothing half-written, a runtime that is the same everywhere."""

import ast
import errno
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tokenize
import zipfile
from pathlib import Path

import pytest

import elf_maker
from offkit.edges import data, releases
from offkit.elf import refusals
from offkit.model import archive, manifest, release, sources
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, UsageError
from offkit.model.report import Reporter
from offkit.online.carry import bootstrap, runtime
from offkit.online.carry import pack as packing
from offkit.online.carry.pack import Source, _header, pack
from offkit.online.proof import forecast
from target_maker import preset

EL7 = preset("3.6")


def packed(out, *sources):
    return pack(out, sources, EL7, {}, 0, Reporter())


def test_order_is_the_layouts_and_the_manifest_is_second(tmp_path):
    """Whatever order the sources come in."""
    file = tmp_path / "b-1-py3-none-any.whl"
    file.write_bytes(b"wheel")
    sources = [
        Source("wheels/b", file),
        Source("wheels/a", b"a"),
        Source("offkit.pyz", b"p"),
        Source("install.sh", b"i"),
    ]
    one = packed(tmp_path / "1.tar", *sources)
    two = packed(tmp_path / "2.tar", *reversed(sources))
    assert one.path.read_bytes() == two.path.read_bytes()
    with tarfile.open(one.path) as tar:
        assert tar.getnames() == ["install.sh", "MANIFEST.json", "offkit.pyz", "wheels/a", "wheels/b"]
        assert manifest.load(tar.extractfile("MANIFEST.json").read()) == one.manifest
    assert one.size == os.path.getsize(one.path)


@pytest.mark.parametrize("path", ["../x", "unknown", "wheels/ü"])
def test_what_may_not_be_a_member(tmp_path, path):
    """Refused, and no file appears."""
    with pytest.raises((OffkitError, ValueError)):
        packed(tmp_path / "x.tar", Source("install.sh", b""), Source(path, b""))
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path):
    """Known before anything is downloaded."""
    with pytest.raises(EnvironmentProblem, match="does not exist"):
        packed(tmp_path / "nowhere" / "x.tar", Source("install.sh", b"i"))


@pytest.mark.parametrize(("often", "time"), [(1, 1), (1, 2), (packing._SYNCED, 1)])
def test_a_disk_that_refuses_what_was_written(tmp_path, monkeypatch, often, time):
    """Meanwhile or at the end: whenever it says so, there is no bundle."""
    times, real = [], os.fsync

    def fsync(handle):
        times.append(handle)
        if len(times) == time:
            raise OSError(errno.EIO, "Input/output error")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(packing, "_SYNCED", often)
    file = tmp_path / "b-1-py3-none-any.whl"
    file.write_bytes(b"x" * (3 * archive.CHUNK))
    place = tmp_path / "made"
    place.mkdir()
    with pytest.raises(EnvironmentProblem, match="Input/output error"):
        packed(place / "x.tar", Source("install.sh", b"i"), Source("wheels/b", file))
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("out", ["/dev/null", "-", "/tmp"])
def test_what_must_not_become_a_bundle(out):
    """A device is not replaced by a file."""
    with pytest.raises(UsageError):
        packed(Path(out), Source("install.sh", b"i"))
    assert os.path.exists("/dev/null")
    assert not os.path.isfile("/dev/null")


def test_a_symlink_is_followed(tmp_path):
    """The link stays one, its target is the bundle."""
    link = tmp_path / "link.tar"
    link.symlink_to("real.tar")
    packed(link, Source("install.sh", b"i"))
    assert link.is_symlink()
    assert tarfile.is_tarfile(tmp_path / "real.tar")


def test_an_existing_bundle_survives_a_failure(tmp_path):
    """The old one stays until the new one is whole."""
    out = tmp_path / "x.tar"
    packed(out, Source("install.sh", b"i"))
    before = out.read_bytes()
    lost = tmp_path / "lost.whl"
    lost.write_bytes(b"x")

    class Removing(Reporter):
        def bar(self, label, total, unit=""):
            lost.unlink()  # between planning and packing
            return super().bar(label, total, unit)

    with pytest.raises(EnvironmentProblem):
        pack(out, [Source("install.sh", b"j"), Source("wheels/lost.whl", lost)], EL7, {}, 0, Removing())
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar"]


def test_the_runtime_is_the_servers_zone_stored(tmp_path):
    """No online zone, no compression, no time, no byte-code; starts with a shebang and a __main__."""
    pyz = runtime.build([])
    assert pyz == runtime.build([])
    assert pyz.startswith(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(io.BytesIO(pyz)) as archive:
        names = archive.namelist()
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert "__main__.py" in names
    assert [name for name in names if name.endswith(".sh")] == [
        "offkit/server/bootstrap/probe.sh"
    ]  # of offkit probe
    with zipfile.ZipFile(io.BytesIO(pyz)) as archive:
        inside = [archive.read(name).decode("utf-8") for name in names if name.endswith(".py")]
    tables = {
        table for text in inside for table in re.findall(r'"(repo-config/[\w.-]+\.(?:csv|json))"', text)
    }
    assert sources.HEADERS in tables
    assert {"offkit/data/" + one for one in tables - {sources.HEADERS}} <= set(names)  # that is read at home
    of_releases = {"offkit/data/repo-config/releases/" + name for name in data.names(release.FOLDER)}
    assert of_releases == {name for name in names if name.startswith("offkit/data/repo-config/releases/")}
    assert "offkit/data/repo-config/releases/el7.json" in of_releases
    with zipfile.ZipFile(io.BytesIO(pyz)) as archive:
        texts = [archive.read(name).decode("ascii") for name in of_releases]
        libc = release.parse_libc(archive.read("offkit/data/" + release.LIBC).decode("ascii"))
        rows = release.parse_sonames(archive.read("offkit/data/" + release.SONAMES).decode("ascii"))
        rules = archive.read("offkit/data/" + refusals.TABLE).decode("ascii")
    assert release.order((release.parse(text, libc, rows) for text in texts), libc) == releases.known()
    assert refusals.parse(rules) == refusals.parse(data.read_text(refusals.TABLE))
    assert not [name for name in names if "online" in name or name.endswith(".pyc")]


def statements(source):
    """What runs of a module, each with its line: strings that are statements are none."""

    class Bare(ast.NodeTransformer):
        def generic_visit(self, node):
            super().generic_visit(node)
            body = getattr(node, "body", None)
            if isinstance(body, list) and isinstance(node, ast.stmt):
                first = body[0] if body else ast.Pass(lineno=documented[id(node)])
                node.body = body or [first]
            return node

        def visit_Expr(self, node):
            return (
                None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node
            )

    tree = ast.parse(source)
    documented = {id(node): node.body[0].lineno for node in ast.walk(tree)
                  if isinstance(node, ast.stmt) and isinstance(getattr(node, "body", None), list)}  # fmt: skip
    tree = Bare().visit(tree)
    return ast.dump(tree), [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)]


def test_modules_of_the_runtime_lack_words_alone():
    """Every module does what its source does, in the same lines; the docstring of a command is its help."""
    package = Path(runtime.__file__).parents[2]
    with zipfile.ZipFile(io.BytesIO(runtime.build([]))) as archive:
        modules = [name for name in archive.namelist() if name.startswith("offkit/") and name.endswith(".py")]
        assert len(modules) > 200
        for name in modules:
            source = (package.parent / name).read_text("utf-8")
            lean = archive.read(name).decode("utf-8")
            assert statements(lean) == statements(source), name
            tokens = tokenize.generate_tokens(io.StringIO(lean).readline)
            assert not [one for one in tokens if one.type == tokenize.COMMENT], name
            if "/cli/" in name:
                assert ast.dump(ast.parse(lean)) == ast.dump(ast.parse(source)), name


@pytest.mark.parametrize(
    ("source", "lean"),
    [
        ('"""D\n\nd"""\n\nx = "#"  # c\n', '\n\n\n\nx = "#"\n'),
        ('def f():\n    # c\n    """D"""  # c\n    return 1\n', "def f():\n\n\n    return 1\n"),
        (
            'class E(Exception):\n    """D\n    d"""\n\n\ny = 1\n',
            "class E(Exception):\n    pass\n\n\n\ny = 1\n",
        ),
        ('f(\n    "a",  # c\n    """b\n# b"""\n)\n', 'f(\n    "a",\n    """b\n# b"""\n)\n'),
        ('if x:\n    """D"""', "if x:\n    pass"),
        ('def f(): "D"\n', 'def f(): "D"\n'),
        ("x = 'it\\'s #1'  # c\ny = \"'\" '#'\n", "x = 'it\\'s #1'\ny = \"'\" '#'\n"),
        ('x = 1; "D"\n"D"; x = 2\n', 'x = 1; "D"\n"D"; x = 2\n'),
        ('x = \\\n"D"\n"D" \\\n"E"\n', 'x = \\\n"D"\n"D" \\\n"E"\n'),
        ('def f():\n    x = 1\n    "D"\n', "def f():\n    x = 1\n\n"),
        ('class A:\n    "D"\n# c\n    x = 1\n', "class A:\n\n\n    x = 1\n"),
        ('if x:\n    if y:\n        "D"\n    # c\nz = 1\n', "if x:\n    if y:\n        pass\n\nz = 1\n"),
    ],
)
def test_what_is_left_of_a_module(source, lean):
    """Comments and docstrings go, lines stay, and a body is never left empty."""
    assert runtime._lean("offkit/a.py", source.encode()).decode() == lean
    assert runtime._lean("offkit/a.csv", source.encode()).decode() == source


def test_what_no_command_needs_of_the_packages_stays_at_home(tmp_path):
    """Whole packages with their licences, and modules."""
    members = dict.fromkeys(["click/core.py", "click/testing.py", "typer/rich_utils.py", "zipp.py",
                             "zipp-3.6.0.dist-info/LICENSE", "importlib_metadata/__init__.py"], b"x = 1\n")  # fmt: skip
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, contents in members.items():
            archive.writestr(name, contents)
    assert [name for name, _ in runtime._modules(wheel)] == ["click/core.py"]


def wheel_of(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, contents in members.items():
            archive.writestr(name.replace("__", "/"), contents)
    return path


@pytest.mark.parametrize(("room", "place"), [("offkit.theatre", b"@FRAMES@"), ("offkit.fleet", b"@BODY@")])
def test_a_page_can_be_written_from_the_runtime(tmp_path, room, place):
    """What is no Python travels along, and is found inside the archive."""
    (tmp_path / "offkit.pyz").write_bytes(runtime.build([]))
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import pkgutil; "
        "print(pkgutil.get_data(sys.argv[2], 'page.html').decode())"
    )
    command = [sys.executable, "-I", "-c", script, str(tmp_path / "offkit.pyz"), room]
    done = subprocess.run(command, capture_output=True, check=True)
    assert place in done.stdout


def test_forecast_knows_what_the_wheels_bring_themselves(tmp_path):
    """libfoo comes in another wheel, libSM from the server; who needs it and its RPM are named."""
    one = wheel_of(
        tmp_path / "one-1-py3-none-any.whl",
        **{"one__a.so": elf_maker.build(needed=["libfoo.so.1", "libSM.so.6"]), "one__readme.so": b"text"},
    )
    two = wheel_of(
        tmp_path / "two-1-py3-none-any.whl",
        **{"two.libs__libfoo-0f.so.1.1.1k": elf_maker.build(soname="libfoo.so.1")},
    )
    found = forecast.survey([one, two], EL7)
    (library,) = found.checklist.libraries
    assert (library.soname, library.rpm) == ("libSM.so.6", "libSM")
    assert library.needed_by == ("one-1-py3-none-any.whl: one/a.so",)
    assert found.findings == []


def test_a_member_that_a_bundle_cannot_hold(tmp_path):
    """By its name or by its size: it is told, and no half bundle stays."""
    with pytest.raises(OffkitError, match="cannot be the name of a bundle member"):
        packed(tmp_path / "bundle.tar", Source("install.sh", b""), Source("wheels/\u00fc.whl", b""))
    assert os.listdir(tmp_path) == []
    with pytest.raises(OffkitError, match=r"^wheels/a.whl cannot be stored: "):
        _header("wheels/a.whl", archive.MAX_SIZE + 1)


def test_forecast_notices_a_lying_tag(tmp_path):
    """A manylinux1 name over an ELF file that wants a newer glibc than the server has."""
    elf = elf_maker.build(needed=["libc.so.6"], needs={"libc.so.6": ["GLIBC_2.17", "GLIBC_2.28"]})
    liar = wheel_of(tmp_path / "liar-1-cp36-cp36m-manylinux1_x86_64.whl", liar__x=b"", **{"liar__a.so": elf})
    (finding,) = forecast.survey([liar], EL7).findings
    assert (finding.code, finding.subject) == ("LIB002", "libc.so.6")
    assert "GLIBC_2.28" in finding.message
    assert "2.17" in finding.message


def test_forecast_refuses_what_is_no_wheel(tmp_path):
    """All of them, by name."""
    for name in ("a.whl", "b.whl"):
        (tmp_path / name).write_bytes(b"not a zip")
    with pytest.raises(IntegrityError) as caught:
        forecast.survey([tmp_path / "a.whl", tmp_path / "b.whl"], EL7)
    assert [finding.subject for finding in caught.value.findings] == ["a.whl", "b.whl"]


def test_install_sh_carries_its_own_checksum():
    """Its last line vouches for all lines before it; no placeholder is left."""
    text = bootstrap.seal(bootstrap.script(EL7, b"pyz"), 20480, hashlib.sha256(b"rest").hexdigest())
    body, _, last = text.rstrip(b"\n").rpartition(b"\n")
    assert last == b"# sha256 " + hashlib.sha256(body + b"\n").hexdigest().encode("ascii")
    assert b"@OFFKIT" not in text
    assert b"OFFKIT_REST_OFFSET=000000020480\n" in text
    assert b"OFFKIT_REST_SHA256=" + hashlib.sha256(b"rest").hexdigest().encode("ascii") + b"\n" in text
    assert len(text) == len(bootstrap.script(EL7, b"pyz"))


def elf(path, name, **fields):
    """A wheel of one shared object at ``path``."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, elf_maker.build(**fields))
    return path


def test_what_the_forecast_counts(tmp_path):
    """Names that a wheel offers are not looked for; who needs what, and in which versions, in their order."""
    needs = {"libx.so.1": ["X_2.9", "X_2.17", "X_2.10"]}
    wheels = [
        elf(
            tmp_path / "a-1-py3-none-any.whl", "a/a.so", soname="liba.so.1", needed=["libx.so.1"], needs=needs
        ),
        elf(
            tmp_path / "b-1-py3-none-any.whl",
            "b-1.data/scripts/tool",
            needed=["liba.so.1", "a.so", "libx.so.1"],
        ),
        elf(tmp_path / "c-1-py3-none-any.whl", "c/data.bin", needed=["libnever.so.1"]),
    ]
    found = forecast.survey(wheels, EL7)
    (library,) = found.checklist.libraries
    assert (library.soname, library.in_bundle) == ("libx.so.1", False)
    assert library.versions == ("X_2.9", "X_2.10", "X_2.17")
    assert library.needed_by == (
        "a-1-py3-none-any.whl: a/a.so",
        "b-1-py3-none-any.whl: b-1.data/scripts/tool",
    )
    assert found.findings == []
    size = 0
    for path in wheels:
        with zipfile.ZipFile(path) as archive:
            size += sum(member.file_size for member in archive.infolist())
    assert found.installed_size == size


@pytest.mark.parametrize(
    ("version", "fits"),
    [("GLIBC_2.17", True), ("GLIBC_2.18", False), ("GLIBC_3.0", False), ("GLIBC_PRIVATE", True)],
)
def test_a_glibc_that_the_target_has(tmp_path, version, fits):
    """Up to its own, and no newer; what has no number is not compared."""
    wheel = elf(
        tmp_path / "a-1-py3-none-any.whl", "a.so", needed=["libc.so.6"], needs={"libc.so.6": [version]}
    )
    found = forecast.survey([wheel], EL7).findings
    assert [(one.code, one.severity, one.subject) for one in found] == (
        [] if fits else [("LIB002", "error", "libc.so.6")]
    )


def test_a_hash_that_is_known_is_not_reckoned_again(tmp_path):
    """The same tar; what was checked a moment ago is believed."""
    wheel = tmp_path / "a.whl"
    wheel.write_bytes(b"wheel")
    digest = hashlib.sha256(b"wheel").hexdigest()
    made = [
        pack(tmp_path / str(number), [Source("install.sh", b"i"), Source("wheels/a.whl", wheel, known)], preset(), {}, 0, Reporter())
        for number, known in enumerate(("", digest))
    ]  # fmt: skip
    assert made[0].sha256 == made[1].sha256
    assert made[1].manifest.members[1].sha256 == digest
