"""What is said of the parts of a bundle before it is one: Pythons, wheels, libraries, places."""

import hashlib
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

import elf_maker
from offkit.cli import bundle_words
from offkit.edges import releases
from offkit.model.carried import BUILD, SOURCE, Carried
from offkit.model.checklist import Checklist
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, RequestError, UsageError
from offkit.model.finding import Finding
from offkit.model.release import told_keys
from offkit.model.report import Bar, Reporter
from offkit.online import bundle
from offkit.online.carry import bootstrap, pack, python_build, python_source, pythons, rpms, runtime
from offkit.online.carry.pack import Source
from offkit.online.carry.python_build import Build
from offkit.online.proof import by_reading, forecast
from offkit.online.request.locked import Request
from target_maker import preset

EL7, EL8 = preset("3.6"), preset("3.8", "el8")
LOADER = "/lib64/ld-linux-x86-64.so.2"


def carried(version, kind=BUILD, unpacked=2049):
    return Carried(kind, f"{kind}/p-{version}.tgz", version, "ab" * 32, unpacked)


def build(version="3.6.8", soabi="cpython-36m-x86_64-linux-gnu", **changed):
    whole = Build(carried(version), soabi, "x86_64", LOADER, (2, 17), "bin/python3.6", ())
    return whole._replace(**changed)


MACHINE = "use the archive for linux-gnu, not musl"


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, []),
        ({"loader": "/lib64/ld64.so.2"}, []),
        ({"arch": "aarch64", "loader": "none"},
         [("PY033", "error", "is for aarch64, the target is x86_64", "use the archive for that architecture")]),
        ({"loader": "/lib/ld-musl-x86_64.so.1"},
         [("PY033", "error", "its loader is /lib/ld-musl-x86_64.so.1, not that of glibc: el7 cannot start it", MACHINE)]),
        ({"loader": ""}, [("PY033", "error", "its loader is none, not that of glibc: el7 cannot start it", MACHINE)]),
        ({"soabi": "cpython-36dm-x86_64-linux-gnu"},
         [("PY033", "error", "has the ABI cp36dm, the wheels are for cp36m",
           "use an ordinary build, neither debug nor free-threaded")]),
        ({"glibc": (2, 18)},
         [("PY034", "error", "needs glibc 2.18 (bin/python3.6), el7 has 2.17",
           "use an archive built for glibc 2.17 or older")]),
        ({"glibc": (1, 99)}, []),
        ({"needed": ("libc.so.6", "libgcc_s.so.1", "libz.so.1")}, []),
        ({"needed": ("libSM.so.6", "libnever.so.7")},
         [("PY035", "warning", "needs libSM.so.6 from the server (libSM)", "make sure that libSM is installed there"),
          ("PY035", "warning", "needs libnever.so.7 from the server (no package known)",
           "use an archive without that dependency")]),
    ],
    ids=range(10),
)  # fmt: skip
def test_a_build_that_does_not_fit(changed, found):
    """Its machine, its loader, its ABI, its glibc, and what start-up wants."""
    findings = python_build.misfits(build(**changed), EL7)
    assert [(one.code, one.severity, one.message, one.fix) for one in findings] == found
    assert {(one.subject, one.looked_in) for one in findings} <= {("p-3.6.8.tgz", ())}


@pytest.mark.parametrize(
    ("version", "message", "fix"),
    [
        ("3.6.8", "", ""),
        ("3.6.15", "", ""),
        ("3.6.7", "is CPython 3.6.7, older than the 3.6.8 that packages were chosen for",
         "use --python 3.6.7, or give a newer one"),
        ("3.9.1", "is CPython 3.9.1, the bundle is for 3.6", "use --python 3.9, or give CPython 3.6"),
    ],
)  # fmt: skip
def test_another_version(version, message, fix):
    """Another series or an older one; of another series its ABI is not spoken of."""
    expected = [("PY031", "error", f"p-{version}.tgz", message, (), fix)] if message else []
    assert python_source.version_misfits(carried(version), EL7) == expected
    assert python_build.misfits(build(version, "cpython-39-x"), EL7)[: len(expected)] == expected


