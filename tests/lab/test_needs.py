"""Where there can be no lab, it says so, and that is a failure only where everything is required."""

import os
import subprocess
import sys

import pytest

import needs

PREPARE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "prepare.py")


@pytest.mark.parametrize(("required", "code"), [("", 0), ("1", 1)])
def test_the_reason_is_printed(required, code):
    """OFFKIT_LAB=0 skips it; OFFKIT_REQUIRE_ALL=1 does not let it be skipped."""
    variables = dict(os.environ, OFFKIT_LAB="0", OFFKIT_REQUIRE_ALL=required)
    done = subprocess.run(
        [sys.executable, PREPARE], env=variables, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (code, "skipped: the lab (OFFKIT_LAB=0)\n"), done.stderr


@pytest.mark.parametrize(
    ("lacking", "said"), [("root", "the lab needs root"), ("apt-get", "no Debian or Ubuntu")]
)
def test_what_cannot_be_installed_is_hopeless(monkeypatch, lacking, said):
    """Nobody is asked to run setup.sh where that cannot help."""
    monkeypatch.delenv("OFFKIT_LAB", raising=False)
    monkeypatch.setattr(needs.os, "geteuid", lambda: 1000 if lacking == "root" else 0)
    monkeypatch.setattr(needs.shutil, "which", lambda tool: None if tool == lacking else "/usr/bin/" + tool)
    assert said in needs.hopeless()
    assert needs.reason() == needs.hopeless()


def test_a_missing_tool_is_named(monkeypatch):
    """With what installs it."""
    monkeypatch.delenv("OFFKIT_LAB", raising=False)
    monkeypatch.setattr(needs.os, "geteuid", lambda: 0)
    monkeypatch.setattr(needs.shutil, "which", lambda tool: None if tool == "rpmsign" else "/usr/bin/" + tool)
    assert needs.reason() == "no rpmsign (make lab, or tests/lab/setup.sh, installs what is missing)"
