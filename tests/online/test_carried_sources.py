"""Sources that are carried: resolved with the rest, packed with what builds them, told; or refused."""

import json
import tarfile

import pytest

import bundle_maker
import index_maker
import sdist_maker
from offkit.cli import app
from offkit.edges import releases
from offkit.model import sources
from offkit.model.target import preset
from offkit.server.bundle import bundle_file


@pytest.fixture
def index():
    """An index with one source, what builds it, and what runs offkit."""
    with index_maker.serving() as mirror:
        mirror.put(*sdist_maker.backend())
        yield mirror