@pytest.mark.parametrize(
    ("version", "target", "wanted"),
    [
        ("3.9.1", preset("3.9", "el7"), []),
        ("3.10.1", preset("3.10", "el7"), [("OpenSSL 1.1.1 for ssl and hashlib", "OpenSSL 1.0.2k")]),
        ("3.11.1", preset("3.11", "el7"),
         [("OpenSSL 1.1.1 for ssl and hashlib", "OpenSSL 1.0.2k"), ("a C11 compiler", "gcc 4.8.5")]),
        ("3.13.1", preset("3.13", "el7"),
         [("OpenSSL 1.1.1 for ssl and hashlib", "OpenSSL 1.0.2k"), ("a C11 compiler", "gcc 4.8.5"),
          ("SQLite 3.15.2 for sqlite3", "SQLite 3.7.17")]),
        ("3.13.1", preset("3.13", "el8"), []),
    ],
    ids=range(5),
)  # fmt: skip
def test_a_source_that_a_target_cannot_build(version, target, wanted):
    """What it wants, and what the ISO has."""
    series = version.rpartition(".")[0]
    fix = "use 3.9 or older, a ready-made build (--python-build), or --target el8"
    expected = [
        Finding("PY032", "error", f"p-{version}.tgz",
                f"CPython {series} needs {what}; the ISO of el7 has {has}", (), fix)
        for what, has in wanted
    ]  # fmt: skip
    found = python_source.misfits(carried(version, SOURCE), target._replace(python=version))
    assert found == expected
    beyond = python_source.out_of_reach(target)
    assert [one[:3] for one in beyond] == ([("PY032", "warning", f"CPython {series}")] if wanted else [])
    for one in beyond:
        assert one.message == (
            "no ISO of el7 has it, and it cannot be compiled with what such an ISO has (OpenSSL 1.0.2k)"
        )
        assert one.fix == (
            "unless the server has it: use 3.9 or older, carry a build (--python-build), or --target el8"
        )


def test_the_target_of_what_is_carried():
    """An older patch level lowers it, unless it was said; a newer one changes nothing."""
    lower = pythons.Pythons(carried("3.6.5", SOURCE), build("3.6.7"), ())
    target, found = pythons.fit(EL7, lower, False)
    assert (target.python, found) == ("3.6.5", [])
    with pytest.raises(RequestError) as caught:
        pythons.fit(EL7, lower, True)
    names = "p-3.6.7.tgz and p-3.6.5.tgz"
    assert caught.value.message == f"{names} cannot be used for {EL7.describe()}"
    assert [one.code for one in caught.value.findings] == ["PY031", "PY031"]
    newer = pythons.Pythons(carried("3.6.15", SOURCE), build("3.6.14"), ())
    assert pythons.fit(EL7, newer, False) == (EL7, [])
    assert pythons.fit(EL7, pythons.NONE, False) == (EL7, [])
    late = preset("3.11", "el7")
    assert pythons.fit(late, pythons.NONE, False) == (late, python_source.out_of_reach(late))
    other = pythons.Pythons(carried("3.5.1", SOURCE), None, ())
    with pytest.raises(RequestError):
        pythons.fit(EL7, other, False)
    assert [pythons.series(one) for one in (pythons.NONE, other, lower)] == [None, "3.5", "3.6"]


def test_what_is_carried_goes_in_the_order_of_its_use():
    """A build before a source, each with its file."""
    both = pythons.Pythons(carried("3.6.5", SOURCE), build(), (Path("b"), Path("s")))
    assert both.carried == (carried("3.6.8"), carried("3.6.5", SOURCE))
    assert both.members() == [
        Source(carried("3.6.8").member, Path("b")), Source(carried("3.6.5", SOURCE).member, Path("s")),
    ]  # fmt: skip


def test_two_files_that_are_none(tmp_path):
    """All that is wrong with both; one that is damaged decides the exit code."""
    source, made, cut = tmp_path / "s.tgz", tmp_path / "b.tgz", tmp_path / "c.tgz"
    for path in (source, made):
        path.write_bytes(b"x" * 2000)
    cut.write_bytes(b"\x1f\x8b\x08" + b"\0" * 50)
    with pytest.raises(RequestError) as caught:
        pythons.look(source, made)
    assert caught.value.message == "neither of the two Pythons can be used"
    assert [one.subject for one in caught.value.findings] == ["b.tgz", "s.tgz"]
    with pytest.raises(IntegrityError, match="neither of the two Pythons can be used"):
        pythons.look(cut, made)
    with pytest.raises(RequestError, match=r"^s\.tgz cannot be used$"):
        pythons.look(source, None)
    with pytest.raises(UsageError, match=r"--python-build: .* does not exist"):
        pythons.look(source, tmp_path / "nowhere")
    assert pythons.look(None, None) == pythons.NONE


