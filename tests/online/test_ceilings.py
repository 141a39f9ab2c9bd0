"""Symbol versions that a wheel wants and a release's own libraries end before, whatever their family."""

import pytest

import bundle_maker
import elf_maker
from offkit.edges import releases
from offkit.elf import reader
from offkit.online.proof import forecast
from target_maker import preset

TAG = "its platform tag is wrong: use an older version of the package"
EL7 = {"libstdc++-4.8.5-44.el7.x86_64": ("libstdc++.so.6()(64bit)", "libstdc++.so.6(GLIBCXX_3.4.19)(64bit)")}


def told(tmp_path, target, soname, *versions, installed=()):
    """(severity, subject, message without the wheel's name, fix) of each finding."""
    elf = elf_maker.build(needed=[soname], needs={soname: versions})
    filename, body = bundle_maker.wheel("liar", files={"liar/a.so": elf})
    (tmp_path / filename).write_bytes(body)
    found = forecast.survey([tmp_path / filename], target, installed=dict(installed)).findings
    assert {one.code for one in found} <= {"LIB002"}
    return [(one.severity, one.subject, one.message[len(filename) + 1 :], one.fix) for one in found]


@pytest.mark.parametrize(
    ("release", "soname", "fits", "beyond"),
    [
        ("el7", "libstdc++.so.6", "GLIBCXX_3.4.19", "GLIBCXX_3.4.20"),  # pyrealsense2, coremltools
        ("el7", "libstdc++.so.6", "CXXABI_1.3.7", "CXXABI_1.3.9"),
        ("el7", "libgcc_s.so.1", "GCC_4.8.0", "GCC_7.0.0"),
        ("el7", "libgomp.so.1", "GOMP_4.5", "GOMP_5.0"),
        ("el7", "libgomp.so.1", "OMP_4.5", "OMP_5.0"),
        ("el7", "libcrypto.so.10", "OPENSSL_1.0.1_EC", "OPENSSL_1.1.0"),
        ("el7", "libz.so.1", "ZLIB_1.2.5.2", "ZLIB_1.2.9"),
        ("el8", "libstdc++.so.6", "GLIBCXX_3.4.25", "GLIBCXX_3.4.26"),
        ("el8", "libssl.so.1.1", "OPENSSL_1_1_1d", "OPENSSL_1_1_2"),
        ("el8", "libgfortran.so.5", "GFORTRAN_8", "GFORTRAN_9"),
        ("el9", "libgfortran.so.5", "GFORTRAN_10", "GFORTRAN_12"),
        ("el9", "libgcc_s.so.1", "GCC_12.0.0", "GCC_13.0.0"),
        ("el10", "libstdc++.so.6", "GLIBCXX_3.4.33", "GLIBCXX_3.4.34"),
        ("openeuler22.03", "libstdc++.so.6", "GLIBCXX_3.4.28", "GLIBCXX_3.4.29"),
    ],
)
def test_what_a_release_ends_at(tmp_path, release, soname, fits, beyond):
    """D3: its own newest version fits, the next of the family is told before leaving."""
    family = beyond.partition("_")[0]
    ceiling = releases.known().named(release).ceilings[family]
    message = f"needs {beyond}, {release} ends at {family}_{ceiling}"
    assert told(tmp_path, preset("3.9", release), soname, fits, beyond) == [("error", soname, message, TAG)]


@pytest.mark.parametrize(
    ("release", "soname", "version"),
    [
        ("el7", "libstdc++.so.6", "CXXABI_TM_1"),  # no number: nothing follows from it
        ("el7", "libgomp.so.1", "GOMP_PLUGIN_9.0"),
        ("el7", "libssl.so.1.1", "OPENSSL_1_1_1"),  # the library itself is missing
        ("el7", "libown.so.1", "OWN_1.0"),  # nobody knows it
        ("el9", "libgomp.so.1", "GOMP_5.1"),  # what el9 ends at is not known
    ],
)
def test_what_is_another_matter(tmp_path, release, soname, version):
    assert told(tmp_path, preset("3.9", release), soname, version) == []


@pytest.mark.parametrize(
    ("version", "more", "fix"),
    [
        ("GLIBCXX_3.4.19", (), None),
        ("GLIBCXX_3.4.21", ("libstdc++.so.6(GLIBCXX_3.4.21)(64bit)",), None),
        ("GLIBCXX_3.4.21", (), TAG),
        ("GLIBCXX_3.4.18", (), "update the package with libstdc++.so.6 on the server, or " + TAG),
    ],
)
def test_what_the_server_says_of_itself_counts_first(tmp_path, version, more, fix):
    """A newer library that somebody installed, and one that was never updated."""
    installed = {title: (*given, *more) for title, given in EL7.items()}
    message = f"needs {version}, which libstdc++.so.6 on the server does not have"
    wanted = [("error", "libstdc++.so.6", message, fix)] if fix else []
    assert told(tmp_path, preset("3.6", "el7"), "libstdc++.so.6", version, installed=installed) == wanted


@pytest.mark.parametrize("release", releases.known().all, ids=lambda release: release.name)
def test_the_table_agrees_with_itself(release):
    """Every ceiling is a version, and that of GLIBC is the release's glibc."""
    assert release.ceilings.get("GLIBC", "{}.{}".format(*release.glibc)) == "{}.{}".format(*release.glibc)
    assert all(reader.numbered(f"{family}_{newest}") for family, newest in release.ceilings.items())


@pytest.mark.parametrize(
    ("release", "level", "wanted", "told_of"),
    [
        ("el7", "", 2, ("warning", "el7 runs on x86-64 too")),
        ("el9", "", 2, None),
        ("el9", "", 3, ("warning", "el9 runs on x86-64-v2 too")),
        ("el9", "x86-64-v3", 3, None),
        ("el9", "x86-64-v2", 3, ("error", "the server's processor is x86-64-v2")),
        ("el7", "x86-64", 2, ("error", "the server's processor is x86-64")),
        ("kylin10", "", 4, None),  # what it runs on is not known
    ],
)
def test_processors(tmp_path, release, level, wanted, told_of):
    """By the note that a linker leaves in a file (-z x86-64-v3)."""
    files = {f"new/{n}.so": elf_maker.noted(0xC0008002, 1 << n - 1) for n in (1, wanted)}
    filename, body = bundle_maker.wheel("new", files=files)
    (tmp_path / filename).write_bytes(body)
    found = forecast.survey([tmp_path / filename], preset("3.9", release), level=level).findings
    fix = "use an older version of the package, which was built for older processors"
    message = told_of and f"new/{wanted}.so needs x86-64-v{wanted}, {told_of[1]}"
    assert [tuple(one) for one in found] == (
        [("ENV012", told_of[0], filename, message, (), fix)] if told_of else []
    )
