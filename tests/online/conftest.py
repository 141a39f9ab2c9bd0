"""Resolving for real: against the package index, with a cache shared by the run, or a small one here."""

import io
import sys
import threading

import pytest

from offkit.cli import app, render
from offkit.edges import releases
from offkit.model.report import Reporter
from offkit.model.target import preset
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from offkit.online.rpms import signatures


@pytest.fixture(autouse=True)
def keys_of_no_distribution(monkeypatch):
    """What this machine has in /etc/pki/rpm-gpg is no part of a test."""
    monkeypatch.setattr(signatures, "_PLACES", ())


@pytest.fixture(scope="session")
def wheel_cache(tmp_path_factory):
    """Wheels downloaded once a run."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def lock():
    """Resolve requirements (and files) for a target: lock("3.6", "click==8.0.4")."""

    def resolve(python, *requirements, files=(), name=None, args=()):
        with Session(preset(releases.known(), python, name), list(args), Reporter()) as session:
            return session.lock(Request(requirements, tuple(files), ()))

    return resolve


@pytest.fixture(scope="session")
def pins(lock):
    """The same as {name: version}."""

    def resolve(python, *requirements, **more):
        return {wheel.name: wheel.version for wheel in lock(python, *requirements, **more).wheels}

    return resolve


@pytest.fixture
def typed(monkeypatch, tmp_path):
    """Run a command as it is typed, with a cache of its own: (exit code, stdout, stderr)."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(render, "width", lambda: 0)

    def run(*words):
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        where = ["--cache-dir", tmp_path / "cache"] if words[0] in ("lock", "bundle") else []
        with pytest.raises(SystemExit) as left:
            app.main([*map(str, words), *map(str, where)])
        said = [stream.buffer.getvalue().decode() for stream in (sys.stdout, sys.stderr)]
        return (left.value.code or 0, *said)

    yield run
    render.console()


@pytest.fixture
def mirror(monkeypatch):
    """Make indexes; nothing of this machine's own pip configuration gets in between."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "0")
    for name in ("PIP_CONSTRAINT", "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    from index_maker import Mirror  # needs tests/makers on the path, which pytest_configure puts there

    started = []

    def start(*names, **options):
        server = Mirror(**options)
        for name in names:
            server.add(name)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()
