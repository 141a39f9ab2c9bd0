"""Headless Chromium, for pages that somebody is to look at."""

import os
import shutil
import subprocess

import pytest


def needs(program, *others):
    """Its path, or that of another that does; skip where none is installed (tests/lab/setup.sh does)."""
    path = next(filter(None, map(shutil.which, [program, *others])), None)
    if path is None:
        if os.environ.get("OFFKIT_REQUIRE_ALL"):
            pytest.fail("{} is not installed, and OFFKIT_REQUIRE_ALL is set".format(program))
        pytest.skip("{} is not installed: tests/lab/setup.sh".format(program))
    return path


def browse(tmp_path, page, *options, silent=True):
    """What the browser prints. Nothing may be said on its console while it is to be silent."""
    done = subprocess.run(
        [
            needs("chromium", "google-chrome"),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            "--user-data-dir={}".format(tmp_path / "profile"),
            "--window-size=1000,1000",
            "--hide-scrollbars",
            *options,
            page,
        ],
        capture_output=True,
        timeout=180,
        check=True,
    )
    said = done.stderr.decode("utf-8", "replace")
    assert not silent or "CONSOLE" not in said, said
    return done.stdout.decode("utf-8")
