"""What is told of a build that failed is what it meant, and not the line that it ended with."""

import sys

import pytest

import project_maker
from offkit.model.errors import RequestError
from offkit.model.report import Reporter
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from offkit.online.sources import refusal
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
