"""What the fuzz tests of the online side share: how much is tried, texts that are odd, and a judge."""

import contextlib
import io
import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offkit.model.errors import OffkitError
from offkit.model.report import Reporter
from target_maker import preset

EL7 = preset("3.6")
MORE = int(os.environ.get("OFFKIT_FUZZ", "0"))


def tried(times):
    """Settings for that many examples."""
    return settings(
        max_examples=MORE or times,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


some = tried(40)
# What Hypothesis imports when it runs first is rewritten by pytest, and CPython 3.11's ast.parse fails now
# and then ("recursion depth mismatch") where another thread is at work, as the index will be.
settings(max_examples=60)(given(st.text())(lambda text: None))()
odd = st.text(st.characters(codec="utf-8"), max_size=12)


def pieces(*words):
    """Texts of these words and a few odd ones, as they may be typed, or damaged."""
    return st.lists(st.one_of(st.sampled_from(words), st.sampled_from(words), odd), max_size=7).map("".join)


def lock(args, *requirements, files=()):
    """Lock, or be refused; the pip at hand is not to blame."""
    from offkit.online.request.locked import Request  # no such thing on CPython 3.6
    from offkit.online.resolve.lock import Session
    from offkit.online.wheels.kept import Kept

    refused = OffkitError("")
    try:
        with tempfile.TemporaryDirectory() as cache:
            with Session(EL7, args, Reporter(), Kept(Path(cache))) as session:
                session.lock(Request(requirements, tuple(files), ()))
    except OffkitError as error:
        refused = error
    assert not refused.message.startswith("this offkit does not support")


def command(monkeypatch, *words):
    """What 'offkit lock' ends with and prints; an internal error is raised as it is."""
    from offkit.cli import app

    def internal(args):
        raise  # what is being handled

    monkeypatch.setattr(app, "_internal", internal)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = app._guarded(["lock", "--python", "3.6", *map(str, words)])
    said = out.getvalue() + err.getvalue()
    assert code in (0, 1, 2, 3, 4), (code, said)
    assert "this offkit does not support" not in said
    assert "Traceback" not in said
    return code, said


@contextlib.contextmanager
def variable(name, value):
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
