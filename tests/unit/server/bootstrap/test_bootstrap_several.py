"""install.sh of a bundle for several targets: which one it takes before there is a Python, and what it says."""

import glob
import os
import shlex

import pytest

import install_sh
from install_sh import every_shell, program, sh
from offkit.model.target import Target
from offkit.online.carry import bootstrap
from offkit.online.carry.bootstrap import For

# Releases that are not this machine's, with Pythons that no machine has.
OLD = Target("el7", 7, "x86_64", "3.96.1", (2, 17))
NEW = Target("el9", 9, "x86_64", "3.99.1", (2, 34))
NEWER = NEW._replace(python="3.100.1")

_FOUND = sorted(path for place in install_sh._PLACES for path in glob.glob(place + "/python3.9"))
without_python39 = pytest.mark.skipif(bool(_FOUND), reason="{} would be found".format(" ".join(_FOUND)))


@pytest.fixture
def server(tmp_path):
    """Few tools, an architecture and a C library of its own."""
    made = install_sh.make_server(tmp_path)

    def have(*targets, arch="x86_64", glibc="2.34", release="debian 12"):
        text, data = install_sh.make_several([For(one) for one in targets])
        (made / "os-release").write_text("ID={}\nVERSION_ID={}\n".format(*release.split()))
        text = text[: text.rindex(b"# sha256 ")].replace(
            b"/etc/os-release", os.fsencode(shlex.quote(str(made / "os-release")))
        )
        text = bootstrap._vouched(text)
        (made / "medium" / "install.sh").write_bytes(text)
        (made / "medium" / "bundle.tar").write_bytes(data)
        (made / "bin" / "uname").unlink()
        program(made / "bin" / "uname", "echo {}\n".format(arch))
        program(made / "bin" / "getconf", "echo glibc {}\n".format(glibc))
        return made

    return have


def python(server, series, name=None):
    """A program that is such a Python, and says so when it is handed over to."""
    text = "case $* in *.pyz*) echo {0} ;; *print*) echo {0} ;; esac\n".format(series)
    return program(server / "bin" / (name or "python" + series), text)


@every_shell
@pytest.mark.parametrize(
    ("here", "taken"), [(["3.96"], "3.96"), (["3.99"], "3.99"), (["3.96", "3.99"], "3.99"), (["3.99", "3.100"], "3.100")]
)  # fmt: skip
def test_the_python_that_is_here(server, shell, here, taken):
    """Of those that run here, the one with a Python, and of several the best; offkit says which it is."""
    place = server(OLD, NEW, NEWER)
    for series in here:
        python(place, series)
    install_sh.tools_of(place, shell)
    program(place / "bin" / "uname", "echo x86_64\n") if shell != "busybox" else None
    assert sh(place, shell=shell) == (0, taken + "\n", "")


def test_a_c_library_that_is_too_old(server):
    """For one of them: its Python does not help."""
    place = server(OLD, NEW, glibc="2.28")
    python(place, "3.99")
    python(place, "3.96", "python3")
    assert sh(place) == (0, "3.96\n", "")


@pytest.mark.parametrize(
    ("about", "code", "words"),
    [
        ({"arch": "sparc"}, "ENV021", "this machine is sparc"),
        ({"glibc": "2.12"}, "ENV022", "this machine has glibc 2.12"),
    ],
)
def test_nothing_fits(server, about, code, words):
    """Exit 4, with everything that is inside; no Python is looked for."""
    place = server(OLD, NEW, **about)
    python(place, "3.96")
    found, out, err = sh(place)
    assert (found, out) == (4, "")
    assert err.startswith(
        "error: {} {}, the bundle is for el7 (x86_64, CPython 3.96, glibc 2.17), "
        "el9 (x86_64, CPython 3.99, glibc 2.34)\nfix: bundle again on the other side".format(code, words)
    )
    assert os.listdir(str(place / "tmp")) == []


def test_no_python(server):
    """The best is taken, which is said, and every way to its Python."""
    place = server(OLD, NEW)
    other = python(place, "3.5", "python3")
    code, out, err = sh(place)
    assert (code, out) == (4, "")
    lines = err.splitlines()
    assert lines[0] == "of el7 (CPython 3.96), el9 (CPython 3.99) this server takes el9"
    assert lines[1] == "error: PY020 no Python 3.99 that can install this bundle"
    assert err.count("{}: is Python 3.5, not 3.99".format(other)) == 1
    assert "is Python 3.5, not 3.96" not in err
    assert sh(place, "-q")[2].startswith("error: PY020")


def test_a_python_that_was_named(server):
    """Decides."""
    place = server(OLD, NEW)
    python(place, "3.99")
    mine = python(place, "3.96", "mine")
    assert sh(place, "--python", mine) == (0, "3.96\n", "")


def test_help_names_the_pythons(server):
    assert "Install an offkit bundle with Python 3.96 or 3.99; if" in sh(server(OLD, NEW), "-h")[1]


@without_python39
def test_its_own_release_comes_first(server):
    """Where its Python can come, another's that is here is left alone; where not, that one is taken."""
    media = server(OLD._replace(python="3.96.1"), NEW._replace(python="3.9.1"), release="rocky 9.4") / "media"
    media.mkdir()
    python(media.parent, "3.96")
    assert sh(media.parent) == (0, "3.96\n", "")
    code, out, err = sh(media.parent, "--rpm-repo", media)
    assert (code, out) == (4, "")
    assert err.startswith("of el7 (CPython 3.96), el9 (CPython 3.9) this server takes el9\n")
    assert "error: REPO010 no yum repository on {}".format(media) in err
    python(media.parent, "3.9")
    assert sh(media.parent) == (0, "3.9\n", "")


def test_the_room_is_that_of_the_target(server):
    """Only its own manifest and wheels count."""
    text = (server(OLD, NEW) / "medium" / "install.sh").read_text("utf-8")
    assert 'member "$OFFKIT_TOP"MANIFEST.json' in text
    assert "@OFFKIT" not in text.replace("@OFFKIT_REST", "")


def test_of_one_target_it_is_what_it_was():
    """Nothing of this is in the script of a bundle for one."""
    text = install_sh.script().decode()
    for word in ("find_target", "OFFKIT_TOP", "OFFKIT_TARGET", "targets/"):
        assert word not in text
    assert "member MANIFEST.json" in text
    assert 'mv -- "$scratch/carried/in/rpms" "$own_rpms"' in text
