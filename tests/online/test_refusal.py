"""What is told of a build that failed is what it meant, and not the line that it ended with."""

import sys

import pytest

import project_maker
from offkit.model.errors import RequestError
from offkit.model.report import Reporter
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from offkit.online.sources import interpreters, refusal
from target_maker import preset

BANNER = """The 'alpha' package is deprecated, use 'beta'
rather than 'alpha' for pip commands.
- as a last resort, set ALPHA=True to avoid this error
More information is available at
https://example.org/alpha"""


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (f"sys.exit({BANNER!r})", "The 'alpha' package is deprecated, use 'beta'"),
        (f"print('running egg_info')\nsys.exit({BANNER!r})", "The 'alpha' package is deprecated, use 'beta'"),
        (f"raise RuntimeError({BANNER!r})", "RuntimeError: The 'alpha' package is deprecated, use 'beta'"),
        ("raise RuntimeError('\\n\\n    Set ALPHA_HOME first.\\n')", "RuntimeError: Set ALPHA_HOME first."),
        ("class Gone(Exception): pass\nGone.__module__ = 'builtins'\nraise Gone('use beta\\nsee https://example.org')", "use beta"),
        ("sys.exit('alpha needs a display')", "alpha needs a display"),
        ("print('looking for it')\nprint('found nothing')\nsys.exit('no alphalib')", "no alphalib"),
        ("sys.exit('\\n    Install beta.\\n    See https://example.org/install\\n')", "Install beta."),
        (
            "sys.exit('=' * 60 + '\\nalpha is for Windows alone\\nAsk us for more\\n' + '=' * 60)",
            "alpha is for Windows alone",
        ),
    ],
)  # fmt: skip
def test_what_a_build_meant(mirror, tmp_path, first, told):
    """By real sdists, whose builds end in the ways that setup.py files do."""
    tree = project_maker.tree(tmp_path / "alpha", name="alpha", first=first)
    with (
        Session(preset("{}.{}".format(*sys.version_info[:2])), mirror().args, Reporter()) as session,
        pytest.raises(RequestError) as caught,
    ):
        session.lock(Request((str(tree),), ()))
    (finding,) = caught.value.findings
    assert finding.code == "REQ025"
    assert finding.message.partition("its build failed: ")[2].removeprefix("Gone: ") == told
    assert "https://" not in finding.message


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], ""),
        (["running build", "creating build/lib"], "creating build/lib"),
        (["****", "----"], ""),
        (["one", "https://example.org"], "one"),
        (["alpha.py:1: FutureWarning: old", "Please use beta", "see https://example.org"], "Please use beta"),
    ],
)
def test_what_output_ends_with(lines, told):
    """Whatever it is."""
    assert refusal._last(lines) == told


REJECTED = """_configtest.c:1:5: error: unknown type name 'test'
gcc -c src/alpha.c
src/alpha.c: In function 'start':
src/alpha.c:689:18: error: invalid use of incomplete typedef 'PyInterpreterState'
src/alpha.c:690:24: error: too few arguments
error: command '/usr/bin/gcc' failed with exit code 1"""


@pytest.mark.parametrize(
    ("said", "told", "needs"),
    [
        (REJECTED, "src/alpha.c:689:18: error: invalid use of incomplete typedef 'PyInterpreterState'", ""),
        ("a b.c:1: fatal error: too many errors", "a b.c:1: fatal error: too many errors", ""),
        (
            "a.c:1:10: fatal error: zlib.h: No such file or directory\nerror: command 'gcc' failed",
            "it needs the header zlib.h, of a -devel package",
            "the header zlib.h, of a -devel package",
        ),
        (
            "error: command 'gcc' failed: No such file or directory",
            "it needs a C compiler and the headers of Python (gcc, python3-devel)",
            "a C compiler and the headers of Python (gcc, python3-devel)",
        ),
    ],
)
def test_what_a_compiler_said(said, told, needs):
    """Its first word against a source, which a compiler elsewhere would say too; what is missing, else."""
    error = refusal.failed("its build", said.splitlines())
    assert (error.why, error.needs) == (f"its build failed: {told}", needs)


def test_sources_that_no_compiler_takes(mirror, monkeypatch):
    """Nothing is offered that has the same compiled by the same Python, but a Python that there are wheels for;
    where another one had it compiled, the server's may do better."""
    monkeypatch.setattr(interpreters, "of", lambda target: None)
    server = mirror()
    info = "Metadata-Version: 2.2\nName: alpha\nVersion: 1.0\n"
    server.put(*project_maker.sdist("alpha", first=f"sys.exit({REJECTED!r})", info=info))
    series = "{}.{}".format(*sys.version_info[:2])

    def refused(python):
        with (
            Session(preset(python), server.args, Reporter()) as session,
            pytest.raises(RequestError) as caught,
        ):
            session.lock(Request(("alpha",), (), build=("alpha",)))
        (finding,) = caught.value.findings
        assert finding.message.endswith("its build failed: " + REJECTED.splitlines()[3])
        return finding.fix

    assert refused(series) == "-v shows all that the build said"
    assert refused("3.7").startswith("offkit bundle --carry-source alpha")
    server.add("alpha", "1.0", tag="cp38-cp38-manylinux_2_17_x86_64")
    assert refused(series).startswith("deploy another Python: the whole request resolves with --python 3.8")
