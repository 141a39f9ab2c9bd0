"""Bundles made online, once for the session."""

import pytest

import bundles


@pytest.fixture(scope="session")
def carried(tmp_path_factory):
    """bundles.Bundles: what is carried over the gap."""
    return bundles.Bundles(str(tmp_path_factory.mktemp("bundles")))
