"""Resolving for real: the index must be reachable. A cache shared by the run keeps it quick."""

import pytest

from offkit.model.report import Reporter
from offkit.model.target import preset
from offkit.online.lock import Request, Session


@pytest.fixture(scope="session")
def wheel_cache(tmp_path_factory):
    """Wheels downloaded once a run."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def lock():
    """Resolve requirements (and files) for a target: lock("3.6", "click==8.0.4")."""

    def resolve(python, *requirements, files=(), name=None, args=()):
        with Session(preset(python, name), list(args), Reporter()) as session:
            return session.lock(Request(requirements, tuple(files), ()))

    return resolve


@pytest.fixture(scope="session")
def pins(lock):
    """The same as {name: version}."""

    def resolve(python, *requirements, **more):
        return {wheel.name: wheel.version for wheel in lock(python, *requirements, **more).wheels}

    return resolve
