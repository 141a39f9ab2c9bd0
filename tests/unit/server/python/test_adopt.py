"""An interpreter unpacked from RPMs finds its own library from wherever it lies."""

import os
import shutil
import sys
import sysconfig

import pytest

from offkit.edges.run import Result, run
from offkit.elf import reader
from offkit.model.errors import EnvironmentProblem
from offkit.server.python import adopt

REAL = os.path.realpath(sys.executable)
NAME = "python{}.{}".format(*sys.version_info[:2])


def own_library():
    """The libpython that this Python needs, "" when it is linked into the program."""
    with open(REAL, "rb") as source:
        needed = [name for name in reader.read(source).needed if name.startswith("libpython")]
    places = [os.path.join(sys.base_prefix, lib, name) for lib in ("lib", "lib64") for name in needed]
    return next((path for path in places if os.path.isfile(path)), "")


@pytest.fixture
def unpacked(tmp_path):
    """As rpm2cpio and cpio leave the packages: the program in libexec, as on el8, with links to it."""
    for folder in ("usr/bin", "usr/libexec", "usr/lib64"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(REAL, str(tmp_path / "usr/libexec" / ("platform-" + NAME)))
    os.symlink("/usr/libexec/platform-" + NAME, str(tmp_path / "usr/bin" / NAME))
    os.symlink(NAME, str(tmp_path / "usr/bin/python3"))
    (tmp_path / "usr/bin" / (NAME + "-config")).write_text("#!/bin/sh\n")
    library = own_library()
    if library:
        shutil.copy(library, str(tmp_path / "usr/lib64"))
    # A Python that was moved since it was compiled finds its own library from the program alone.
    stdlib = sysconfig.get_path("stdlib")
    place = tmp_path / "usr" / os.path.basename(os.path.dirname(stdlib)) / NAME
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(stdlib)
    return tmp_path


def mapped(python, library):
    """The path under which a running ``python`` has mapped a library of that name."""
    code = "print([line.rstrip().split(None, 5)[-1] for line in open('/proc/self/maps') if {!r} in line][0])"
    return run([str(python), "-S", "-c", code.format(library)]).stdout.strip()


def test_it_starts_with_the_library_that_lies_there(unpacked):
    """Links stay within the directory, the program gets an RPATH relative to itself."""
    adopt.adopt(str(unpacked), run)
    assert os.readlink(str(unpacked / "usr/bin" / NAME)) == "../libexec/platform-" + NAME
    library = own_library()
    if library:
        name = os.path.basename(library)
        assert os.path.realpath(mapped(unpacked / "usr/bin/python3", name)) == str(
            unpacked / "usr/lib64" / name
        )
    elf = reader.read((unpacked / "usr/libexec" / ("platform-" + NAME)).read_bytes())
    assert elf.rpath == ("$ORIGIN/../lib64" if library else None)


def test_again_changes_nothing(unpacked):
    """Not even the files' identity."""
    adopt.adopt(str(unpacked), run)
    path = str(unpacked / "usr/libexec" / ("platform-" + NAME))
    before = os.stat(path)
    adopt.adopt(str(unpacked), run)
    assert os.path.samestat(before, os.stat(path))


def test_one_that_does_not_start_is_told(unpacked):
    """With its own words."""

    def fails(argv):
        return Result(argv, 127, "", "error while loading shared libraries: libfoo.so.1\n")

    with pytest.raises(EnvironmentProblem) as caught:
        adopt.adopt(str(unpacked), fails)
    (finding,) = caught.value.findings
    assert finding.code == "PY024"
    assert "libfoo.so.1" in finding.message


def test_without_a_python_it_says_so(tmp_path):
    with pytest.raises(EnvironmentProblem) as caught:
        adopt.adopt(str(tmp_path), run)
    assert caught.value.findings[0].message.endswith("has no usr/bin/pythonX.Y")