def wheel_of(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, contents in members.items():
            archive.writestr(name, contents)
    return path


def test_what_a_forecast_says_of_wheels(tmp_path):
    """One finding for each wheel that wants too much, and one for each file that is none."""
    needs = {"libc.so.6": ["GLIBC_2.17", "GLIBC_2.18", "GLIBC_2.28"]}
    elf = elf_maker.build(needed=["libc.so.6"], needs=needs)
    paths = [wheel_of(tmp_path / f"{name}-1-py3-none-any.whl", {f"{name}.so": elf}) for name in ("b", "a")]
    fix = "its platform tag is wrong: use an older version of the package"
    assert forecast.survey(paths, EL7).findings == [
        Finding("LIB002", "error", "libc.so.6", f"{name}-1-py3-none-any.whl needs {version}, el7 has glibc 2.17", (), fix)
        for version in ("GLIBC_2.18", "GLIBC_2.28") for name in ("a", "b")
    ]  # fmt: skip
    broken = tmp_path / "c.whl"
    broken.write_bytes(b"x")
    with pytest.raises(IntegrityError) as caught:
        forecast.survey([*paths, broken], EL7)
    assert caught.value.message == "files named as wheels are not wheels"
    assert caught.value.findings == (
        Finding("BUN020", "error", "c.whl", "is not a wheel: File is not a zip file", (str(broken),)),
    )


NUMPY = (
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libm.so.6",
    "libpthread.so.0",
    "libgcc_s.so.1",
    "libstdc++.so.6",
)


@pytest.mark.parametrize(
    ("name", "wanted", "words"),
    [
        ("el9", NUMPY, ["libgcc_s.so.1 (libgcc)", "libstdc++.so.6 (libstdc++)"]),
        ("openeuler22.03", NUMPY, ["libgcc_s.so.1 (libgcc)", "libstdc++.so.6 (libstdc++)"]),
        (
            "openeuler22.03",
            ("libGL.so.1", "libgthread-2.0.so.0", "libbz2.so.1", "libodd.so.1"),
            ["libGL.so.1 (libglvnd)", "libbz2.so.1 (bzip2)", "libgthread-2.0.so.0 (glib2)", "libodd.so.1 (package unknown)"],
        ),
        ("kylin11", NUMPY, ["libgcc_s.so.1 (package unknown)", "libstdc++.so.6 (package unknown)"]),
    ],
)  # fmt: skip
def test_what_a_server_is_said_to_need(tmp_path, capsys, name, wanted, words):
    """The packages as its release calls them; what is of the C library is no package of its own."""
    path = wheel_of(tmp_path / "a-1-py3-none-any.whl", {"x.so": elf_maker.build(needed=list(wanted))})
    checklist = forecast.survey([path], preset("3.9", name)).checklist
    bundle_words._needs(SimpleNamespace(checklist=checklist))
    assert capsys.readouterr().out.strip() == ", ".join(["needs from the server: glibc", *words])
    said = by_reading.forecast([], checklist, name == "el9").said
    assert said.partition("; ")[0] == f"needs {len(words)} libraries of the server beside the C library"


def test_who_needs_a_library_is_told_of_twenty(tmp_path):
    """Enough to recognise a package; in order."""
    elf = elf_maker.build(needed=["libfar.so.1"])
    path = wheel_of(tmp_path / "a.whl", {f"m{number:02}.so": elf for number in range(25, 0, -1)})
    (library,) = forecast.survey([path], EL7).checklist.libraries
    assert library.needed_by == tuple(f"a.whl: m{number:02}.so" for number in range(1, 21))
    assert (library.rpm, library.versions, library.in_bundle) == ("", (), False)


@pytest.mark.parametrize(("name", "read"), [
    ("a.so", True), ("a.so.1.1.1k", True), ("a/libz-0f.so.1", True), ("a.som", False), ("a.so.1/b.txt", False),
    ("x-1.data/scripts/tool", True), ("x/tool", False),
])  # fmt: skip
def test_files_that_a_loader_may_load(tmp_path, name, read):
    """By their names; scripts whatever they are called."""
    path = wheel_of(tmp_path / "a.whl", {name: elf_maker.build(needed=["libfar.so.1"])})
    assert bool(forecast.survey([path], EL7).checklist.libraries) is read


def test_where_a_bundle_may_go(tmp_path, monkeypatch):
    """Each refusal with its reason and its way out."""
    (tmp_path / "link").symlink_to("real")
    assert pack.destination(tmp_path / "link") == tmp_path / "real"
    (tmp_path / "real").write_bytes(b"old")
    assert pack.destination(tmp_path / "link") == tmp_path / "real"
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (tmp_path / "shut", os.W_OK))
    (tmp_path / "shut").mkdir()
    for out, error, message, fix in [
        (Path("-"), UsageError, "a bundle cannot be written to stdout", "give a file with -o"),
        (tmp_path, UsageError, f"{tmp_path} is not a regular file", "give a file with -o"),
        (tmp_path / "no" / "x", EnvironmentProblem,
         f"{tmp_path}/no/x cannot be written: the directory {tmp_path}/no does not exist", "create it"),
        (tmp_path / "shut" / "x", EnvironmentProblem,
         f"{tmp_path}/shut/x cannot be written: {tmp_path}/shut is not writable", "choose another place with -o"),
    ]:  # fmt: skip
        with pytest.raises(error) as caught:
            pack.destination(out)
        assert (caught.value.message, caught.value.fix) == (message, fix)


