"""Why a source was not compiled, from what pip and gcc have said."""

import pytest

from offkit.edges import releases
from offkit.edges.run import Result
from offkit.model.sources import Source
from offkit.server.install import diagnosis

ONE = Source("psycopg2", "2.9", "m", "l")
# pip 25, around setuptools
FRAMED = """  error: subprocess-exited-with-error

  × Building wheel for psycopg2 (pyproject.toml) did not run successfully.
  │ exit code: 1
  ╰─> [12 lines of output]
      running build_ext
      gcc -c psycopg/a.c -o a.o
      psycopg/a.c:1:10: fatal error: {}: No such file or directory
          1 | #include <{}>
      compilation terminated.
      error: command '/usr/bin/gcc' failed with exit code 1
      [end of output]

  note: This error originates from a subprocess, and is likely not a problem with pip.
  ERROR: Failed building wheel for psycopg2
ERROR: Failed to build one or more wheels
"""


def failed(said, el=8):
    return diagnosis.failed(ONE, Result(["pip"], 1, "Processing a\n", said), releases.of(el), "python3-devel")


@pytest.mark.parametrize(
    ("header", "el", "fix"),
    [
        ("libpq-fe.h", 8, "as root: yum install libpq-devel; then run this again"),
        ("libpq-fe.h", 7, "as root: yum install postgresql-devel; then run this again"),
        ("Python.h", 8, "as root: yum install python3-devel; then run this again"),
        ("odd.h", 8, ""),
        ("libpq-fe.h", 0, ""),
    ],
)
def test_a_header(header, el, fix):
    """Its name always, its package where the release's file knows it; the compiler's words without pip's."""
    error = failed(FRAMED.format(header, header), el)
    assert (error.exit_code, error.findings[0].message) == (4, "needs the header " + header)
    assert error.findings[0].fix == fix
    assert [each.message for each in error.findings[1:]] == [
        "running build_ext",
        "gcc -c psycopg/a.c -o a.o",
        "psycopg/a.c:1:10: fatal error: {}: No such file or directory".format(header),
        "1 | #include <{}>".format(header),
        "compilation terminated.",
        "error: command '/usr/bin/gcc' failed with exit code 1",
    ]


@pytest.mark.parametrize(
    ("said", "message", "fix"),
    [
        (
            "gcc: fatal error: cannot execute 'cc1plus': execvp: No such file",
            "needs a C++ compiler",
            "gcc-c++",
        ),
        (
            "gcc: fatal error: cannot execute ‘cc1plus’: posix_spawnp: No such file or directory",
            "needs a C++ compiler",
            "gcc-c++",
        ),
        (
            "cc1plus: warning: command line option ‘-Wstrict-prototypes’\nerror: x",
            "does not compile here",
            "",
        ),
        ("error: command '/usr/bin/gcc' failed with exit code 1", "does not compile here", ""),
        ("Error: pg_config executable not found.", "needs pg_config, of postgresql-devel", ""),
        ("error: command 'g++' failed: No such file or directory", "needs a C++ compiler", "gcc-c++"),
        ("/usr/bin/ld: cannot find -lpq\nerror: x", "needs the library pq to link with", ""),
        ("OSError: mysql_config not found", "needs the program mysql_config, of a -devel package", ""),
        ("nothing of note", "does not compile here", ""),
    ],
)
def test_other_causes(said, message, fix):
    error = failed(said)
    assert error.findings[0].message == message
    assert fix in error.findings[0].fix
    assert error.findings[-1].message == said.splitlines()[-1]
    assert {each.code for each in error.findings} == {"ENV035"}


def test_a_full_disk():
    """Is what any installation says of it."""
    (finding,) = failed("a.c: error: No space left on device").findings
    assert finding.code == "ENV024"