def test_what_packing_tells(tmp_path, monkeypatch):
    """A bar of all bytes of the members, and of what was made; a disk that refuses says how much it takes."""
    told = []

    class Telling(Reporter):
        def bar(self, label, total, unit=""):
            told.append((label, total, unit))

            class Counter(Bar):
                def advance(self, amount=1):
                    told.append(amount)

            return Counter()

    path = tmp_path / "big.whl"
    path.write_bytes(b"y" * ((1 << 20) + 3))
    sources = [Source("wheels/big.whl", path), Source("install.sh", b"i")]
    made = pack.pack(tmp_path / "x.tar", sources, EL7, {"a": 1}, 77, Telling())
    whole = (tmp_path / "x.tar").read_bytes()
    assert (made.path, made.size, made.sha256) == (
        tmp_path / "x.tar",
        len(whole),
        hashlib.sha256(whole).hexdigest(),
    )
    assert (made.manifest.options, made.manifest.installed_size, made.manifest.target) == ({"a": 1}, 77, EL7)
    label, total, unit = told[0]
    assert (label, unit, sum(told[1:])) == ("packing", "B", total)
    big = told.index(1 << 20)
    assert told[big : big + 2] == [1 << 20, 3]
    assert total == len(whole)
    assert (tmp_path / "x.tar").stat().st_mode & 0o777 == 0o644

    def full(before, after):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(EnvironmentProblem) as caught:
        pack.pack(tmp_path / "y.tar", sources, EL7, {"a": 1}, 77, Reporter())
    assert caught.value.message == f"{tmp_path}/y.tar cannot be written: No space left on device"
    assert caught.value.fix == f"the bundle takes {total} bytes; choose another place with -o"
    assert sorted(os.listdir(tmp_path)) == ["big.whl", "x.tar"]
    with pytest.raises(OffkitError, match=r"^'wheels/a b' cannot be the name of a bundle member$"):
        pack.pack(
            tmp_path / "y.tar", [Source("install.sh", b""), Source("wheels/a b", b"")], EL7, {}, 0, Reporter()
        )


def test_what_of_a_wheel_is_in_the_runtime(tmp_path):
    """Its modules and its licences."""
    names = ["a.py", "b/c.py", "b/d.so", "x-1.dist-info/LICENSE", "x-1.dist-info/licenses/Licence.txt",
             "x-1.dist-info/METADATA", "x-1.dist-info/RECORD", "x-1.data/scripts/t", "b/", "y.data/LICENSE"]  # fmt: skip
    path = wheel_of(tmp_path / "x.whl", {name: name.encode() if name[-1] != "/" else b"" for name in names})
    assert dict(runtime._modules(path)) == {name: name.encode() for name in names[:5]}


def test_what_install_sh_knows_of_its_target():
    """The rows of the tables for that release and that Python, and of what the bundle carries."""
    assert bootstrap._tarball([carried("3.6.8", SOURCE)], BUILD) == ""
    both = [carried("3.6.8", SOURCE), carried("3.6.9"), carried("3.6.10")]
    assert bootstrap._tarball(both, BUILD) == f"{BUILD}/p-3.6.9.tgz 3.6.9 {'ab' * 32} 3"
    assert (
        bootstrap._tarball([carried("3.6.8", SOURCE, 2048)], SOURCE)
        == f"{SOURCE}/p-3.6.8.tgz 3.6.8 {'ab' * 32} 2"
    )
    values = bootstrap._values(bootstrap.For(EL8, [], []))
    assert (values["PACKAGES"], values["PAYLOAD"]) == ("python38", "python38 python38-libs")
    assert values["MEDIA"].startswith("the DVD of an Enterprise Linux 8.2 or later")
    assert values["KEYS"].split() == [
        "RPM-GPG-KEY-ANOLIS:anolis",
        "RPM-GPG-KEY-AlmaLinux:almalinux",
        "RPM-GPG-KEY-OpenCloudOS:opencloudos",
        "RPM-GPG-KEY-TencentOS-3:tencentos",
        "RPM-GPG-KEY-centosofficial:centos",
        "RPM-GPG-KEY-oracle:ol",
        "RPM-GPG-KEY-redhat-release:rhel",
        "RPM-GPG-KEY-rockyofficial:rocky",
    ]
    assert (values["REPO"], values["REPO_KEY"]) == ("repo-config/offkit-el8.repo", "")
    values = bootstrap._values(bootstrap.For(EL7, [], []))
    assert (values["REPO"], values["REPO_KEY"]) == ("repo-config/offkit-el7.repo", "RPM-GPG-KEY-CentOS-7")
    assert bootstrap._common(b"", ["3.6"])["FOLDERS"].split()[:3] == [
        "AppStream",
        "BaseOS",
        "BaseOS/{arch}/os",
    ]
    values = bootstrap._values(bootstrap.For(EL8._replace(python="3.7.17"), [], []))
    assert (values["PACKAGES"], values["PAYLOAD"], values["MEDIA"]) == ("", "", "")


def test_a_target_that_is_not_known():
    """Nothing of another release is told in its place."""
    values = bootstrap._values(
        bootstrap.For(EL7._replace(name="custom", el=0), [], ["python3-3.6.8-1.el7.x86_64"])
    )
    names = ("PACKAGES", "PAYLOAD", "MEDIA", "KEYS", "REPO", "REPO_KEY", "DEVEL", "RPMS")
    assert {values[name] for name in names} == {""}
    assert "ssl:" in values["ESSENTIAL"].split()
    names = {}
    for target in (EL7, EL7._replace(name="custom", el=0)):
        order = bundle.Order(Request(("x",), (), ()), target, Path("b.tar"), Path("cache"))
        made = bundle._members(order, "", (), Checklist(()), rpms.NONE)
        names[target.name] = {one.path for one in made}
    assert names["el7"] - names["custom"] == {"repo-config/offkit-el7.repo"}


@pytest.mark.parametrize(("rpms", "flag"), [
    ([], ""), (["python3-3.6.8-1.el7.x86_64"], "1"), (["python3-libs-3.6.8-1.el7.x86_64"], ""),
])  # fmt: skip
def test_whether_a_bundle_has_the_pythons_package(rpms, flag):
    """Told by the name of the package alone."""
    values = bootstrap._values(bootstrap.For(EL7, [carried("3.6.9")], rpms))
    assert (values["PACKAGES"], values["RPMS"]) == ("python3", flag)
    assert (values["PYTHON"], values["EL"], values["ARCH"]) == ("3.6", "7", "x86_64")
    assert bootstrap._common(b"pyz", ["3.6"])["PYZ_SHA256"] == hashlib.sha256(b"pyz").hexdigest()
    assert values["BUILD"].startswith(f"{BUILD}/p-3.6.9.tgz ")
    assert values["SOURCE"] == ""
    assert values["KEYS"].split() == ["{}:{}".format(*each) for each in told_keys(releases.of(7).keys)]
    assert sorted(values["DEVEL"].split()) == values["DEVEL"].split()
    modules = {pair.partition(":")[0] for pair in values["ESSENTIAL"].split()}
    assert modules
    assert modules < set(values["MODULES"].split())


def test_the_variables_of_a_script():
    """Those that it sets, uses or reads, in order; folded into lines of a hundred."""
    text = b"one=1; x=${two#a} ${#four} read -r five six\nfor seven in\nNO=1 OFFKIT_X=2 $_ $HOME a@b=2 read -r _ y"
    assert bootstrap.variables(text) == [
        b"OFFKIT_X",
        b"five",
        b"four",
        b"one",
        b"seven",
        b"six",
        b"two",
        b"x",
        b"y",
    ]
    folded = bootstrap._folded([b"n%03d" % number for number in range(45)])
    lines = folded.split(b" \\\n    ")
    assert [len(line) for line in lines] == [99, 99, 24]
    assert b" ".join(lines).split() == [b"n%03d" % number for number in range(45)]
